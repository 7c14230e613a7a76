"""The one scale on which a result and its truth are compared."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from dipcli.pictures.files.picture import Picture
from dipcli.pictures.files.ranges import full_scale


@dataclass(frozen=True)
class ScoreRange:
    """Maps frames onto the range in which they are compared: from 0 to 1, and nothing is clipped but by the file.

    `data_range` is its length in stored values: the peak of the PSNR.
    """

    low: float
    high: float
    least: float
    most: float
    data_range: float

    def __call__(self, frames: Tensor) -> Tensor:
        """Frames as the file would hold them, on that range."""
        return (frames.clamp(self.least, self.most) - self.low) / ((self.high - self.low) or 1.0)


def score_range(source: Picture, truth: Tensor) -> ScoreRange:
    """The whole scale of 8-bit pictures; of others, from the least value of the truth to the largest."""
    encoding, dtype = source.encoding, np.dtype(source.encoding.dtype)
    units, span = encoding.units, encoding.high - encoding.low
    least, most = -float("inf"), float("inf")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        least, most = ((end - encoding.low) / (span or 1.0) for end in (limits.min, limits.max))
    if dtype == np.uint8:
        return ScoreRange(units.zero, units.zero + units.white, least, most, full_scale(dtype))
    known = truth[truth.isfinite()]
    low, high = float(known.min()), float(known.max())
    return ScoreRange(low, high, least, most, (high - low) * span)
