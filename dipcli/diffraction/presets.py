"""Presets of phase retrieval: of the networks, where the method has some."""

from dataclasses import replace

from dipcli.diffraction.options import PhaseOptions, PhasingMethod
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.options.presets import FAST, PresetName

# Zhuang et al., 2022: two hourglasses from nothing; sizes, rate and steps are ours, for theirs are not published.
TWO_HOURGLASSES = EngineOptions(
    PriorOptions(width=(32,) * 4, skip_width=(4,), jitter=0.0),
    DescentOptions(learning_rate=0.01),
    StoppingOptions(alpha=0.1, patience=300, warm_up=300, margin=0.01, averaging=0.9, iterations=1600),
)

DOUBLE_DIP: dict[PresetName, PhaseOptions] = {
    "instant": PhaseOptions(
        engine=replace(TWO_HOURGLASSES, stopping=replace(TWO_HOURGLASSES.stopping, iterations=400))
    ),
    "fast": PhaseOptions(engine=TWO_HOURGLASSES),
    "balanced": PhaseOptions(engine=TWO_HOURGLASSES),
    "best": PhaseOptions(engine=replace(TWO_HOURGLASSES, stopping=replace(TWO_HOURGLASSES.stopping, runs=3))),
    "paper": PhaseOptions(
        engine=replace(
            TWO_HOURGLASSES,
            prior=PriorOptions(),
            stopping=replace(TWO_HOURGLASSES.stopping, iterations=10_000),
        )
    ),
}


def presets_of(method: PhasingMethod) -> dict[PresetName, PhaseOptions]:
    """Two networks from nothing; any other method begins where the classical search ends, in every preset."""
    if method == "double-dip":
        return DOUBLE_DIP
    return dict.fromkeys(("instant", "fast", "balanced", "best", "paper"), PhaseOptions(engine=FAST))
