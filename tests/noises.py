"""Synthetic noise of every kind, clipped to [0, 1] as a file would."""

import math

import torch


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
