"""Every knob of the engine, declared once: name, meaning, range and default.

A command turns each field into a flag of the same name; the record of a run is `asdict` of the same objects.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dipcli.errors import OptionError

PriorName = Literal["skip", "decoder", "projector", "siren"]
LossName = Literal["auto", "mse", "rmse", "l1", "huber", "poisson"]
Kind = Literal["scattered", "strokes", "holes"]
RecipeName = Literal["auto", Kind]
KernelName = Literal["box", "bilinear", "hamming", "bicubic", "lanczos2", "lanczos3"]
StopName = Literal["emv", "wmv", "held-out", "never"]


@dataclass(frozen=True)
class Range:
    """The values that a number may take, both ends included."""

    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True)
class Flag:
    """A one-letter name, beside the field's own."""

    letter: str


@dataclass(frozen=True)
class PriorOptions:
    """The untrained network, and the seed that it is fed."""

    prior: Annotated[PriorName, "Network: hourglass, deep decoder, random projector or coordinates."] = "skip"
    learn: Annotated[
        Literal["weights", "seed", "both"], "What is fitted; with seed alone the convolutions stay random."
    ] = "weights"
    width: Annotated[tuple[int, ...], "Channels of each scale, finest first.", Range(1)] = (128,) * 5
    skip_width: Annotated[tuple[int, ...], "Channels of the skips: one for all, or one for each scale."] = (4,)
    kernel_size: Annotated[int, "Side of the down-sampling convolutions (odd).", Range(1, 11)] = 3
    pointwise: Annotated[bool, "A 1x1 convolution after each up-sampling."] = True
    downsample: Annotated[Literal["stride", "average"], "How a scale is halved."] = "stride"
    upsample: Annotated[Literal["nearest", "linear"], "How a scale is doubled."] = "linear"
    seed_kind: Annotated[
        Literal["uniform", "normal", "meshgrid", "guide"],
        "The seed: noise, coordinates, or the classical estimate.",
    ] = "uniform"
    seed_channels: Annotated[int, "Channels of the seed.", Range(1)] = 32
    seed_scale: Annotated[float, "The seed is multiplied by this.", Range(0)] = 0.1
    jitter: Annotated[float, "Standard deviation of the noise added to the seed.", Range(0)] = 1 / 30
    omega: Annotated[float, "Frequency of the coordinate network's sines.", Range(0)] = 30.0

    def __post_init__(self) -> None:
        """Raise OptionError where the options do not fit each other."""
        if min(self.width, default=0) < 1:
            raise OptionError("--width needs at least one channel in each scale.")
        if len(self.skip_width) not in (1, len(self.width)):
            raise OptionError(f"--skip-width names {len(self.skip_width)} scales, --width {len(self.width)}.")
        if self.kernel_size % 2 == 0:
            raise OptionError(f"--kernel-size {self.kernel_size} is even; give an odd number.")
        if self.prior == "siren" and self.learn != "weights":
            raise OptionError("--prior siren has no seed to learn; use --learn weights.")
        if self.prior == "decoder" and self.seed_kind == "guide":
            raise OptionError(
                "--prior decoder grows from a small seed and takes no guide; use --seed-kind uniform."
            )


@dataclass(frozen=True)
class DescentOptions:
    """How the network is fitted."""

    learning_rate: Annotated[float, "Step length of Adam.", Range(0)] = 0.01
    weight_noise: Annotated[float, "Langevin noise added to the convolutions each step.", Range(0)] = 0.0
    clip_gradient: Annotated[float, "Largest norm of the gradient; 0 for no limit.", Range(0)] = 0.0
    memory_format: Annotated[
        Literal["auto", "contiguous", "channels_last"], "Memory layout; auto measures both on long runs."
    ] = "auto"
    compile: Annotated[Literal["auto", "on", "off"], "Compile the network; auto measures if it pays."] = "auto"
    precision: Annotated[Literal["fp32", "bf16"], "Arithmetic inside the network (bf16: GPU only)."] = "fp32"


@dataclass(frozen=True)
class StoppingOptions:
    """When a run ends, and what is returned."""

    stop: Annotated[StopName, "Early stopping: moving variance (emv, wmv), held-out pixels, never."] = "emv"
    window: Annotated[int, "Iterates in the moving variance of wmv.", Range(2)] = 100
    alpha: Annotated[float, "Forgetting factor of the moving variance of emv.", Range(0, 1)] = 0.1
    patience: Annotated[int, "Iterations without a new minimum that confirm it.", Range(1)] = 1000
    warm_up: Annotated[int, "No minimum is believed before this iteration.", Range(0)] = 150
    margin: Annotated[float, "A new minimum must be lower by this share.", Range(0, 0.99)] = 0.01
    held_out: Annotated[float, "Share of the pixels hidden from the fit by held-out.", Range(0.001, 0.5)] = 0.05
    pixels: Annotated[int, "Pixels that the moving variance looks at; 0 for all.", Range(0)] = 65_536
    averaging: Annotated[float, "Decay of the running average that is returned.", Range(0, 0.9999)] = 0.99
    iterations: Annotated[int, "Bound on the iterations of a run.", Range(1)] = 5000
    max_time: Annotated[float, "Bound on the seconds of a run; 0 for none.", Range(0)] = 0.0
    runs: Annotated[int, "Runs with other seeds, whose pictures are averaged.", Range(1)] = 1


