"""The deep decoder: channels mixed pixel by pixel, and fixed up-sampling; too few parameters to hold noise.

Source: Heckel and Hand, Deep Decoder, ICLR 2019, arXiv 1810.03982.
"""

from itertools import pairwise

from torch import nn

from dipcli.options.engine import PriorOptions
from dipcli.priors.layers import convolution, doubling, normalisation


def build_decoder(space: tuple[int, ...], n_in: int, n_out: int, options: PriorOptions) -> nn.Module:
    """Seeds (batch, n_in, *small) -> (batch, n_out, *space), where space is small · 2 ** len(options.width).

    Each layer: 1x1 convolution, doubling (absent in the last), ReLU, normalisation; no biases anywhere.
    """
    n_axes = len(space)
    layers: list[nn.Module] = []
    widths = (n_in, *options.width, options.width[-1])
    for i, (before, after) in enumerate(pairwise(widths)):
        layers.append(convolution(n_axes, before, after, bias=False))
        if i < len(options.width):
            layers.append(doubling(n_axes, options.upsample))
        layers += [nn.ReLU(inplace=True), normalisation(n_axes, after)]
    return nn.Sequential(*layers, convolution(n_axes, options.width[-1], n_out, bias=False))
