"""Many items: planned, shared out, tried one by one, gone on with, handed to schedulers.

`run.py` is the one funnel of every command: `selection.py` finds the items (`plan.py` freezes them),
`attempt.py` tries one, `pool.py` and `worker.py` do so in several processes, `submit.py`, `scripts.py` and
`dask.py` on other machines; `dry_run.py` only says what would be done. No file here knows a field: a medium is
handed in.
"""
