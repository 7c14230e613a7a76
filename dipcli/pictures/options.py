"""Knobs of the restorations of pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.engine import EngineOptions
from dipcli.options.methods import ONE_METHOD, MethodName, refuse_share
from dipcli.options.notes import Range

LossName = Literal["auto", "mse", "rmse", "l1", "huber", "poisson", "sure", "sparse"]
MaskKind = Literal["scattered", "strokes", "holes"]
RecipeName = Literal["auto", MaskKind]
KernelName = Literal["box", "bilinear", "hamming", "bicubic", "lanczos2", "lanczos3"]

WORDS = ("alpha", "auto-saturated", "auto-scratches")  # that `mask` may be beside a file


@dataclass(frozen=True)
class PictureOptions:
    """What all restorations of pictures can be given."""

    tv_weight: Annotated[
        float | None, "Weight of the total variation; without it, it follows the noise level.", Range(0)
    ] = None
    sigma: Annotated[
        float | None,
        "Standard deviation of Gaussian noise, if it is known: 25/255 in 8-bit pictures, white being 1 there and "
        "in 16-bit ones; elsewhere in the file's own units.",
        Range(0),
    ] = None
    classical: Annotated[
        float | None,
        "Share of the classical estimate in the result; without it, the network has what it earns in a trial, or "
        "half with --stop never.",
        Range(0, 1),
    ] = None
    tile: Annotated[
        int | None,
        "Side of the tiles in which a large picture is restored; 0 for none; without it, as memory allows.",
        Range(0),
    ] = None
    volume: Annotated[bool, "Take a stack of planes or frames as one volume: they help each other."] = False
    engine: EngineOptions = EngineOptions()

    @property
    def classical_share(self) -> float:
        """The classical estimate's share where no trial decides it: half, unless it is given."""
        return 0.5 if self.classical is None else self.classical


@dataclass(frozen=True)
class DenoiseOptions(PictureOptions):
    """What is believed of the noise; everything is found out from the picture unless it is given."""

    loss: Annotated[
        LossName,
        "The data term; auto decides from the picture; sure is the estimated risk of a network that is fed the "
        "picture itself (Jo et al. 2021); sparse finds errors that are few (You et al. 2020).",
    ] = "auto"
    passes: Annotated[int, "Of the classical estimate over the patch groups; 1 is instant.", Range(1, 20)] = 6
    strength: Annotated[
        float,
        "Share of the result where something was measured; the rest is the input: some grain is kept.",
        Range(0, 1),
    ] = 1.0
    chroma_only: Annotated[bool, "Denoise the colours alone and keep the brightness as it was measured."] = False
    residual: Annotated[bool, "Write what was removed to NAME.residual.tif, in the picture's own unit."] = False
    jpeg: Annotated[
        bool, "Remove the artefacts of a JPEG file; the result could have been compressed to that very file."
    ] = False


@dataclass(frozen=True)
class InpaintOptions(PictureOptions):
    """What is missing, and what happens at its border."""

    mask: Annotated[
        str | None,
        "What is missing: a picture (white, labels, strokes on a transparent layer, or the input painted over), "
        "a folder of them with the inputs' names, alpha, auto-saturated, or auto-scratches.",
    ] = None
    mask_invert: Annotated[bool, "The opposite of what the mask marks is missing: black, not white."] = False
    show_mask: Annotated[
        bool,
        "First write what is missing to NAME.mask.png, white, to be looked at, or changed and given as --mask.",
    ] = False
    blend: Annotated[
        int, "Pixels around the missing ones over which the seam is feathered; 0 for none.", Range(0)
    ] = 0
    denoise: Annotated[bool, "Restore the known pixels too, where they are noisy."] = False
    recipe: Annotated[RecipeName, "For scattered pixels, strokes, or holes; auto looks at what is missing."] = (
        "auto"
    )
    method: Annotated[MethodName, ONE_METHOD] = "auto"

    def __post_init__(self) -> None:
        """Raise OptionError for a share of what is not fitted."""
        refuse_share(self.method, self.classical)

    @property
    def mask_file(self) -> Path | None:
        """The file or folder that `mask` names, where it is none of the words."""
        return None if self.mask in (None, *WORDS) else Path(self.mask or "")


@dataclass(frozen=True)
class UpscaleOptions(PictureOptions):
    """How the small picture is thought to have come from the large one."""

    factor: Annotated[float, "How many times longer each side becomes: any number above 1.", Range(1)] = 2.0
    kernel: Annotated[KernelName, "The filter with which the picture was, or might have been, reduced."] = (
        "bicubic"
    )
    method: Annotated[MethodName, ONE_METHOD] = "auto"

    @property
    def has_network(self) -> bool:
        """Whether one may be fitted."""
        return self.classical != 1 and self.method == "auto"

    def __post_init__(self) -> None:
        """Raise OptionError for a factor that enlarges nothing, and for a share of what is not fitted."""
        refuse_share(self.method, self.classical)
        if self.factor <= 1:
            raise OptionError(f"--factor {self.factor:g} enlarges nothing; give a number above 1.")
