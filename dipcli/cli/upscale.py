"""`dipcli upscale`: a large picture from a small one."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName
from dipcli.pictures.options import UpscaleOptions


def upscale(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[UpscaleOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Enlarge a small picture by any factor, so that reducing it again gives what went in.

    The input is the small picture itself; nothing is reduced first. The record has the root mean square
    difference between the reduced result and the input as `consistency_rmse`, white being 1.
    Example: dipcli upscale small.png --factor 4 -o large.png
    """
    from dipcli.batch.run import Process, run
    from dipcli.options.presets import UPSCALE, settings
    from dipcli.pictures.files.images import SUFFIXES, load_picture
    from dipcli.pictures.upscaling import state_upscaling
    from dipcli.pipeline.process import process_picture

    def build(device_type: str) -> Process:
        options = settings(UPSCALE, preset, device_type, knobs)
        return lambda item, session: process_picture(
            item,
            session,
            load_picture(item.input, volume=options.upscaling.volume),
            lambda frame: state_upscaling(frame, options.engine, options.upscaling),
            preset,
            options.upscaling.tile if options.upscaling.factor.is_integer() else 0,
        )

    run("upscale", inputs, files, SUFFIXES, build)
