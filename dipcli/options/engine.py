"""Knobs of the engine: the network, how it is fitted, and when it stops."""

from dataclasses import dataclass
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.notes import Range

PriorName = Literal["skip", "decoder", "convdecoder", "projector", "siren", "mlp", "spectral", "free"]
StopName = Literal["emv", "wmv", "self-validation", "zero-crossing", "sharpness", "held-out", "never"]

SPACING = 10  # iterations from one sample to the next

WHEN = frozenset({"max_time"})  # options that do not decide what comes out, but when


@dataclass(frozen=True)
class PriorOptions:
    """The untrained network, and the seed that it is fed."""

    prior: Annotated[
        PriorName,
        "Network: hourglass, deep or convolutional decoder, random projector, coordinates, dense, a decoder of "
        "bounded gain (spectral; Shi et al. 2022), or free values.",
    ] = "skip"
    learn: Annotated[
        Literal["weights", "seed", "both"], "What is fitted; with seed alone the convolutions stay random."
    ] = "weights"
    width: Annotated[tuple[int, ...], "Channels of each scale, finest first.", Range(1, 4096)] = (128,) * 5
    skip_width: Annotated[
        tuple[int, ...], "Channels of the skips: one for all, or one for each scale.", Range(0, 4096)
    ] = (4,)
    filter_size: Annotated[int, "Side of the down-sampling convolutions (odd).", Range(1, 11)] = 3
    bias: Annotated[bool, "Constants in the convolutions of the convolutional decoder."] = True
    coarsest: Annotated[
        tuple[int, ...],
        "Sides of its coarsest scale; without them, half of the next one's each time.",
        Range(1, 4096),
    ] = ()
    pointwise: Annotated[bool, "A 1x1 convolution after each up-sampling."] = True
    downsample: Annotated[Literal["stride", "average"], "How a scale is halved."] = "stride"
    upsample: Annotated[Literal["nearest", "linear", "gaussian"], "How a scale is doubled."] = "linear"
    seed_kind: Annotated[
        Literal["uniform", "normal", "fourier", "meshgrid", "guide", "estimate"],
        "The seed: noise, random waves, coordinates, the classical estimate, or the network's own last one.",
    ] = "uniform"
    seed_channels: Annotated[int, "Channels of the seed.", Range(1, 4096)] = 32
    seed_blur: Annotated[float, "Gaussian low-pass of a random seed, in its pixels; 0 for none.", Range(0)] = 0.0
    seed_scale: Annotated[float, "The seed is multiplied by this.", Range(0)] = 0.1
    jitter: Annotated[float, "Standard deviation of the noise added to the seed.", Range(0)] = 1 / 30
    from_guide: Annotated[bool, "Add the network to the classical estimate, so that it begins there."] = False
    learning_rate_factor: Annotated[float, "Multiplies the learning rate of this network.", Range(0)] = 1.0
    optimiser: Annotated[
        Literal["adam", "gradient"], "Adam, or the gradient itself, times the number of measured values."
    ] = "adam"
    lipschitz: Annotated[
        float,
        "Largest gain of each layer of spectral: 1.4 with linear, 1.8 with gaussian up-sampling.",
        Range(0.01),
    ] = 1.4
    omega: Annotated[float, "Frequency of the coordinate network's sines.", Range(0)] = 30.0

    def __post_init__(self) -> None:
        """Raise OptionError where the options do not fit each other."""
        if min(self.width, default=0) < 1:
            raise OptionError("--width needs at least one channel in each scale.")
        if len(self.skip_width) not in (1, len(self.width)):
            raise OptionError(f"--skip-width names {len(self.skip_width)} scales, --width {len(self.width)}.")
        if self.filter_size % 2 == 0:
            raise OptionError(f"--filter-size {self.filter_size} is even; give an odd number.")
        if self.seed_kind == "estimate" and (self.prior != "skip" or self.learn != "weights" or self.from_guide):
            raise OptionError(
                "--seed-kind estimate is for --prior skip and --learn weights, without --from-guide."
            )
        if self.prior in ("siren", "mlp") and self.learn != "weights":
            raise OptionError(f"--prior {self.prior} has no seed to learn; use --learn weights.")
        if self.prior in ("decoder", "convdecoder", "spectral") and self.seed_kind not in (
            "uniform",
            "normal",
            "fourier",
        ):
            raise OptionError(f"--prior {self.prior} grows from small noise; use --seed-kind uniform.")


@dataclass(frozen=True)
class DescentOptions:
    """How the network is fitted."""

    descent: Annotated[
        Literal["plain", "self-diffusion"],
        "From one seed; or from the last estimate again and again, with noise that falls (Luo et al. 2025).",
    ] = "plain"
    diffusion_steps: Annotated[int, "Levels of that noise.", Range(1)] = 40
    diffusion_iterations: Annotated[int, "Iterations at each of them.", Range(1)] = 50
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

    stop: Annotated[
        StopName,
        "Early stopping: moving variance (emv, wmv; Wang et al. 2023), an autoencoder of the iterates "
        "(self-validation; Li et al. 2021), the risk of --loss sure (zero-crossing; Jo et al. 2021), blur and "
        "sharpness at rest (sharpness; Shi et al. 2022), held-out pixels, never.",
    ] = "emv"
    window: Annotated[int, "Iterates in the moving variance of wmv.", Range(2, 10_000)] = 100
    alpha: Annotated[float, "Forgetting factor of the moving variance of emv.", Range(0, 1)] = 0.1
    patience: Annotated[int, "Iterations without a new minimum that confirm it.", Range(1)] = 1000
    warm_up: Annotated[int, "No minimum is believed before this iteration.", Range(0)] = 150
    gate: Annotated[
        float, "No minimum is believed while the data term is above this; 0 for no gate.", Range(0)
    ] = 0.0
    margin: Annotated[float, "A new minimum must be lower by this share.", Range(0, 0.99)] = 0.01
    held_out: Annotated[float, "Share of the pixels hidden from the fit by held-out.", Range(0.001, 0.5)] = 0.05
    pixels: Annotated[int, "Pixels that the moving variance looks at; 0 for all.", Range(0)] = 65_536
    averaging: Annotated[float, "Decay of the running average that is returned.", Range(0, 0.9999)] = 0.99
    iterations: Annotated[int, "Bound on the iterations of a run.", Range(1)] = 5000
    max_time: Annotated[float, "Bound on the seconds of one fit, all its runs together; 0 for none.", Range(0)] = (
        0.0
    )
    runs: Annotated[int, "Runs with other seeds, whose pictures are averaged.", Range(1, 10_000)] = 1
    samples: Annotated[
        int,
        "Pictures drawn from the posterior of a run by Langevin noise (Cheng et al. 2019), whose mean is returned "
        "and whose deviation is the spread; 0 for none.",
        Range(0, 10_000),
    ] = 0


@dataclass(frozen=True)
class EngineOptions:
    """All that the engine needs to know beside the problem."""

    prior: PriorOptions = PriorOptions()
    descent: DescentOptions = DescentOptions()
    stopping: StoppingOptions = StoppingOptions()
