"""Untrained networks, one architecture for each file, for one, two and three dimensions.

`prior.py` is the door: it draws the seed and builds the network that the options name. A new network is a file
with `build_...(space, n_in, n_out, options)`, a line in `prior.py`, its name in the options and its stock in the
presets.
"""
