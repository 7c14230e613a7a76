"""`dipcli denoise`: a clean picture from a noisy one."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.cli.presets import PresetName
from dipcli.options import DenoiseOptions, FileOptions


def denoise(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[DenoiseOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Remove the noise of a picture, whatever its kind and level, without any training data.

    Writes the picture, and beside it NAME.run.json, NAME.history.csv and, for several runs, NAME.spread.tif.
    Example: dipcli denoise noisy.png -o clean.png
    """
    from dataclasses import asdict

    from dipcli.cli.outputs import process_picture
    from dipcli.cli.presets import denoise_settings
    from dipcli.cli.run import Process, run
    from dipcli.io.images import SUFFIXES, load_picture
    from dipcli.tasks.denoising import state_denoising

    def build(device_type: str) -> Process:
        options = denoise_settings(preset, device_type, knobs)
        return lambda item, session: process_picture(
            item,
            session,
            load_picture(item.input, volume=options.denoising.volume),
            lambda frame: state_denoising(frame, options.engine, options.denoising),
            {"preset": preset, **asdict(options.denoising)},
        )

    run("denoise", inputs, files, SUFFIXES, build)
