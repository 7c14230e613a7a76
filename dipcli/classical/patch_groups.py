"""Denoising by patch groups: each group is shrunk along its own principal components.

Source: Dabov et al., BM3D, 2007, doi 10.1109/TIP.2007.901238 (grouping); Dong, Shi and Li, Nonlocal image
restoration with bilateral variance estimation, 2013, doi 10.1109/TIP.2012.2221729 (low rank). The gains are
empirical Wiener gains of the components' energies.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

CHUNK = 512  # groups that are shrunk together
BAND = 64  # rows of patches that are compared together: both bound the memory
LEAST = 1e-4  # energy, in units of the noise's


@dataclass(frozen=True)
class Grouping:
    """Which patches to compare: their side, how far apart and how far away they are, how many form a group."""

    side: int = 6
    step: int = 4
    reach: int = 12
    count: int = 32


def find_groups(image: Tensor, grouping: Grouping, wanted: Tensor | None = None) -> Tensor:
    """The `count` patches nearest to each reference patch of image (channels, height, width), (groups, count).

    A patch is named by the index of its first pixel in the image as `_pad` extends it. With `wanted`, of the
    image's shape, only patches that hold a value for which it is true are references.
    """
    padded, reach = _pad(image, grouping), grouping.reach
    width = padded.shape[2]
    starts = torch.arange(reach, width - reach - grouping.side + 1, grouping.step, device=image.device)
    groups = []
    for top in range(reach, padded.shape[1] - reach - grouping.side + 1, BAND * grouping.step):
        bottom = min(top + (BAND - 1) * grouping.step + grouping.side, padded.shape[1] - reach)
        distances, shifts = zip(*_distances(padded, top, bottom, grouping), strict=True)
        table = torch.stack(distances)
        table[len(shifts) // 2] = -1  # each patch is in its own group, however many are equal to it
        nearest = table.topk(grouping.count, dim=0, largest=False).indices
        rows = torch.arange(top, bottom - grouping.side + 1, grouping.step, device=image.device)
        first = (rows[:, None] * width + starts).flatten()
        groups.append((torch.tensor(shifts, device=image.device)[nearest] + first).T)
    chosen = torch.cat(groups)
    if wanted is None:
        return chosen
    inner = _pad(wanted.any(0, keepdim=True).float(), grouping)[:, reach:, reach:]
    inner = inner[:, : padded.shape[1] - 2 * reach, : width - 2 * reach]
    return chosen[functional.max_pool2d(inner, grouping.side, grouping.step).flatten() > 0]


def shrink_groups(image: Tensor, groups: Tensor, grouping: Grouping, sigma: float) -> Tensor:
    """Image (channels, height, width) with white noise of deviation `sigma` -> its estimate."""
    padded = _pad(image, grouping)
    channels, _, width = padded.shape
    values, total, weights = (
        padded.flatten(1),
        torch.zeros_like(padded).flatten(1),
        torch.zeros_like(padded[0]).flatten(),
    )
    side = torch.arange(grouping.side, device=image.device)
    offsets = (side[:, None] * width + side).flatten()
    line = torch.kaiser_window(grouping.side, periodic=False, beta=2.0, device=image.device, dtype=image.dtype)
    window = (line[:, None] * line).flatten()
    for some in torch.split(groups, CHUNK):
        index = some[:, :, None] + offsets
        patches = values[:, index].permute(1, 2, 0, 3).flatten(2)
        shrunk, trust = _shrink(patches, sigma)
        share = (trust[:, :, None] * window).expand(index.shape)
        weighted = shrunk.reshape(*index.shape[:2], channels, -1).permute(2, 0, 1, 3) * share
        total.index_add_(1, index.flatten(), weighted.flatten(1))
        weights.index_add_(0, index.flatten(), share.flatten())
    covered = (weights > 0).reshape(padded.shape[1:])
    estimate = torch.where(covered, (total / weights.clamp(min=1e-12)).reshape(padded.shape), padded)
    reach = grouping.reach
    return estimate[:, reach : reach + image.shape[1], reach : reach + image.shape[2]]


def _shrink(patches: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """Groups (n, count, values) -> their estimate, and how far to trust each patch of it, (n, count)."""
    mean = patches.mean(1, keepdim=True)
    ripples = patches - mean
    energy, components = torch.linalg.eigh(_gram(ripples / (sigma * math.sqrt(patches.shape[2]))))
    gain = (1 - 1 / energy.clamp(min=1)).clamp(min=0)
    shrunk = components @ (gain[:, :, None] * (components.transpose(1, 2) @ ripples)) + mean
    trust = 1 / (1 + gain.square().sum(1, keepdim=True))
    return shrunk, trust.expand(patches.shape[:2])


def _gram(ripples: Tensor) -> Tensor:
    """Of each group; a little on the diagonal, lest the eigenvectors of what is nearly zero are not found."""
    identity = torch.eye(ripples.shape[1], dtype=ripples.dtype, device=ripples.device)
    return ripples @ ripples.transpose(1, 2) + LEAST * identity


def _distances(padded: Tensor, top: int, bottom: int, grouping: Grouping) -> Iterator[tuple[Tensor, int]]:
    """The mean squared differences of the patches in a band of rows to those at each shift, and the shift."""
    reach, width = grouping.reach, padded.shape[2]
    band = padded[:, top:bottom, reach : width - reach]
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            other = padded[:, top + down : bottom + down, reach + right : width - reach + right]
            difference = (band - other).square_().sum(0, keepdim=True)
            yield functional.avg_pool2d(difference, grouping.side, grouping.step).flatten(), down * width + right


def _pad(image: Tensor, grouping: Grouping) -> Tensor:
    """Reflect the border, so that patches fit in whole steps and may be sought beyond it."""
    reach = grouping.reach
    rest = [-(n - grouping.side) % grouping.step for n in image.shape[1:]]
    widths = (reach, reach + rest[1], reach, reach + rest[0])
    padded: Tensor = functional.pad(image[None], widths, mode="reflect")[0]
    return padded
