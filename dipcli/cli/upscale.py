"""`dipcli upscale`: a large picture from a small one."""

from dipcli.cli.help import PictureInputs, Preset
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides
from dipcli.pictures.options import UpscaleOptions


def upscale(
    inputs: PictureInputs,
    files: FileOptions,
    knobs: Overrides[UpscaleOptions],
    preset: Preset = "auto",
) -> int:
    """Enlarge a small picture by any factor, so that reducing it again gives what went in.

    The input is the small picture itself; nothing is reduced first. The record has the root mean square
    difference between the reduced result and the input as `consistency_rmse`, white being 1.

    Example: dipcli upscale small.png --factor 4 -o large.png
    Example: dipcli upscale -r thumbs/ --factor 2 -o large/
    """

    from dipcli.batch.selection import as_planned, open_batch
    from dipcli.options.presets import settings
    from dipcli.pictures.naming import PICTURES
    from dipcli.pictures.presets import UPSCALE

    settings(UPSCALE, preset, None, knobs)
    batch = open_batch(inputs, files, PICTURES)

    from dipcli.batch.run import open_context, run
    from dipcli.pictures.tasks import upscaling

    context = open_context("upscale", batch, preset)
    options = as_planned(batch, settings(UPSCALE, context.preset, context.device.type, knobs))
    return run(context, batch, upscaling(options), {"": options})
