"""`dipcli inpaint`: a whole picture from one with parts missing."""

from dipcli.cli.help import PictureInputs, Preset
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides
from dipcli.pictures.options import InpaintOptions


def inpaint(
    inputs: PictureInputs,
    files: FileOptions,
    knobs: Overrides[InpaintOptions],
    preset: Preset = "auto",
) -> int:
    """Fill in what is missing of a picture: scratches, text, dead pixels, holes.

    In a mask, white means missing. Of a float file, what is not a number is missing too. Known pixels come
    back bit by bit, unless --blend or --denoise is given.

    Example: dipcli inpaint photo.png --mask scratches.png -o whole.png
    Example: dipcli inpaint print.tif --mask auto-scratches --show-mask -o whole.tif
    """

    from dipcli.batch.selection import as_planned, open_batch
    from dipcli.pictures.naming import PICTURES, SHOWING_MASKS
    from dipcli.pictures.presets import inpaint_options

    inpaint_options(preset, None, knobs)
    options = knobs.over(InpaintOptions())
    naming = SHOWING_MASKS if options.show_mask else PICTURES
    batch = open_batch(inputs, files, naming, needed=[("--mask", options.mask_file)])

    from dipcli.batch.run import open_context, run
    from dipcli.pictures.tasks import inpainting

    context = open_context("inpaint", batch, preset)
    options = as_planned(batch, options)
    own = inpaint_options(context.preset, context.device.type, knobs)
    recipes = {kind: as_planned(batch, recipe, kind) for kind, recipe in own.items()}
    return run(context, batch, inpainting(options, recipes), {"": options, **recipes})
