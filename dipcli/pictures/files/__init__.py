"""Files of pictures, one module for each format; `images.py` is the door, `formats.py` the table of formats.

A `Picture` is frames in [0, 1] and all that its file says besides; it is written in the depth, layout and
metadata of the file that it came from.
"""
