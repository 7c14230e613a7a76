"""`dipcli denoise`: a clean picture from a noisy one."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName
from dipcli.pictures.options import DenoiseOptions


def denoise(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[DenoiseOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Remove the noise of a picture, whatever its kind and level, without any training data.

    With --jpeg, remove the artefacts of compression from a JPEG file.
    Writes the picture, and beside it NAME.run.json, NAME.history.csv and, for several runs, NAME.spread.tif.
    Example: dipcli denoise noisy.png -o clean.png
    """
    from dipcli.batch.plan import Item
    from dipcli.batch.run import Process, run
    from dipcli.errors import OptionError
    from dipcli.options.presets import DEJPEG, DENOISE, settings
    from dipcli.pictures.dejpeg import state_dejpeg
    from dipcli.pictures.denoising import state_denoising
    from dipcli.pictures.files.images import SUFFIXES, load_picture
    from dipcli.pictures.files.jpeg import read_jpeg
    from dipcli.pipeline.process import process_picture
    from dipcli.pipeline.statement import State

    def build(device_type: str) -> Process:
        presets = DEJPEG if knobs.given.get("jpeg") else DENOISE
        for name, why in (("sigma", "knows its noise"), ("loss", "knows its noise"), ("tile", "knows its size")):
            if knobs.given.get("jpeg") and knobs.given.get(name) is not None:
                raise OptionError(f"--jpeg {why} from the file; leave --{name} out.")
        options = settings(presets, preset, device_type, knobs)

        def state_of(item: Item) -> State:
            if not options.denoising.jpeg:
                return lambda frame: state_denoising(frame, options.engine, options.denoising)
            encoding = read_jpeg(item.input)
            return lambda frame: state_dejpeg(frame, encoding, options.engine, options.denoising)

        return lambda item, session: process_picture(
            item,
            session,
            load_picture(item.input, volume=options.denoising.volume),
            state_of(item),
            preset,
            0 if options.denoising.jpeg else options.denoising.tile,
        )

    run("denoise", inputs, files, SUFFIXES, build)
