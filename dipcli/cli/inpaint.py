"""`dipcli inpaint`: a whole picture from one with parts missing."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides
from dipcli.options.presets import PRESETS, PresetName
from dipcli.pictures.options import InpaintOptions


def inpaint(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[InpaintOptions],
    preset: Annotated[PresetName, typer.Option(help=PRESETS)] = "auto",
) -> int:
    """Fill in what is missing of a picture: scratches, text, dead pixels, holes.

    In a mask, white means missing. Of a float file, what is not a number is missing too. Known pixels come
    back bit by bit, unless --blend or --denoise is given.
    Example: dipcli inpaint photo.png --mask scratches.png -o whole.png
    """

    from dipcli.batch.run import open_context, run
    from dipcli.options.presets import settings
    from dipcli.pictures.medium import MaskedPictures
    from dipcli.pictures.presets import INPAINT

    context = open_context("inpaint", files, preset)
    recipes = {kind: settings(presets, preset, context.device.type, knobs) for kind, presets in INPAINT.items()}
    return run(context, inputs, MaskedPictures(knobs.over(InpaintOptions()), recipes))
