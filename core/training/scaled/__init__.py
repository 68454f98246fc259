"""Networks scaled in different ways, trained on a person's own images: the paper's comparison and its grid search.

Both are sweeps over networks that are written out (`core.training.sweep.points`) instead of a grid's: `command` plans
and starts them, `core.training.sweep.run` trains, `results` reads what came out. Nothing here imports torch.
"""
