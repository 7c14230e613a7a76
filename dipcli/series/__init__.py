"""The wing of series: tables of numbers over time, as CSV files.

`tables.py` reads and writes the file, in its own dialect; `smoothing.py` finds how smooth each column is and how
noisy, and what it was, in gaps, too; `medium.py` takes the file along the pipeline. Rows are thought to follow
each other evenly.
"""
