"""Presets of the reconstruction of scans, by the model of the coils."""

from collections.abc import Mapping
from dataclasses import fields, replace

from dipcli.errors import OptionError
from dipcli.mri.options import EncodingName, ModelName, MriOptions, ReconstructionOptions
from dipcli.options.engine import DescentOptions, PriorOptions, StoppingOptions
from dipcli.options.overrides import Overrides
from dipcli.options.presets import CONVDECODER, FAST, SMALL_CONVDECODER, PresetName, settings

# Through maps the classical's answer explains all that was measured, and a network it is fed to comes back to it.
THROUGH_MAPS = replace(FAST, stopping=replace(FAST.stopping, warm_up=200, patience=50, iterations=400, runs=1))
# Flags that mean that there is to be a network.
OF_NETWORKS = {
    field.name for kind in (PriorOptions, DescentOptions, StoppingOptions) for field in fields(kind)
} - {"max_time", "precision", "memory_format", "compile"}
BY_COIL = ReconstructionOptions(loss="huber")
LARGE_CONVDECODER = replace(
    SMALL_CONVDECODER,
    prior=replace(SMALL_CONVDECODER.prior, width=(64,) * 7, seed_channels=64),
    stopping=replace(SMALL_CONVDECODER.stopping, iterations=5000, runs=3),
)

MRI: dict[EncodingName, dict[PresetName, MriOptions]] = {
    "sense": {
        "instant": MriOptions(reconstruction=ReconstructionOptions(classical=1.0), engine=THROUGH_MAPS),
        "fast": MriOptions(reconstruction=ReconstructionOptions(classical=1.0), engine=THROUGH_MAPS),
        "balanced": MriOptions(engine=THROUGH_MAPS),
        "best": MriOptions(engine=replace(THROUGH_MAPS, stopping=replace(THROUGH_MAPS.stopping, runs=4))),
        "paper": MriOptions(reconstruction=ReconstructionOptions(loss="mse", classical=0.0), engine=CONVDECODER),
    },
    "coil": {
        "instant": MriOptions(reconstruction=replace(BY_COIL, classical=1.0), engine=SMALL_CONVDECODER),
        "fast": MriOptions(reconstruction=BY_COIL, engine=SMALL_CONVDECODER),
        "balanced": MriOptions(reconstruction=BY_COIL, engine=LARGE_CONVDECODER),
        "best": MriOptions(
            reconstruction=BY_COIL,
            engine=replace(LARGE_CONVDECODER, stopping=replace(LARGE_CONVDECODER.stopping, runs=8)),
        ),
        "paper": MriOptions(reconstruction=ReconstructionOptions(loss="mse", classical=0.0), engine=CONVDECODER),
    },
}


def recipes_of(
    preset: PresetName, device_type: str | None, given: Overrides[MriOptions]
) -> dict[EncodingName, MriOptions]:
    """All options for each model of the coils whose network takes every flag.

    Raises OptionError where the flags fit no model, or not the one that is asked for.
    """
    wanted: ModelName = "sense" if given.given.get("maps") else given.given.get("model") or "auto"
    recipes: dict[EncodingName, MriOptions] = {}
    misfits: dict[ModelName, OptionError] = {}
    for model, presets in MRI.items():
        try:
            recipes[model] = _with_share(settings(presets, preset, device_type, given), model, given)
        except OptionError as error:
            misfits[model] = error
    if wanted in misfits or not recipes:
        raise misfits.get(wanted) or next(iter(misfits.values()))
    return recipes


def _with_share(options: MriOptions, model: EncodingName, given: Overrides[MriOptions]) -> MriOptions:
    """Through maps `fast` fits no network, unless its own flags ask for one; held-out k-space decides its share.

    With the truth known, the best share of one gained 0.09 dB at most there (tests/bench/RESULTS.md).
    """
    asked = options.reconstruction
    is_wanted = any(given.given.get(name) is not None for name in OF_NETWORKS)
    is_given = given.given.get("classical") is not None
    if model == "coil" or asked.classical != 1 or is_given or not is_wanted:
        return options
    return replace(options, reconstruction=replace(asked, classical=None))


def recipe_among(recipes: Mapping[EncodingName, MriOptions], model: EncodingName) -> MriOptions:
    """The options for a model, which the scan decides. Raises OptionError where there are none."""
    if model in recipes:
        return recipes[model]
    raise OptionError(
        f"The scan needs the {model} model, whose network does not take every flag that was given; "
        f"--model {model} says which."
    )
