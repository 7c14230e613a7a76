"""`dipcli deblur`: the sharp picture, and the kernel that blurred it."""

from dipcli.blur.options import DeblurOptions
from dipcli.cli.help import PictureInputs, Preset
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides


def deblur(
    inputs: PictureInputs,
    files: FileOptions,
    knobs: Overrides[DeblurOptions],
    preset: Preset = "auto",
) -> int:
    """Remove an even blur, whether its kernel is known (--kernel) or not: a shaken camera, a lens out of focus.

    Beside the picture come NAME.kernel.npy (of sum 1, for convolution) and NAME.kernel.png; where parts of the
    picture have different kernels, NAME.kernel_map.png shows them in their places. Where the kernel that was
    found is not believable, the input is returned with a warning. With --reference, scores are also given at the
    best shift, for picture and kernel can be shifted against each other.

    Example: dipcli deblur shaken.jpg -o sharp.png
    Example: dipcli deblur disk.png --kernel disk:4 -o sharp.png
    """

    from dipcli.batch.selection import as_planned, open_batch
    from dipcli.blur.naming import BLURRED
    from dipcli.blur.presets import DEBLUR
    from dipcli.options.presets import settings

    asked = settings(DEBLUR, preset, None, knobs)
    needed = [("--kernel", asked.kernel_file), ("--reference-kernel", asked.reference_kernel)]
    batch = open_batch(inputs, files, BLURRED, needed=needed)

    from dipcli.batch.run import open_context, run
    from dipcli.blur.medium import deblurring

    context = open_context("deblur", batch, preset)
    options = as_planned(batch, settings(DEBLUR, context.preset, context.device.type, knobs))
    return run(context, batch, deblurring(options), {"": options})
