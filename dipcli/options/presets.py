"""What the engine does when nothing is asked for: what all presets are made of, and each network's stock."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, Protocol, TypeVar

from dipcli.errors import OptionError
from dipcli.options.engine import (
    SPACING,
    DescentOptions,
    EngineOptions,
    PriorName,
    PriorOptions,
    StoppingOptions,
)
from dipcli.options.overrides import Overrides

PresetName = Literal["auto", "instant", "fast", "balanced", "best", "paper"]
NOISE_PER_RATE = 2.0  # Langevin noise for each learning rate: Cheng et al., CVPR 2019, published code
BURN_IN = 600  # iterations that a run has before its samples, at most
PRESETS = (
    "By time: instant fits no network; auto is fast on a processor and balanced on a GPU; paper is as published."
)


class HasEngine(Protocol):
    """The options of any command that fits a network."""

    @property
    def engine(self) -> EngineOptions:
        """How it is fitted."""


Command = TypeVar("Command", bound=HasEngine)

# One scale, fed with the classical estimate; a run is over in seconds, and several are averaged.
FAST = EngineOptions(
    PriorOptions(width=(16,), skip_width=(4,), seed_kind="guide", seed_scale=0.3, jitter=0.0),
    DescentOptions(learning_rate=0.01),
    StoppingOptions(alpha=0.3, patience=25, warm_up=30, margin=0.1, averaging=0.9, iterations=200, runs=2),
)

BALANCED = replace(FAST, stopping=replace(FAST.stopping, runs=4))
BEST = replace(FAST, stopping=replace(FAST.stopping, runs=12))

# Ulyanov et al., CVPR 2018 (network, seed, jitter, Adam, averaging), stopped as by Wang et al., TMLR 2023.
PAPER = EngineOptions(
    PriorOptions(),
    DescentOptions(),
    StoppingOptions(stop="wmv", warm_up=0, margin=0.0, pixels=0),
)

# Darestani and Heckel, 2021: coil by coil, 20,000 steps, here stopped by ES-WMV; hours.
CONVDECODER = EngineOptions(
    PriorOptions(
        prior="convdecoder",
        width=(160,) * 8,
        upsample="nearest",
        seed_channels=160,
        seed_scale=1.0,
        bias=False,
        jitter=0.0,
    ),
    DescentOptions(learning_rate=0.008),
    StoppingOptions(stop="wmv", averaging=0.0, iterations=20_000),
)
SMALL_CONVDECODER = replace(
    CONVDECODER,
    prior=replace(CONVDECODER.prior, width=(32,) * 7, seed_channels=32, upsample="linear"),
    stopping=StoppingOptions(averaging=0.98, patience=200, warm_up=400, iterations=1500),
)

# An hourglass that a processor can fit, for self-diffusion where the preset's network cannot be fed an image.
NARROW = replace(PAPER.prior, width=(32,) * 5)

# For a network that the preset does not have, much as its own authors run it.
STOCK: dict[PriorName, EngineOptions] = {
    "skip": PAPER,
    # Heckel and Hand, ICLR 2019.
    "decoder": EngineOptions(
        PriorOptions(prior="decoder", width=(64,) * 5, seed_channels=64, jitter=0.0),
        DescentOptions(learning_rate=0.01),
        StoppingOptions(iterations=1900),
    ),
    "convdecoder": SMALL_CONVDECODER,
    # Li et al., CVPR 2023.
    "projector": EngineOptions(
        PriorOptions(
            prior="projector",
            learn="seed",
            width=(16,),
            skip_width=(4,),
            seed_kind="normal",
            seed_channels=3,
            jitter=0.0,
        ),
        DescentOptions(learning_rate=0.1),
        StoppingOptions(alpha=0.3, patience=25, warm_up=30, margin=0.1, averaging=0.9, iterations=300, runs=4),
    ),
    # Shi et al., IJCV 2022, for denoising; its networks are stopped once blur and sharpness are at rest.
    "spectral": EngineOptions(
        PriorOptions(prior="spectral", seed_kind="fourier", seed_scale=1.0, jitter=0.0),
        DescentOptions(learning_rate=1e-3),
        StoppingOptions(stop="sharpness", warm_up=0, averaging=0.0, iterations=10_000),
    ),
    "free": EngineOptions(
        PriorOptions(prior="free", learn="seed", seed_kind="normal", jitter=0.0),
        DescentOptions(learning_rate=0.1),
        StoppingOptions(iterations=1000),
    ),
    # Sitzmann et al., NeurIPS 2020.
    "siren": EngineOptions(
        PriorOptions(prior="siren", width=(256,) * 3, jitter=0.0),
        DescentOptions(learning_rate=1e-4),
        StoppingOptions(iterations=1000),
    ),
}


def chosen_preset(preset: PresetName, device_type: str | None) -> PresetName:
    """What auto is on a device; as long as it is not known, that of a processor."""
    if preset != "auto":
        return preset
    return "fast" if device_type in ("cpu", None) else "balanced"


def _sampling(engine: EngineOptions, given: Mapping[str, Any]) -> EngineOptions:
    """For --samples: noise as Cheng et al. have it, one run, and room for so many samples after the burn-in."""
    rate = engine.descent.learning_rate if given.get("learning_rate") is None else given["learning_rate"]
    most = max(engine.stopping.iterations, BURN_IN + given["samples"] * SPACING)
    descent = replace(engine.descent, weight_noise=NOISE_PER_RATE * rate)
    return replace(engine, descent=descent, stopping=replace(engine.stopping, iterations=most, runs=1))


def _diffusing(engine: EngineOptions, given: Mapping[str, Any]) -> EngineOptions:
    """For --descent self-diffusion: as Luo et al. have it, to the end of its schedule, but for the learning rate.

    Theirs, 1e-3, had not come near the measurement in 800 iterations of our networks for holes. A preset whose
    network cannot be fed an image has a hourglass in its place, unless another one was given.
    """
    if given.get("prior") is None and (engine.prior.prior != "skip" or engine.prior.learn != "weights"):
        engine = replace(engine, prior=NARROW)
    known = {name: given[name] for name in ("diffusion_steps", "diffusion_iterations") if given.get(name)}
    descent = replace(engine.descent, descent="self-diffusion", **known)
    most = descent.diffusion_steps * descent.diffusion_iterations
    stopping = replace(engine.stopping, stop="never", averaging=0.0, iterations=most, runs=1)
    return replace(
        engine,
        prior=replace(engine.prior, seed_kind="estimate", jitter=0.0, from_guide=False),
        descent=descent,
        stopping=stopping,
    )


def _check_engine(engine: EngineOptions) -> None:
    """Raise OptionError for options of several groups that do not fit each other."""
    if (engine.descent.descent == "self-diffusion") != (engine.prior.seed_kind == "estimate"):
        raise OptionError("--descent self-diffusion and --seed-kind estimate belong together; give the first.")
    samples, least = engine.stopping.samples, engine.stopping.samples * SPACING
    if samples == 1:
        raise OptionError("--samples 1 has no deviation; give 2 at least.")
    if samples and engine.stopping.iterations <= least:
        raise OptionError(f"--samples {samples} takes more than {least} iterations; give more --iterations.")
    if samples and not engine.descent.weight_noise:
        raise OptionError("--samples needs Langevin noise; give --weight-noise 0.02.")


def settings(
    presets: Mapping[PresetName, Command], preset: PresetName, device_type: str | None, given: Overrides[Command]
) -> Command:
    """The preset, with the stock of a network that the preset does not have, and every given flag laid over.

    The device is None as long as it is not known: then these are not the last word, but errors show.

    Raises OptionError for options that do not fit each other or the device.
    """
    base = presets[chosen_preset(preset, device_type)]
    prior: PriorName | None = given.given.get("prior")
    if prior is not None and prior != base.engine.prior.prior:
        if prior not in STOCK:
            raise OptionError(f"--prior {prior} is too large for pictures; leave it to --kernel-prior.")
        base = replace(base, engine=STOCK[prior])  # type: ignore[type-var]
    if given.given.get("descent") == "self-diffusion":
        base = replace(base, engine=_diffusing(base.engine, given.given))  # type: ignore[type-var]
    if given.given.get("samples"):
        base = replace(base, engine=_sampling(base.engine, given.given))  # type: ignore[type-var]
    chosen = given.over(base)
    _check_engine(chosen.engine)
    if chosen.engine.descent.precision == "bf16" and device_type not in ("cuda", None):
        raise OptionError("--precision bf16 needs a CUDA device; leave it out here.")
    return chosen
