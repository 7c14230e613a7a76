"""What may be missing from a picture: True on (*space)."""

import math

import torch


def random_holes(space, share=0.5):
    # Of another seed than the values that are held out: those would else be missing, each of them.
    return torch.rand(space, generator=torch.Generator().manual_seed(1)) < share


def stroke(space):
    """A line of two pixels."""
    hidden = torch.zeros(space, dtype=torch.bool)
    hidden[8:10] = True
    return hidden


def hole(space, side=24):
    hidden = torch.zeros(space, dtype=torch.bool)
    hidden[3 : 3 + side, 3 : 3 + side] = True
    return hidden


def cut_out(picture, hidden):
    """The picture (channels, *space) with NaN where it is hidden."""
    return picture.masked_fill(hidden.expand(picture.shape), math.nan)
