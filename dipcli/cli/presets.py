"""What the engine does when nothing is asked for: presets, and what each network is stocked with."""

from dataclasses import replace
from typing import Literal

from dipcli.cli.expand import Overrides
from dipcli.errors import OptionError
from dipcli.options import DescentOptions, EngineOptions, PriorName, PriorOptions, StoppingOptions

PresetName = Literal["auto", "fast", "balanced", "paper"]

# One scale, fed with the classical estimate; a run is over in seconds, and several are averaged.
FAST = EngineOptions(
    PriorOptions(width=(16,), skip_width=(4,), seed_kind="guide", jitter=0.0),
    DescentOptions(learning_rate=0.01),
    StoppingOptions(stop="emv", alpha=0.3, patience=20, warm_up=30, averaging=0.9, iterations=160, runs=2),
)

BALANCED = replace(FAST, stopping=replace(FAST.stopping, runs=8))

# Ulyanov et al., CVPR 2018 (network, seed, jitter, Adam, averaging), stopped as by Wang et al., TMLR 2023.
PAPER = EngineOptions(
    PriorOptions(),
    DescentOptions(),
    StoppingOptions(stop="wmv", warm_up=0, margin=0.0, pixels=0),
)

# For a network that the preset does not have, as its own authors run it.
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
        StoppingOptions(alpha=0.3, patience=20, warm_up=30, averaging=0.9, iterations=200, runs=4),
    ),
    # Sitzmann et al., NeurIPS 2020.
    "siren": EngineOptions(
        PriorOptions(prior="siren", width=(256,) * 3, jitter=0.0),
        DescentOptions(learning_rate=1e-4),
        StoppingOptions(iterations=1000),
    ),
}


def settings(preset: PresetName, device_type: str, given: Overrides[EngineOptions]) -> EngineOptions:
    """The preset, or the stock of a network that the preset does not have, with every given flag laid over."""
    if preset == "auto":
        preset = "fast" if device_type == "cpu" else "balanced"
    base = {"fast": FAST, "balanced": BALANCED, "paper": PAPER}[preset]
    prior: PriorName | None = given.given.get("prior")
    if prior is not None and prior != base.prior.prior:
        base = STOCK[prior]
    chosen = given.over(base)
    if chosen.descent.precision == "bf16" and device_type != "cuda":
        raise OptionError("--precision bf16 needs a CUDA device; leave it out here.")
    return chosen
