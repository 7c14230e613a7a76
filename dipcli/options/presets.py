"""What the engine does when nothing is asked for: presets, and what each network is stocked with."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypeVar

from dipcli.blur.options import DeblurOptions, DeblurringOptions
from dipcli.cli.expand import Overrides
from dipcli.diffraction.options import PhaseOptions, PhasingMethod
from dipcli.errors import OptionError
from dipcli.mri.options import EncodingName, MriOptions, ReconstructionOptions
from dipcli.options.engine import DescentOptions, EngineOptions, PriorName, PriorOptions, StoppingOptions
from dipcli.pictures.options import (
    DenoiseOptions,
    DenoisingOptions,
    InpaintingOptions,
    InpaintOptions,
    Kind,
    UpscaleOptions,
    UpscalingOptions,
)

Command = TypeVar(
    "Command", DenoiseOptions, DeblurOptions, InpaintOptions, UpscaleOptions, MriOptions, PhaseOptions
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

DENOISE: dict[PresetName, DenoiseOptions] = {
    "fast": DenoiseOptions(engine=FAST),
    "balanced": DenoiseOptions(engine=BALANCED),
    "paper": DenoiseOptions(DenoisingOptions(loss="mse", tv_weight=0.0, classical=0.0), PAPER),
}

# The picture that a JPEG file was made from need not leave its cells: the fit cannot go on to fit noise.
DEJPEG = DENOISE

# Without noise nothing is over-fitted and no variance rises again: known pixels that were hidden say when to stop.
FILLING = replace(FAST, stopping=replace(FAST.stopping, stop="held-out"))
MOSTLY_TEXTBOOK = InpaintingOptions(classical=0.9)  # so close to known values the network was never better

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
ALONE = InpaintingOptions(tv_weight=0.0, classical=0.0)

INPAINT: dict[Kind, dict[PresetName, InpaintOptions]] = {
    "scattered": {
        "fast": InpaintOptions(MOSTLY_TEXTBOOK, FILLING),
        "balanced": InpaintOptions(MOSTLY_TEXTBOOK, FILLING),
        "paper": InpaintOptions(ALONE, PAPER_FILLING),
    },
    "strokes": {
        "fast": InpaintOptions(MOSTLY_TEXTBOOK, FILLING),
        "balanced": InpaintOptions(MOSTLY_TEXTBOOK, FILLING),
        "paper": InpaintOptions(ALONE, PAPER_STROKES),
    },
    "holes": {
        "fast": InpaintOptions(ALONE, HOLE),
        "balanced": InpaintOptions(ALONE, replace(HOLE, stopping=replace(HOLE.stopping, iterations=2000))),
        "paper": InpaintOptions(ALONE, PAPER_HOLE),
    },
}

UPSCALE: dict[PresetName, UpscaleOptions] = {
    "fast": UpscaleOptions(engine=FAST),
    "balanced": UpscaleOptions(engine=BALANCED),
    "paper": UpscaleOptions(UpscalingOptions(tv_weight=0.0, classical=0.0, kernel="lanczos2"), PAPER),
}

# Both networks start where the edges of the picture led to; the kernel's has most to do, and is watched longer.
TWO_NETWORKS = replace(
    FAST,
    stopping=replace(FAST.stopping, alpha=0.1, patience=100, warm_up=100, averaging=0.95, iterations=300, runs=1),
)

DEBLUR: dict[PresetName, DeblurOptions] = {
    "fast": DeblurOptions(engine=TWO_NETWORKS),
    "balanced": DeblurOptions(
        DeblurringOptions(restarts=2),
        replace(TWO_NETWORKS, stopping=replace(TWO_NETWORKS.stopping, iterations=1000)),
    ),
    # Zhuang et al., 2022: from nothing, a kernel of half the picture's side; their weight of 1e-4 beside a sum of
    # squares, in a frame of 256² with residuals of 0.005, is 5e-5 beside a root mean square.
    "paper": DeblurOptions(
        DeblurringOptions(init="none", sparsity_weight=5e-5),
        replace(PAPER, prior=replace(PAPER.prior, seed_channels=8, skip_width=(16,), jitter=1e-3)),
    ),
}

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

# Through maps the textbook's answer explains all that was measured, and a network it is fed to comes back to it.
THROUGH_MAPS = replace(FAST, stopping=replace(FAST.stopping, warm_up=200, patience=50, iterations=400, runs=1))
BY_COIL = ReconstructionOptions(loss="huber")

MRI: dict[EncodingName, dict[PresetName, MriOptions]] = {
    "sense": {
        "fast": MriOptions(reconstruction=ReconstructionOptions(classical=0.8), engine=THROUGH_MAPS),
        "balanced": MriOptions(reconstruction=ReconstructionOptions(classical=0.8), engine=THROUGH_MAPS),
        "paper": MriOptions(reconstruction=ReconstructionOptions(loss="mse", classical=0.0), engine=CONVDECODER),
    },
    "coil": {
        "fast": MriOptions(reconstruction=BY_COIL, engine=SMALL_CONVDECODER),
        "balanced": MriOptions(
            reconstruction=BY_COIL,
            engine=replace(
                SMALL_CONVDECODER,
                prior=replace(SMALL_CONVDECODER.prior, width=(64,) * 7, seed_channels=64),
                stopping=replace(SMALL_CONVDECODER.stopping, iterations=5000, runs=3),
            ),
        ),
        "paper": MriOptions(reconstruction=ReconstructionOptions(loss="mse", classical=0.0), engine=CONVDECODER),
    },
}

# Zhuang et al., 2022: two hourglasses from nothing; sizes, rate and steps are ours, for theirs are not published.
TWO_HOURGLASSES = EngineOptions(
    PriorOptions(width=(32,) * 4, skip_width=(4,), jitter=0.0),
    DescentOptions(learning_rate=0.01),
    StoppingOptions(alpha=0.1, patience=300, warm_up=300, margin=0.01, averaging=0.9, iterations=1600),
)
FROM_PROJECTIONS = FAST

PHASE: dict[PhasingMethod, dict[PresetName, PhaseOptions]] = {
    "classical": {name: PhaseOptions(engine=FAST) for name in ("fast", "balanced", "paper")},
    "sparse": {name: PhaseOptions(engine=FAST) for name in ("fast", "balanced", "paper")},
    "double-dip": {
        "fast": PhaseOptions(engine=TWO_HOURGLASSES),
        "balanced": PhaseOptions(engine=TWO_HOURGLASSES),
        "paper": PhaseOptions(
            engine=replace(
                TWO_HOURGLASSES,
                prior=PriorOptions(),
                stopping=replace(TWO_HOURGLASSES.stopping, iterations=10_000),
            )
        ),
    },
    "hybrid": {name: PhaseOptions(engine=FROM_PROJECTIONS) for name in ("fast", "balanced", "paper")},
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
    # Sitzmann et al., NeurIPS 2020.
    "siren": EngineOptions(
        PriorOptions(prior="siren", width=(256,) * 3, jitter=0.0),
        DescentOptions(learning_rate=1e-4),
        StoppingOptions(iterations=1000),
    ),
}


def settings(
    presets: Mapping[PresetName, Command], preset: PresetName, device_type: str, given: Overrides[Command]
) -> Command:
    """The preset, with the stock of a network that the preset does not have, and every given flag laid over.

    Raises OptionError for options that do not fit each other or the device.
    """
    if preset == "auto":
        preset = "fast" if device_type == "cpu" else "balanced"
    base = presets[preset]
    prior: PriorName | None = given.given.get("prior")
    if prior is not None and prior != base.engine.prior.prior:
        if prior not in STOCK:
            raise OptionError(f"--prior {prior} is too large for pictures; leave it to --kernel-prior.")
        base = replace(base, engine=STOCK[prior])
    chosen = given.over(base)
    if chosen.engine.descent.precision == "bf16" and device_type != "cuda":
        raise OptionError("--precision bf16 needs a CUDA device; leave it out here.")
    return chosen


def mri_recipes(
    preset: PresetName, device_type: str, given: Overrides[MriOptions]
) -> dict[EncodingName, MriOptions]:
    """The recipe of each model that the flags fit; the scan decides which of them is used.

    Raises OptionError where they do not fit the model that is asked for, or none.
    """
    wanted = "sense" if given.given.get("maps") else given.given.get("model") or "auto"
    recipes: dict[EncodingName, MriOptions] = {}
    misfits: list[OptionError] = []
    for model, presets in MRI.items():
        try:
            recipes[model] = settings(presets, preset, device_type, given)
        except OptionError as error:
            misfits.append(error)
            if model == wanted:
                raise
    if not recipes:
        raise misfits[0]
    return recipes
