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

    With --jpeg, remove the artefacts of compression from a JPEG file.
    Writes the picture, and beside it NAME.run.json, NAME.history.csv and, for several runs, NAME.spread.tif.
    Example: dipcli denoise noisy.png -o clean.png
    """
    from dipcli.batch.plan import Item
    from dipcli.cli.outputs import process_picture
    from dipcli.cli.presets import DEJPEG, DENOISE, settings
    from dipcli.cli.run import Process, run
    from dipcli.errors import OptionError
    from dipcli.io.images import SUFFIXES, load_picture
    from dipcli.io.jpeg import read_jpeg
    from dipcli.tasks.dejpeg import state_dejpeg
    from dipcli.tasks.denoising import state_denoising
    from dipcli.tasks.statement import State

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
