"""The Deep Random Projector: convolutions stay as they were drawn; the seed is fitted instead.

Source: Li et al., Deep Random Projector: Accelerated Deep Image Prior, CVPR 2023.
"""

from torch import nn

from dipcli.priors.layers import normalisation


def behind_normalisation(network: nn.Module, n_axes: int, n_seed_channels: int, *, frozen: bool) -> nn.Module:
    """The network behind a normalisation of its seed, for a seed that is itself fitted.

    With `frozen`, convolutions keep their random values: what stays to be fitted is every normalisation's
    scale and shift, and the seed, which the caller owns.
    """
    projector = nn.Sequential(normalisation(n_axes, n_seed_channels), network)
    for module in projector.modules():
        if frozen and isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            for parameter in module.parameters():
                parameter.requires_grad_(False)
    return projector
