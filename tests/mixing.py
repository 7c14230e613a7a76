"""A random medium, as an operator that no field has: the general case of phase retrieval."""

import math
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn


@final
class RandomMixing(nn.Module):
    """Object (1, *box), complex -> intensity (1, count): |<a_k, x>|² for `count` random Gaussian vectors a_k."""

    def __init__(self, box: Sequence[int], count: int, seed: int = 0) -> None:
        super().__init__()
        drawn = torch.randn(count, math.prod(box), 2, generator=torch.Generator().manual_seed(seed))
        self.register_buffer(
            "rows", torch.view_as_complex(drawn) / math.sqrt(2 * math.prod(box)), persistent=False
        )
        self.rows: Tensor

    def forward(self, image: Tensor) -> Tensor:
        """The intensity."""
        rows = self.rows.to(image.dtype)
        return (rows @ image.flatten())[None].abs().square()
