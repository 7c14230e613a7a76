"""Gaps like those of a frame, where its values are known: what fills these well fills the others well."""

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

SHARE = 0.1  # of what is known that is hidden, at most
APART = 2  # widths from the beginning of one gap to that of the next
NEAR = 4.0  # widths from what is missing within which gaps are preferred
DEEPEST = 0.99  # quantile of the depth of what is missing: half its width


def held_out_gaps(mask: Tensor, *, scattered: bool) -> Tensor:
    """True on the positions (*space) to hide of a mask (channels, *space): squares as wide as what is missing.

    They are near what is missing where there is room, and narrower where there is none, down to single positions,
    which they are from the start where what is missing is scattered.
    """
    known = mask.all(0) if bool(mask.all(0).any()) else mask.any(0)
    hidden = torch.zeros_like(known)
    width = 1 if scattered else _width(known)
    while width and not bool(hidden.any()):
        hidden = _squares(known, width)
        width //= 2
    return hidden


def _width(known: Tensor) -> int:
    """Of what is not known, in pixels."""
    missing = ~known.cpu().numpy()
    if missing.all() or not missing.any():
        return 1
    depth = ndimage.distance_transform_edt(missing)[missing]
    width, widest = round(2 * float(np.quantile(depth, DEEPEST)) - 1), min(int(side) for side in known.shape)
    return min(max(1, width), widest)


def _squares(known: Tensor, width: int) -> Tensor:
    """Squares in what is known, on a regular grid, as many of them as make up `SHARE` of it."""
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[known.ndim - 1]
    taken = pool((~known).float()[None, None], width, APART * width)[0, 0].cpu()
    corners = (taken == 0).nonzero() * APART * width
    distance = torch.from_numpy(ndimage.distance_transform_edt(known.cpu().numpy()))
    is_far = distance[tuple(corners.T)] > (NEAR + 1) * width
    chance = torch.rand(len(corners), generator=torch.Generator().manual_seed(0))
    count = max(1, round(SHARE * float(known.sum()) / width**known.ndim))
    hidden = torch.zeros_like(known)
    for corner in corners[(chance + is_far).argsort()[:count]].tolist():
        hidden[tuple(slice(at, at + width) for at in corner)] = True
    return hidden