@dataclass(frozen=True)
class EngineOptions:
    """All that the engine needs to know beside the problem."""

    prior: PriorOptions = PriorOptions()
    descent: DescentOptions = DescentOptions()
    stopping: StoppingOptions = StoppingOptions()


@dataclass(frozen=True)
class FileOptions:
    """What is read and written, and what is said about it."""

    output: Annotated[
        Path | None,
        "A file for one input, a folder otherwise; without it, NAME_restored beside the input.",
        Flag("-o"),
    ] = None
    recursive: Annotated[bool, "Take the pictures in folders and their sub-folders.", Flag("-r")] = False
    overwrite: Annotated[bool, "Write over outputs that exist."] = False
    reference: Annotated[
        Path | None, "The truth, to be scored against: a file, or a folder with the same names."
    ] = None
    seed: Annotated[int, "Decides everything random, together with the input's name.", Range(0)] = 0
    device: Annotated[str, "auto, cpu, cuda, cuda:1 or mps."] = "auto"
    threads: Annotated[int, "Processor threads; 0 takes what the job was granted.", Range(0)] = 0
    json: Annotated[bool, "Print one JSON object for each input, not the path of its output."] = False
    quiet: Annotated[bool, "Say nothing but errors.", Flag("-q")] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], "The least important messages that are shown."
    ] = "info"


@dataclass(frozen=True)
class PictureOptions:
    """What all restorations of pictures can be told."""

    tv_weight: Annotated[
        float | None, "Weight of the total variation; without it, it follows the noise level.", Range(0)
    ] = None
    sigma: Annotated[
        float | None, "Standard deviation of Gaussian noise, white being 1, if it is known.", Range(0)
    ] = None
    classical: Annotated[float, "Share of the classical estimate in the result; 0 for none.", Range(0, 1)] = 0.5
    volume: Annotated[bool, "Take a stack of pages as one three-dimensional unknown."] = False


@dataclass(frozen=True)
class DenoisingOptions(PictureOptions):
    """What is believed of the noise; everything is found out from the picture unless it is given."""

    loss: Annotated[LossName, "The data term; auto decides from the picture."] = "auto"
    jpeg: Annotated[
        bool, "Remove the artefacts of a JPEG file; the result could have been compressed to that very file."
    ] = False


@dataclass(frozen=True)
class InpaintingOptions(PictureOptions):
    """What is missing, and what happens at its border."""

    mask: Annotated[
        str | None,
        "What is missing (white): a picture, a folder of them with the inputs' names, alpha, or auto-saturated.",
    ] = None
    mask_invert: Annotated[bool, "Black is missing in the mask, not white."] = False
    blend: Annotated[
        int, "Pixels around the missing ones over which the seam is feathered; 0 for none.", Range(0)
    ] = 0
    denoise: Annotated[bool, "Restore the known pixels too, where they are noisy."] = False
    recipe: Annotated[RecipeName, "For scattered pixels, strokes, or holes; auto looks at what is missing."] = (
        "auto"
    )


@dataclass(frozen=True)
class UpscalingOptions(PictureOptions):
    """How the small picture is thought to have come from the large one."""

    factor: Annotated[float, "How many times longer each side becomes: any number above 1.", Range(1)] = 2.0
    kernel: Annotated[KernelName, "The filter with which the picture was, or might have been, reduced."] = (
        "bicubic"
    )

    def __post_init__(self) -> None:
        """Raise OptionError for a factor that enlarges nothing."""
        if self.factor <= 1:
            raise OptionError(f"--factor {self.factor:g} enlarges nothing; give a number above 1.")


@dataclass(frozen=True)
class DenoiseOptions:
    """All that `dipcli denoise` can be told beside its files."""

    denoising: DenoisingOptions = DenoisingOptions()
    engine: EngineOptions = EngineOptions()


@dataclass(frozen=True)
class InpaintOptions:
    """All that `dipcli inpaint` can be told beside its files."""

    inpainting: InpaintingOptions = InpaintingOptions()
    engine: EngineOptions = EngineOptions()


@dataclass(frozen=True)
class UpscaleOptions:
    """All that `dipcli upscale` can be told beside its files."""

    upscaling: UpscalingOptions = UpscalingOptions()
    engine: EngineOptions = EngineOptions()
