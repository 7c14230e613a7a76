"""Synthetic noise of every kind, clipped to [0, 1] as a file would."""

import math

import torch
from torch.nn import functional


def gaussian(picture, level):
    return (picture + level * torch.randn(picture.shape)).clamp(0, 1)


def shot(picture, level):
    """1 / level² photons at white."""
    return (torch.poisson(picture / level**2) * level**2).clamp(0, 1)


def speckle(picture, level):
    return (picture * (1 + level * torch.randn(picture.shape))).clamp(0, 1)


def impulses(picture, share):
    """Salt and pepper, and where it fell."""
    struck = torch.rand(picture.shape) < share
    return torch.where(struck, (torch.rand(picture.shape) < 0.5).float(), picture), struck


def without(picture, share):
    """NaN on a random share of the values."""
    return picture.masked_fill(torch.rand(picture.shape) < share, math.nan)


LAWS = {"gaussian": gaussian, "shot": shot, "speckle": speckle}


def boards(side=192):
    """A clean gray picture of weathered boards, whose texture has a direction, (1, side, side)."""
    grain = torch.rand((1, 1, side, side + 56), generator=torch.Generator().manual_seed(4))
    for _ in range(2):
        grain = functional.avg_pool2d(grain, (1, 29), 1)
    return (0.5 + 2 * (grain[0] - 0.5)).clamp(0, 1)
