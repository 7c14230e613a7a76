"""`dipcli deblur`: the sharp picture, and the kernel that blurred it."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.blur.options import DeblurOptions
from dipcli.cli.expand import Overrides
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName


def deblur(
    inputs: Annotated[list[Path], typer.Argument(help="Pictures, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[DeblurOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Remove an even blur, whether its kernel is known (--kernel) or not: a shaken camera, a lens out of focus.

    Beside the picture come NAME.kernel.npy (of sum 1, for convolution) and NAME.kernel.png. Where the kernel that
    was found is not believable, the input is returned with a warning. With --reference, scores are also given at
    the best shift, for picture and kernel can be shifted against each other.
    Example: dipcli deblur shaken.jpg -o sharp.png
    """
    from dipcli.batch.run import Process, run
    from dipcli.blur.deblurring import state_deblurring
    from dipcli.blur.kernel_option import given_kernel, true_kernel
    from dipcli.options.presets import DEBLUR, settings
    from dipcli.pictures.files.images import SUFFIXES, load_picture
    from dipcli.pipeline.process import process_picture

    def build(device_type: str) -> Process:
        options = settings(DEBLUR, preset, device_type, knobs)
        kernel, truth = given_kernel(options.deblurring), true_kernel(options.deblurring)
        return lambda item, session: process_picture(
            item,
            session,
            load_picture(item.input),
            lambda frame: state_deblurring(frame, options.engine, options.deblurring, kernel, truth),
            preset,
        )

    run("deblur", inputs, files, SUFFIXES, build)
