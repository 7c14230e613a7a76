"""Presets of the restorations of pictures."""

from dataclasses import replace
from typing import Any

from dipcli.errors import OptionError
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.options.overrides import Overrides
from dipcli.options.presets import BALANCED, BEST, FAST, PAPER, PresetName, settings
from dipcli.pictures.options import DenoiseOptions, InpaintOptions, MaskKind, UpscaleOptions

DENOISE: dict[PresetName, DenoiseOptions] = {
    "instant": DenoiseOptions(classical=1.0, passes=1, engine=FAST),
    "fast": DenoiseOptions(engine=FAST),
    "balanced": DenoiseOptions(engine=BALANCED),
    "best": DenoiseOptions(engine=BEST),
    "paper": DenoiseOptions(loss="mse", tv_weight=0.0, classical=0.0, engine=PAPER),
}

# Jo, Chun and Choi, ICCV 2021: the network is fed the noisy picture, and stopped where its estimated risk is none.
# You et al., NeurIPS 2020: from noise, for the classical estimate has the errors in it.
LOSS_STOCK: dict[str, dict[str, Any]] = {
    "sure": {"seed_kind": "guide", "stop": "zero-crossing", "tv_weight": 0.0},
    "sparse": {
        "width": (32,) * 4,
        "seed_kind": "uniform",
        "seed_scale": 0.1,
        "jitter": 1 / 30,
        "classical": 0.0,
        "tv_weight": 0.0,
        "patience": 100,
        "warm_up": 100,
        "averaging": 0.95,
        "iterations": 600,
    },
}

# Without noise nothing is over-fitted and no variance rises again: known pixels that were hidden say when to stop.
FILLING = replace(FAST, stopping=replace(FAST.stopping, stop="held-out"))
# So close to known values the network was never better: it is not fitted unless there is time to waste.
AT_ONCE = InpaintOptions(classical=1.0, engine=FILLING)
CLOSE = InpaintOptions(engine=FILLING)
LONG_FILLING = replace(FILLING, stopping=replace(FILLING.stopping, runs=BEST.stopping.runs))

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
INVENTED = InpaintOptions(tv_weight=0.0, engine=HOLE)

INPAINT: dict[MaskKind, dict[PresetName, InpaintOptions]] = {
    "scattered": {
        "instant": AT_ONCE,
        "fast": AT_ONCE,
        "balanced": CLOSE,
        "best": replace(CLOSE, engine=LONG_FILLING),
        "paper": replace(ALONE, engine=PAPER_FILLING),
    },
    "strokes": {
        "instant": AT_ONCE,
        "fast": AT_ONCE,
        "balanced": CLOSE,
        "best": replace(CLOSE, engine=LONG_FILLING),
        "paper": replace(ALONE, engine=PAPER_STROKES),
    },
    "holes": {
        "instant": AT_ONCE,
        "fast": INVENTED,
        "balanced": replace(INVENTED, engine=replace(HOLE, stopping=replace(HOLE.stopping, iterations=2000))),
        "best": replace(INVENTED, engine=replace(HOLE, stopping=replace(HOLE.stopping, iterations=2000, runs=3))),
        "paper": replace(ALONE, engine=PAPER_HOLE),
    },
}

UPSCALE: dict[PresetName, UpscaleOptions] = {
    "instant": UpscaleOptions(classical=1.0, engine=FAST),
    "fast": UpscaleOptions(engine=FAST),
    "balanced": UpscaleOptions(engine=BALANCED),
    "best": UpscaleOptions(engine=BEST),
    "paper": UpscaleOptions(tv_weight=0.0, classical=0.0, kernel="lanczos2", engine=PAPER),
}


def denoise_options(
    preset: PresetName, device_type: str | None, given: Overrides[DenoiseOptions]
) -> DenoiseOptions:
    """The options of `dipcli denoise`. Raises OptionError for those that do not fit each other or the device."""
    options = settings(DENOISE, preset, device_type, _with_stock(given))
    _check_risk(options)
    if not options.jpeg:
        return options
    if options.strength < 1 or options.chroma_only:
        raise OptionError("--jpeg keeps within what the file may hold; leave --strength and --chroma-only out.")
    for name, why in (("sigma", "noise"), ("loss", "noise"), ("tile", "size")):
        if given.given.get(name) is not None:
            raise OptionError(f"--jpeg knows its {why} from the file; leave --{name} out.")
    return options


def _with_stock(given: Overrides[DenoiseOptions]) -> Overrides[DenoiseOptions]:
    """For the loss that is given, what its authors have, below all that is given."""
    stock = LOSS_STOCK.get(given.given.get("loss") or "auto", {})
    return Overrides({**stock, **{name: value for name, value in given.given.items() if value is not None}})


def _check_risk(options: DenoiseOptions) -> None:
    """Raise OptionError where a risk is to be estimated, or watched, that cannot be."""
    prior = options.engine.prior
    if options.loss == "sure":
        if prior.prior not in ("skip", "projector") or prior.seed_kind != "guide" or prior.from_guide:
            raise OptionError(
                "--loss sure asks a network how it answers the noise that it is fed: use --prior skip with "
                "--seed-kind guide, and leave --from-guide out."
            )
    elif options.engine.stopping.stop == "zero-crossing":
        raise OptionError("--stop zero-crossing watches the risk that --loss sure estimates; use both, or none.")


def inpaint_options(
    preset: PresetName, device_type: str | None, given: Overrides[InpaintOptions]
) -> dict[MaskKind, InpaintOptions]:
    """The options of `dipcli inpaint` for each kind of what is missing. Raises OptionError as `settings` does."""
    return {kind: settings(presets, preset, device_type, given) for kind, presets in INPAINT.items()}
