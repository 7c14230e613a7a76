"""Knobs of the reconstruction of magnetic-resonance scans."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.engine import EngineOptions
from dipcli.options.methods import ONE_METHOD, MethodName, refuse_share
from dipcli.options.notes import Range

SamplingName = Literal["random", "equispaced", "equispaced-fraction", "poisson"]
EncodingName = Literal["coil", "sense"]
ModelName = Literal["auto", EncodingName]
ScanFormat = Literal["h5", "nii", "nii.gz", "npy", "cfl", "png"]


@dataclass(frozen=True)
class ReadingOptions:
    """How a scan is read, and in which format it is written."""

    key: Annotated[str | None, "Name of the k-space array in a file of several (h5, mat, npz)."] = None
    axes: Annotated[
        str | None,
        "What the axes of an array are, as in slice,coil,y,x; x is the phase direction, z the second one of 3D "
        "scans; average, contrast and repetition may be among them.",
    ] = None
    slices: Annotated[str, "Which slices: all, middle, 17, or 10:20; counted from 0."] = "all"
    mask: Annotated[
        Path | None, "Where k-space was measured: an array (x) or (y,x); without it, wherever it is not 0."
    ] = None
    keep_oversampling: Annotated[bool, "Keep the readout's oversampling, and the padding of fastMRI files."] = (
        False
    )
    noise: Annotated[
        Path | None, "A noise scan: an array of the coils' samples without a signal, which whitens the coils."
    ] = None
    no_whitening: Annotated[bool, "Leave the coils' noise as it is where a noise scan is at hand."] = False
    format: Annotated[
        ScanFormat | None,
        "Format of outputs that are not named, in a folder or a pipe; h5 without it, in a pipe the input's own.",
    ] = None


@dataclass(frozen=True)
class UndersamplingOptions:
    """A retrospective test: a fully sampled scan is undersampled, and its full reconstruction is the reference."""

    undersample: Annotated[float | None, "Keep one in this many values of a full scan; the rest is the test."] = (
        None
    )
    center_fraction: Annotated[
        float | None,
        "Share of the lines around the centre that are kept; 0.32 / acceleration without it.",
        Range(0, 1),
    ] = None
    sampling: Annotated[SamplingName, "Which are kept, by fastMRI's rules; poisson is two-dimensional."] = "random"
    mask_seed: Annotated[int, "Decides which lines are kept, as fastMRI's seed does.", Range(0, 2**32 - 1)] = 0


@dataclass(frozen=True)
class ReconstructionOptions:
    """What is believed of the scan."""

    model: Annotated[
        ModelName, "coil: an image for each coil, no maps; sense: one image and maps; auto looks at the centre."
    ] = "auto"
    maps: Annotated[
        Path | None, "Sensitivities (coil,y,x) or (set,coil,y,x) to use instead of estimated ones."
    ] = None
    loss: Annotated[Literal["rmse", "mse", "huber", "l1"], "The data term, a mean over what was sampled."] = "rmse"
    huber_delta: Annotated[float, "Where huber turns linear, as a share of the data's spread.", Range(0)] = 0.1
    tv_weight: Annotated[float, "Weight of the total variation of real and imaginary parts.", Range(0)] = 0.0
    classical: Annotated[
        float | None,
        "Share of the classical estimate in the result; without it, what held-out k-space says; through maps "
        "all of it in fast, unless a network is asked for.",
        Range(0, 1),
    ] = None
    method: Annotated[MethodName, ONE_METHOD] = "auto"
    dc: Annotated[
        str, "Data consistency at the end: hard (measured values return), none, or soft:λ for (λy + ŷ) / (λ + 1)."
    ] = "hard"
    no_crop: Annotated[bool, "Keep the whole field of view, not just the matrix that the header asks for."] = False
    cold_start: Annotated[bool, "Do not start a slice's network from its neighbour's."] = False
    save_maps: Annotated[
        bool, "Write the coils' sensitivities (slice,set,coil,y,x) too, in the format of the result."
    ] = False
    keep_coils: Annotated[bool, "Write the complex coil images too."] = False
    keep_classical: Annotated[bool, "Write the zero-filled and the other classical reconstructions too."] = False

    def __post_init__(self) -> None:
        """Raise OptionError for a data consistency that has no meaning, and for a share of what is not fitted."""
        self.consistency  # noqa: B018 - parsed for its errors
        refuse_share(self.method, self.classical)

    @property
    def classical_share(self) -> float | None:
        """The classical estimate's share in the result, where no trial decides it."""
        return self.classical if self.method == "auto" else 1.0

    @property
    def consistency(self) -> float:
        """The weight λ of the measured values: infinite for hard, 0 for none."""
        kind, _, weight = self.dc.partition(":")
        if self.dc in ("hard", "none"):
            return float("inf") if self.dc == "hard" else 0.0
        try:
            value = float(weight)
        except ValueError:
            value = -1.0
        if kind != "soft" or not 0 < value < float("inf"):
            raise OptionError(f"--dc {self.dc} is not known; give hard, none, or soft:λ with a positive λ.")
        return value


@dataclass(frozen=True)
class MriOptions:
    """All that `dipcli mri` can be given beside its files."""

    reading: ReadingOptions = ReadingOptions()
    undersampling: UndersamplingOptions = UndersamplingOptions()
    reconstruction: ReconstructionOptions = ReconstructionOptions()
    engine: EngineOptions = EngineOptions()
