"""`dipcli denoise`: a clean picture from a noisy one."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.cli.presets import PresetName
from dipcli.options import DenoisingOptions, EngineOptions, FileOptions

EPILOG = "Examples: dipcli denoise noisy.png -o clean.png   |   dipcli denoise -r scans/ -o clean/ --json"


def denoise(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    noise: DenoisingOptions,
    engine: Overrides[EngineOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Remove the noise of a picture, whatever its kind and level, without any training data.

    Writes the picture, NAME.run.json, NAME.history.csv and, for several runs, NAME.spread.tif.
    PNG, JPEG, TIFF and .npy keep their depth, profile and metadata.
    """
    from dipcli.cli.denoising import denoise_file
    from dipcli.cli.presets import settings
    from dipcli.cli.run import run
    from dipcli.io.images import SUFFIXES

    run(
        "denoise",
        inputs,
        files,
        SUFFIXES,
        lambda device: lambda item, session: denoise_file(item, session, settings(preset, device.type, engine), noise),
    )
