"""The convolutional decoder: convolutions between fixed up-samplings by any ratio, and no skips.

Source: Darestani and Heckel, Accelerated MRI with Un-trained Neural Networks, 2021, arXiv 2007.02471 (the network
as in the published code: up-sample, convolve, ReLU, normalise).
"""

import math
from collections.abc import Sequence

from torch import nn

from dipcli.options.engine import PriorOptions
from dipcli.priors.layers import normalisation, plain_convolution, resizing

SHORTEST_SIDE = 4  # of the coarsest scale, where nothing is said


def build_convdecoder(space: tuple[int, ...], n_in: int, n_out: int, options: PriorOptions) -> nn.Module:
    """Seeds (batch, n_in, *coarsest) -> (batch, n_out, *space), with one convolution for each of options.width."""
    sizes = scale_sizes(space, options)
    n_axes, layers, before = len(space), [], n_in
    for size, width in zip([*sizes[1:], None], options.width, strict=True):
        if size is not None:
            layers.append(resizing(size, options.upsample))
        layers += [
            plain_convolution(n_axes, before, width, 3, bias=options.bias),
            nn.ReLU(inplace=True),
            normalisation(n_axes, width),
        ]
        before = width
    return nn.Sequential(*layers, plain_convolution(n_axes, before, n_out, 1, bias=options.bias))


def scale_sizes(space: Sequence[int], options: PriorOptions) -> list[tuple[int, ...]]:
    """The sides of each scale, from the coarsest to `space`: the same ratio from each to the next.

    The coarsest is `options.coarsest`, or as many halvings away from `space` as there are up-samplings.
    """
    steps = len(options.width) - 1
    coarsest = options.coarsest or tuple(max(SHORTEST_SIDE, round(side / 2**steps)) for side in space)
    ratios = [(side / first) ** (1 / max(steps, 1)) for side, first in zip(space, coarsest, strict=True)]
    inner = [
        tuple(math.ceil(ratio**k * first) for ratio, first in zip(ratios, coarsest, strict=True))
        for k in range(1, steps)
    ]
    return [tuple(coarsest), *inner, tuple(space)]
