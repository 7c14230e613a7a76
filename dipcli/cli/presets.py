"""What the engine does when nothing is asked for: presets, and what each network is stocked with."""

from dataclasses import replace
from typing import Literal

from dipcli.cli.expand import Overrides
from dipcli.errors import OptionError
from dipcli.options import (
    DenoiseOptions,
    DenoisingOptions,
    DescentOptions,
    EngineOptions,
    PriorName,
    PriorOptions,
    StoppingOptions,
)

PresetName = Literal["auto", "fast", "balanced", "paper"]

# One scale, fed with the classical estimate; a run is over in seconds, and several are averaged.
FAST = EngineOptions(
    PriorOptions(width=(16,), skip_width=(4,), seed_kind="guide", seed_scale=0.3, jitter=0.0),
    DescentOptions(learning_rate=0.01),
    StoppingOptions(alpha=0.3, patience=25, warm_up=30, margin=0.1, averaging=0.9, iterations=200, runs=2),
)

BALANCED = replace(FAST, stopping=replace(FAST.stopping, runs=8))

# Ulyanov et al., CVPR 2018 (network, seed, jitter, Adam, averaging), stopped as by Wang et al., TMLR 2023.
PAPER = EngineOptions(
    PriorOptions(),
    DescentOptions(),
    StoppingOptions(stop="wmv", warm_up=0, margin=0.0, pixels=0),
)

DENOISE = {
    "fast": DenoiseOptions(engine=FAST),
    "balanced": DenoiseOptions(engine=BALANCED),
    "paper": DenoiseOptions(DenoisingOptions(loss="mse", tv_weight=0.0, classical=0.0), PAPER),
}

# For a network that the preset does not have, much as its own authors run it.
STOCK: dict[PriorName, EngineOptions] = {
    "skip": PAPER,
    # Heckel and Hand, ICLR 2019.
    "decoder": EngineOptions(
        PriorOptions(prior="decoder", width=(64,) * 5, seed_channels=64, jitter=0.0),
        DescentOptions(learning_rate=0.01),
        StoppingOptions(iterations=1900),
    ),
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
    # Sitzmann et al., NeurIPS 2020.
    "siren": EngineOptions(
        PriorOptions(prior="siren", width=(256,) * 3, jitter=0.0),
        DescentOptions(learning_rate=1e-4),
        StoppingOptions(iterations=1000),
    ),
}


def denoise_settings(preset: PresetName, device_type: str, given: Overrides[DenoiseOptions]) -> DenoiseOptions:
    """The preset, with the stock of a network that the preset does not have, and every given flag laid over.

    Raises OptionError for options that do not fit each other or the device.
    """
    if preset == "auto":
        preset = "fast" if device_type == "cpu" else "balanced"
    base = DENOISE[preset]
    prior: PriorName | None = given.given.get("prior")
    if prior is not None and prior != base.engine.prior.prior:
        base = replace(base, engine=STOCK[prior])
    chosen = given.over(base)
    if chosen.engine.descent.precision == "bf16" and device_type != "cuda":
        raise OptionError("--precision bf16 needs a CUDA device; leave it out here.")
    return chosen
