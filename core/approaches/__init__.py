"""What to do about gaps, three ways, made comparable: drop rows, fill every gap with a guess, or derive and accept.

`layout` chooses what is held out and hidden, `filling` is what each way does to the table, `plan` keeps what is
compared (in jobs/<id>/compare.json), `stage` trains one label on one state of the table, `run` goes through all of
them, `score` measures with intervals, `words` writes those. Only `stage` and `run` import torch.
"""
