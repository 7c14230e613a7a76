"""`dipcli inpaint`: a whole picture from one with parts missing."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName
from dipcli.pictures.options import InpaintOptions


def inpaint(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[InpaintOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Fill in what is missing of a picture: scratches, text, dead pixels, holes.

    In a mask, white means missing. Of a float file, what is not a number is missing too. Known pixels come
    back bit by bit, unless --blend or --denoise is given.
    Example: dipcli inpaint photo.png --mask scratches.png -o whole.png
    """
    from dipcli.batch.run import Process, run
    from dipcli.options.presets import INPAINT, settings
    from dipcli.pictures.files.images import SUFFIXES
    from dipcli.pictures.inpainting import state_inpainting
    from dipcli.pictures.mask_option import load_with_holes
    from dipcli.pipeline.process import process_picture

    def build(device_type: str) -> Process:
        recipes = {kind: settings(presets, preset, device_type, knobs) for kind, presets in INPAINT.items()}
        told = recipes["scattered"].inpainting
        return lambda item, session: process_picture(
            item,
            session,
            load_with_holes(item, told),
            lambda frame: state_inpainting(frame, recipes),
            preset,
            told.tile,
        )

    run("inpaint", inputs, files, SUFFIXES, build)
