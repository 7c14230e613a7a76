"""Presets of the restorations of pictures."""

from dataclasses import replace

from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.options.presets import BALANCED, FAST, PAPER, PresetName
from dipcli.pictures.options import DenoiseOptions, InpaintOptions, MaskKind, UpscaleOptions

DENOISE: dict[PresetName, DenoiseOptions] = {
    "fast": DenoiseOptions(engine=FAST),
    "balanced": DenoiseOptions(engine=BALANCED),
    "paper": DenoiseOptions(loss="mse", tv_weight=0.0, classical=0.0, engine=PAPER),
}

# Without noise nothing is over-fitted and no variance rises again: known pixels that were hidden say when to stop.
FILLING = replace(FAST, stopping=replace(FAST.stopping, stop="held-out"))
# So close to known values the network was never better.
CLOSE = InpaintOptions(classical=0.9, engine=FILLING)

# Coordinates in, and no skips: only such a network invents structure, rather than blur, far from what is known.
HOLE = EngineOptions(
    PriorOptions(
        width=(16, 32, 64, 128, 128), skip_width=(0,), upsample="nearest", seed_kind="meshgrid", jitter=0.03
    ),
    DescentOptions(),
    StoppingOptions(stop="held-out", patience=60, warm_up=30, averaging=0.9, iterations=400),
)

# Ulyanov et al., CVPR 2018: the networks of their examples of inpainting.
PAPER_FILLING = replace(PAPER, stopping=replace(PAPER.stopping, stop="held-out", iterations=6000))
PAPER_STROKES = replace(PAPER_FILLING, prior=PriorOptions(skip_width=(128,), upsample="nearest", jitter=0.03))
PAPER_HOLE = replace(
    PAPER_FILLING,
    prior=PriorOptions(skip_width=(0,), upsample="nearest", seed_kind="meshgrid", jitter=0.03),
)
ALONE = InpaintOptions(tv_weight=0.0, classical=0.0)

INPAINT: dict[MaskKind, dict[PresetName, InpaintOptions]] = {
    "scattered": {
        "fast": CLOSE,
        "balanced": CLOSE,
        "paper": replace(ALONE, engine=PAPER_FILLING),
    },
    "strokes": {
        "fast": CLOSE,
        "balanced": CLOSE,
        "paper": replace(ALONE, engine=PAPER_STROKES),
    },
    "holes": {
        "fast": replace(ALONE, engine=HOLE),
        "balanced": replace(ALONE, engine=replace(HOLE, stopping=replace(HOLE.stopping, iterations=2000))),
        "paper": replace(ALONE, engine=PAPER_HOLE),
    },
}

UPSCALE: dict[PresetName, UpscaleOptions] = {
    "fast": UpscaleOptions(classical=0.5, engine=FAST),
    "balanced": UpscaleOptions(classical=0.5, engine=BALANCED),
    "paper": UpscaleOptions(tv_weight=0.0, classical=0.0, kernel="lanczos2", engine=PAPER),
}
