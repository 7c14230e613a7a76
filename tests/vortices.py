"""The vortices of a phase."""

import math

import torch
from torch import Tensor


def winding(image: Tensor) -> Tensor:
    """How often the phase winds round each 2x2 block of object (1, h, w): -1, 0 or 1, (h - 1, w - 1)."""
    angle = image[0].angle()
    corners = [angle[:-1, :-1], angle[1:, :-1], angle[1:, 1:], angle[:-1, 1:]]
    turns = torch.zeros_like(corners[0])
    for before, after in zip(corners, corners[1:] + corners[:1], strict=True):
        turns = turns + torch.remainder(after - before + math.pi, 2 * math.pi) - math.pi
    return (turns / (2 * math.pi)).round()
