"""What was measured of one slice."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from dipcli.mri.options import EncodingName, MriOptions

Recipe = Callable[[EncodingName], MriOptions]  # all options for a model; raises OptionError where they misfit it


@dataclass(frozen=True)
class Slice:
    """What was measured of one slice."""

    kspace: Tensor  # (coils, readout, phase), complex; 0 where nothing was measured
    sampled: Tensor  # (readout, phase), true where something was
    maps: Tensor | None = None  # (sets, coils, readout, phase), where they are known
    crop: tuple[int, int] | None = None  # the middle of the field of view that is looked at
