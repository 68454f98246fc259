"""Sweeps: a training for every combination of some settings, and what each setting did to accuracy and F1.

`space` says what is tried and `spelling` how it is written, `plan` keeps what was tried (in jobs/<id>/sweep.json),
`search` proposes with Optuna, `run` trains in a worker process, `effects` reads results. Only `run` imports torch, and
`search` Optuna.
"""
