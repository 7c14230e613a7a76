"""The road of one item, the same in every field: check, load, state, fit, finish, score, write, record.

`process.py` is that road, and the only place that knows of a dry run. `medium.py` is what a field must supply
for it; `statement.py` what a task makes of one frame. `fit.py` and `tiling.py` fit a frame, at once or in tiles;
`record.py`, `checkpoints.py` and `progress_files.py` are what is left beside an output. Nothing here knows a
field.
"""
