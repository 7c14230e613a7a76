"""From a problem to its solution: untrained networks are fitted, watched, stopped and averaged.

`restore.py` is the call; `solve.py` the loop of one run over `descent.py`, with a stopper (`stopping.py`), a
running average and a guard. A new stopper is a class with `score(step)` in `stopping.py` and its name in the
options. `forecast.py` says what a fit will cost, `checkpoint.py` how it is frozen. Nothing here knows a task.
"""
