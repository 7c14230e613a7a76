"""What the engine does when nothing is asked for: presets, and what each network is stocked with."""

from dataclasses import replace
from typing import Literal

from dipcli.options import DescentOptions, EngineOptions, PriorName, PriorOptions, StoppingOptions

PresetName = Literal["auto", "fast", "balanced", "paper"]

# One scale, everything learnt; a run is over in seconds, and three of them are averaged.
FAST = EngineOptions(
    PriorOptions(
        learn="both", width=(16,), skip_width=(4,), seed_kind="normal", seed_channels=3, jitter=0.0
    ),
    DescentOptions(learning_rate=0.01),
    StoppingOptions(stop="emv", alpha=0.3, patience=20, warm_up=30, averaging=0.9, iterations=160, runs=3),
)

# Ulyanov et al., CVPR 2018 (network, seed, jitter, Adam, averaging) with the stopping of Wang et al., TMLR 2023.
PAPER = EngineOptions(
    PriorOptions(),
    DescentOptions(),
    StoppingOptions(stop="wmv", window=100, patience=1000, warm_up=0, margin=0.0, pixels=0, averaging=0.99, iterations=5000),
)
