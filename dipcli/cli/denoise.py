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
    """Remove the noise of a picture, a sound or a series, whatever its kind and level, without any training data.

    With --jpeg, remove the artefacts of compression from a JPEG file.
    Writes the picture, and beside it NAME.run.json, NAME.history.csv and, for several runs, NAME.spread.tif.
    Sound (.wav) loses noise, clicks and rumble; of the options, --strength and --residual are for it, too. Series
    (.csv, with a header) have gaps filled in, and NAME.sd.csv beside them: how sure each value is.

    Example: dipcli denoise noisy.png -o clean.png
    Example: dipcli denoise -r scans/ -o clean/ --jobs 4 --resume
    Example: dipcli denoise photo.jpg --jpeg -o photo.png
    Example: dipcli denoise talk.wav -o clean.wav
    Example: dipcli denoise sensors.csv -o clean.csv
    """
    from dipcli.batch.selection import as_planned, open_batch
    from dipcli.pictures.naming import NOISY
    from dipcli.pictures.presets import denoise_options

    denoise_options(preset, None, knobs)
    batch = open_batch(inputs, files, NOISY)

    from dipcli.batch.run import open_context, run
    from dipcli.pictures.tasks import denoising
    from dipcli.series.medium import SeriesFiles
    from dipcli.sound.medium import Sounds

    context = open_context("denoise", batch, preset)
    options = as_planned(batch, denoise_options(context.preset, context.device.type, knobs))
    medium = denoising(options)
    given = [name for name, value in knobs.given.items() if value is not None]
    medium.others = {
        ".wav": Sounds(options.strength, residual=options.residual, given=given),
        ".csv": SeriesFiles(options.strength, given=given),
    }
    return run(context, batch, medium, {"": options})
