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

    Beside the picture come NAME.kernel.npy (of sum 1, for convolution) and NAME.kernel.png. Where the kernel that
    was found is not believable, the input is returned with a warning. With --reference, scores are also given at
    the best shift, for picture and kernel can be shifted against each other.

    Example: dipcli deblur shaken.jpg -o sharp.png
    Example: dipcli deblur disk.png --kernel disk:4 -o sharp.png
    """

    from functools import partial

    from dipcli.batch.selection import as_planned, open_batch
    from dipcli.blur.naming import BLURRED
    from dipcli.blur.presets import DEBLUR
    from dipcli.options.presets import settings

    asked = settings(DEBLUR, preset, None, knobs)
    needed = [("--kernel", asked.kernel_file), ("--reference-kernel", asked.reference_kernel)]
    batch = open_batch(inputs, files, BLURRED, needed=needed)

    from dipcli.batch.run import open_context, run
    from dipcli.blur.deblurring import HEADROOM, state_deblurring, workload_of
    from dipcli.blur.kernel_option import given_kernel, true_kernel
    from dipcli.blur.medium import BlurredPictures
    from dipcli.pictures.files.images import in_own_range

    context = open_context("deblur", batch, preset)
    options = as_planned(batch, settings(DEBLUR, context.preset, context.device.type, knobs))
    kernel, truth = given_kernel(options), true_kernel(options)
    stated = partial(state_deblurring, options=options, kernel=kernel, truth=truth)
    sized = partial(workload_of, options=options, kernel=kernel)
    is_light = options.gamma > 1 or options.method == "rl"
    rescale = partial(in_own_range, headroom=HEADROOM, from_zero=is_light)
    medium = BlurredPictures(stated, sized, rescale=rescale, sigma=options.sigma, fills_unseen=True)
    return run(context, batch, medium, {"": options})
