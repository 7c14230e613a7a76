"""Knobs of the restoration of blurred pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.engine import EngineOptions
from dipcli.options.notes import Range

DeconvolutionName = Literal["auto", "patches", "tv", "wiener", "rl", "prior"]
SHAPES = ("gauss", "motion", "disk")  # of kernels that are drawn
KernelPriorName = Literal["siren", "mlp", "none"]


@dataclass(frozen=True)
class DeblurOptions:
    """What is known of the blur; everything is found out from the picture unless it is given."""

    kernel: Annotated[
        str | None,
        "The kernel, if it is known: a .npy file or a picture, gauss:σ, motion:length,degrees, or disk:radius.",
    ] = None
    kernel_flip: Annotated[bool, "Turn the given kernel by 180 degrees: it was made for correlation."] = False
    kernel_size: Annotated[
        int | None, "Largest side of an unknown kernel; without it, a third of the picture's.", Range(3)
    ] = None
    kernel_prior: Annotated[
        KernelPriorName, "The network of the kernel: coordinates, or dense; none trusts the edges alone."
    ] = "siren"
    init: Annotated[
        Literal["classical", "none"], "What the networks start from: the kernel that edges show, or nothing."
    ] = "classical"
    method: Annotated[
        DeconvolutionName,
        "How the picture is made from the kernel; auto: patch groups, or tv where the picture is large.",
    ] = "auto"
    sigma: Annotated[
        float | None,
        "Standard deviation of the noise, if it is known: 5/255 in 8-bit pictures, white being 1 there and in "
        "16-bit ones; elsewhere in the file's own units.",
        Range(0),
    ] = None
    saturation: Annotated[
        float | None,
        "Values from here on, white being 1, were clipped; without it, the largest, where many are equal.",
        Range(0),
    ] = None
    gamma: Annotated[
        float, "Power that makes values proportional to light; 2.2 for most photographs.", Range(1)
    ] = 1.0
    crop: Annotated[str | None, "The part the kernel is sought in: left,top,width,height; chosen otherwise."] = (
        None
    )
    restarts: Annotated[int, "Further tries where the kernel is not believable.", Range(0, 3)] = 1
    keep: Annotated[bool, "Return the result even where it is not believable."] = False
    sparsity_weight: Annotated[
        float, "Weight of ℓ1/ℓ2 of the picture's gradients in the fit; keeps the kernel from shrinking.", Range(0)
    ] = 0.01
    tv_weight: Annotated[float, "Weight of the total variation in the fit.", Range(0)] = 0.0
    classical: Annotated[
        float, "Share of the classical estimate in the result of --method prior.", Range(0, 1)
    ] = 0.5
    reference_kernel: Annotated[Path | None, "The true kernel, to be scored against."] = None
    engine: EngineOptions = EngineOptions()

    def __post_init__(self) -> None:
        """Raise OptionError for a part of the picture that is no rectangle, or cannot be all that is fitted."""
        if self.part is not None and self.method == "prior":
            raise OptionError(
                "--crop cannot go with --method prior, which makes the whole picture; leave one out."
            )

    @property
    def kernel_file(self) -> Path | None:
        """The file that `kernel` names, where it is no shape with its numbers."""
        is_shape = self.kernel is None or self.kernel.partition(":")[0] in SHAPES
        return None if is_shape else Path(self.kernel or "")

    @property
    def part(self) -> tuple[slice, slice] | None:
        """Rows and columns of `crop`."""
        if self.crop is None:
            return None
        numbers = self.crop.split(",")
        if len(numbers) != 4 or not all(number.strip().isdecimal() for number in numbers):
            raise OptionError(f"--crop {self.crop} is no rectangle; give left,top,width,height in pixels.")
        left, top, width, height = map(int, numbers)
        return slice(top, top + height), slice(left, left + width)
