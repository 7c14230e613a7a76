"""`dipcli mri`: an image from accelerated k-space."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.help import Preset
from dipcli.mri.options import MriOptions
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides


def mri(
    inputs: Annotated[list[Path], typer.Argument(metavar="INPUT", help="Scans, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[MriOptions],
    preset: Preset = "auto",
    inspect: Annotated[
        bool, typer.Option("--inspect", help="Say what a scan holds, and reconstruct nothing.")
    ] = False,
) -> int:
    """Reconstruct accelerated Cartesian multi-coil scans, without training data. For research, not for diagnosis.

    Reads fastMRI and other HDF5, ISMRMRD, BART (.cfl), NumPy and MATLAB files; writes .h5 (`reconstruction`),
    .nii, .nii.gz, .npy, .cfl or .png, and beside it NAME.run.json, NAME.history.csv and NAME.preview.png, which
    shows zero-filled and classical reconstructions beside the result. Frequency 0 is in the centre.

    Example: dipcli mri scan.h5 --inspect
    Example: dipcli mri full.cfl --undersample 4 -o recon.h5
    """

    from functools import partial

    from dipcli.batch.selection import as_planned, look_at, open_batch
    from dipcli.mri.naming import scans
    from dipcli.mri.presets import recipe_among, recipes_of

    recipes_of(preset, None, knobs)
    options = knobs.over(MriOptions())
    reading, maps = options.reading, options.reconstruction.maps
    named = [("--mask", reading.mask), ("--maps", maps), ("--noise", reading.noise)]
    naming = scans(options.reading.format)
    batch = look_at(inputs, files, naming) if inspect else open_batch(inputs, files, naming, needed=named)

    from dipcli.batch.run import open_context, run
    from dipcli.mri.inspection import inspect_scan
    from dipcli.mri.medium import Scans

    context = open_context("mri", batch, preset)
    options = as_planned(batch, options)
    own = recipes_of(context.preset, context.device.type, knobs)
    recipes = {model: as_planned(batch, each, model) for model, each in own.items()}
    recipe = partial(recipe_among, recipes)
    look = partial(inspect_scan, options=options, recipe=recipe) if inspect else None
    return run(context, batch, Scans(options, recipe), {"": options, **recipes}, look=look)
