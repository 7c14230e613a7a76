"""Restoration by taking turns: remove what looks like noise, then put back what was measured.

Source: Venkatakrishnan, Bouman and Wohlberg, Plug-and-play priors, 2013, doi 10.1109/GlobalSIP.2013.6737048;
Danielyan, Katkovnik and Egiazarian, BM3D frames and variational image deblurring, 2012 (groups of patches).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from dipcli.classical.dct import dct_threshold
from dipcli.classical.nonlocal_ridge import Chain, all_groups, as_planes, lightness_first, plan, ridge_pass
from dipcli.classical.patch_groups import Grouping, find_groups, shrink_groups

# From an image, and the deviation of the noise that it may have, to the nearest image that explains the data.
Explain = Callable[[Tensor, float], Tensor]

REGROUP = 3  # rounds after which patch groups are sought anew
SHORTEST_SIDE = 32  # of images in which there is room to look for patch groups


def falling(highest: float, lowest: float, rounds: int) -> list[float]:
    """Noise levels that fall geometrically from the highest to the lowest."""
    return [highest * (lowest / highest) ** (k / max(1, rounds - 1)) for k in range(rounds)]


def alternate_windows(image: Tensor, explain: Explain, levels: Sequence[float], *, step: int = 4) -> Tensor:
    """Rounds of thresholding in windows of the cosine transform; image (channels, *space) of one to three axes."""
    for sigma in levels:
        image = explain(dct_threshold(image, sigma, step=step), sigma)
    return image


def alternate_groups(
    image: Tensor,
    explain: Explain,
    levels: Sequence[float],
    grouping: Grouping,
    wanted: Tensor | None = None,
) -> Tensor:
    """Rounds of shrinking patch groups; image (channels, height, width).

    Where `wanted` is given, patches without any value for which it is true may be left out.
    Signals, volumes and very small images come back as they are: they have no patches to compare.
    """
    if image.ndim != 3 or min(image.shape[1:]) < SHORTEST_SIDE:
        return image
    groups = find_groups(image, grouping, wanted)
    for k, sigma in enumerate(levels):
        if k and k % REGROUP == 0:
            groups = find_groups(image, grouping, wanted)
        image = explain(shrink_groups(image, groups, grouping, sigma), sigma)
    return image


def alternate_ridge(image: Tensor, explain: Explain, levels: Sequence[float], settings: Chain) -> Tensor:
    """Rounds of ridge combinations of patch groups, each guided by the one before.

    Image (channels, height, width). Better than `alternate_groups` where what is measured is noisy, and slower;
    the same images come back as they are.
    """
    if image.ndim != 3 or min(image.shape[1:]) < SHORTEST_SIDE:
        return image
    axes, mean, grid = lightness_first(image), image.mean((1, 2), keepdim=True), plan(as_planes(image), settings)
    pilot, groups = None, list[Tensor]()
    for k, sigma in enumerate(levels):
        turned = as_planes(torch.tensordot(axes, image - mean, dims=1))
        if k % REGROUP == 0:
            groups = all_groups(grid.pad(turned[:1])[0], grid)
        pilot = ridge_pass(turned, turned if pilot is None else pilot, sigma, groups, grid)
        image = explain(torch.tensordot(axes.T, pilot[:, 0], dims=1) + mean, sigma)
    return image
