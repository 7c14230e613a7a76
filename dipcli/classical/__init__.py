"""Methods without a network that are free of any field: noise, transforms, patch groups, least squares, filling.

Every one works on tensors (channels, *space) and takes operators as callables; what knows a field is in its
wing.
"""
