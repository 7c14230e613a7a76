"""The stock denoising network in the structure in which it was published: one module for each published layer.

Written from the description in Ulyanov et al., CVPR 2018 (supplementary): explicit reflection padding modules,
batch normalisation with running statistics, concatenation that crops to the smaller branch.
"""

import torch
from torch import Tensor, nn


class Concatenation(nn.Module):
    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, features: Tensor) -> Tensor:
        outputs = [branch(features) for branch in self.branches]
        height = min(out.shape[2] for out in outputs)
        width = min(out.shape[3] for out in outputs)
        return torch.cat([_crop(out, height, width) for out in outputs], dim=1)


def _crop(features: Tensor, height: int, width: int) -> Tensor:
    top, left = (features.shape[2] - height) // 2, (features.shape[3] - width) // 2
    return features[:, :, top : top + height, left : left + width]


def _layer(n_in: int, n_out: int, side: int, stride: int = 1) -> list[nn.Module]:
    padding: list[nn.Module] = [nn.ReflectionPad2d(side // 2)] if side > 1 else []
    return [
        *padding,
        nn.Conv2d(n_in, n_out, side, stride),
        nn.BatchNorm2d(n_out),
        nn.LeakyReLU(0.2, inplace=True),
    ]


def published_skip(scales: int = 5, width: int = 128, n_skip: int = 4, n_in: int = 32) -> nn.Module:
    inner: list[nn.Module] = []
    for scale in reversed(range(scales)):
        entering = n_in if scale == 0 else width
        deeper = nn.Sequential(
            *_layer(entering, width, 3, 2),
            *_layer(width, width, 3),
            *inner,
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        )
        joined = Concatenation(nn.Sequential(*_layer(entering, n_skip, 1)), deeper)
        inner = [
            joined,
            nn.BatchNorm2d(n_skip + width),
            *_layer(n_skip + width, width, 3),
            *_layer(width, width, 1),
        ]
    return nn.Sequential(*inner, nn.Conv2d(width, 3, 1), nn.Sigmoid())
