"""One thin command for each file: options to a context, a preset and a medium; `expand.py` makes the flags."""
