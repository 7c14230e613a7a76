"""`dipcli denoise`: a clean picture from a noisy one."""

from dipcli.cli.help import PictureInputs, Preset
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides
from dipcli.pictures.options import DenoiseOptions


def denoise(
    inputs: PictureInputs,
    files: FileOptions,
    knobs: Overrides[DenoiseOptions],
    preset: Preset = "auto",
) -> int:
    """Remove the noise of a picture, whatever its kind and level, without any training data.

    With --jpeg, remove the artefacts of compression from a JPEG file.
    Writes the picture, and beside it NAME.run.json, NAME.history.csv and, for several runs, NAME.spread.tif.

    Example: dipcli denoise noisy.png -o clean.png
    Example: dipcli denoise -r scans/ -o clean/ --jobs 4 --resume
    Example: dipcli denoise photo.jpg --jpeg -o photo.png
    """

    from functools import partial

    from dipcli.batch.selection import as_planned, open_batch
    from dipcli.errors import OptionError
    from dipcli.options.presets import settings
    from dipcli.pictures.naming import PICTURES
    from dipcli.pictures.presets import DENOISE

    asked = settings(DENOISE, preset, None, knobs)
    if asked.jpeg:
        if asked.strength < 1 or asked.chroma_only:
            raise OptionError(
                "--jpeg keeps within what the file may hold; leave --strength and --chroma-only out."
            )
        for name, why in (("sigma", "noise"), ("loss", "noise"), ("tile", "size")):
            if knobs.given.get(name) is not None:
                raise OptionError(f"--jpeg knows its {why} from the file; leave --{name} out.")
    batch = open_batch(inputs, files, PICTURES)

    from dipcli.batch.run import open_context, run
    from dipcli.pictures.denoising import REACH, decide, state_denoising, workload_of
    from dipcli.pictures.files.images import in_own_range
    from dipcli.pictures.medium import JpegFiles, Pictures

    context = open_context("denoise", batch, preset)
    options = as_planned(batch, settings(DENOISE, context.preset, context.device.type, knobs))
    if options.jpeg:
        return run(context, batch, JpegFiles(options), {"": options})
    medium = Pictures(
        partial(state_denoising, options=options),
        partial(workload_of, options=options),
        volume=options.volume,
        tile=options.tile,
        sigma=options.sigma,
        rescale=partial(in_own_range, reach=REACH, from_zero=options.loss == "poisson"),
        decide=partial(decide, options=options),
    )
    return run(context, batch, medium, {"": options})
