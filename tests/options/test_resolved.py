"""All options of a command as one list of names and values, there and back."""

import json
from dataclasses import fields, is_dataclass

import pytest

from dipcli.blur.presets import DEBLUR
from dipcli.diffraction.presets import presets_of
from dipcli.errors import OptionError
from dipcli.io.run_record import to_json
from dipcli.mri.presets import MRI
from dipcli.options.engine import WHEN, EngineOptions
from dipcli.options.resolved import flattened, restored
from dipcli.pictures.presets import DENOISE, INPAINT, UPSCALE
from dipcli.tomography.presets import TOMOGRAPHY

COMMANDS = {
    "denoise": [DENOISE],
    "inpaint": INPAINT.values(),
    "upscale": [UPSCALE],
    "deblur": [DEBLUR],
    "mri": MRI.values(),
    "phase-retrieve": [presets_of(method) for method in ("sparse", "hybrid", "double-dip")],
    "tomography": [TOMOGRAPHY],
}


def names_in(options):
    nested = {field.name: getattr(options, field.name) for field in fields(options)}
    return [name for key, value in nested.items() for name in (names_in(value) if is_dataclass(value) else [key])]


@pytest.mark.parametrize("command", COMMANDS)
def test_any_preset_makes_itself_of_any_other(command):
    presets = [preset for kind in COMMANDS[command] for preset in kind.values()]
    for one in presets:
        assert len(names_in(one)) == len(flattened(one)) + len(WHEN)  # no name twice
        flat = json.loads(to_json(flattened(one)))
        assert all(restored(other, flat) == one for other in presets)


@pytest.mark.parametrize(
    "flat",
    [{"width": "16"}, {"width": [0.5]}, {"runs": 1.5}, {"stop": "soon"}, {"filter_size": 4}],
)
def test_what_an_option_cannot_be_is_refused(flat):
    with pytest.raises(OptionError):
        restored(EngineOptions(), flat)
