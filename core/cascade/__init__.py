"""One label after the other: train, accept what keeps a promise, let the rules run, stop for people to review, go on.

`order` says which labels need a model and in what order, `plan` keeps the stages (in jobs/<id>/cascade.json), `accept`
is what a stage fills, `run` goes through the stages, `control` ends a stop, `words` writes for people. Only `run`
imports torch. What it does is done to the workspace itself; `core.approaches` compares on a copy.
"""
