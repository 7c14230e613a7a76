"""A dense network: from a few random numbers to all values at once; for small unknowns such as blur kernels.

Source: Ren et al., Neural Blind Deconvolution Using Deep Priors (SelfDeblur), CVPR 2020, arXiv 1908.02197, §3.2.
"""

import math

from torch import nn

from dipcli.options.engine import PriorOptions


def build_mlp(space: tuple[int, ...], n_in: int, n_out: int, options: PriorOptions) -> nn.Module:
    """Seeds (batch, n_in) -> (batch, n_out, *space), through one hidden layer for each of options.width."""
    layers: list[nn.Module] = []
    for width in options.width:
        layers += [nn.Linear(n_in, width), nn.ReLU6()]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, n_out * math.prod(space)), nn.Unflatten(1, (n_out, *space)))
