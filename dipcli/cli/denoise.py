"""`dipcli denoise`: a clean picture from a noisy one."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.cli.presets import PresetName
from dipcli.options import DenoisingOptions, EngineOptions, FileOptions


def denoise(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    noise: DenoisingOptions,
    engine: Overrides[EngineOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Remove the noise of a picture, whatever its kind and level, without any training data.

    Writes the picture, and beside it NAME.run.json, NAME.history.csv and, for several runs, NAME.spread.tif.
    Example: dipcli denoise noisy.png -o clean.png
    """
    from dataclasses import asdict

    from dipcli.cli.outputs import process_picture
    from dipcli.cli.presets import settings
    from dipcli.cli.run import Process, run
    from dipcli.io.images import SUFFIXES
    from dipcli.tasks.denoising import state_denoising

    def build(device_type: str) -> Process:
        options = settings(preset, device_type, engine)
        return lambda item, session: process_picture(
            item,
            session,
            lambda frame: state_denoising(frame, options, noise),
            {"preset": preset, **asdict(noise)},
            volume=noise.volume,
        )

    run("denoise", inputs, files, SUFFIXES, build)
