"""`dipcli tomography`: slices from projections."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.help import Preset
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides
from dipcli.tomography.options import TomographyOptions


def tomography(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT", help="Projections, folders of views, folders with -r, or @list.txt."),
    ],
    files: FileOptions,
    knobs: Overrides[TomographyOptions],
    preset: Preset = "auto",
    inspect: Annotated[
        bool, typer.Option("--inspect", help="Say what a scan holds, and reconstruct nothing.")
    ] = False,
) -> int:
    """Reconstruct slices from few or noisy projections, over half a turn or a part of it, and from PET counts.

    Reads Data Exchange and other HDF5 (with flat and dark fields and angles), NumPy, TIFF stacks, folders of views
    and MATLAB files; writes .tif, .npy, .h5 (`reconstruction`) or .png, and beside it NAME.run.json and
    NAME.preview.png. Axes are (view, detector) or (view, slice, detector); values are per pixel of the detector.
    Beams are parallel, or a fan (--source-distance), not a cone.

    Example: dipcli tomography scan.h5 -o slice.tif
    Example: dipcli tomography fan.npy --angles 360 --source-distance 300 -o slice.tif
    """
    from dipcli.batch.selection import as_planned, look_at, open_batch
    from dipcli.options.presets import settings
    from dipcli.tomography.naming import projections
    from dipcli.tomography.presets import TOMOGRAPHY

    asked = settings(TOMOGRAPHY, preset, None, knobs)
    naming = projections(asked.reading.format, recursive=files.recursive)
    named = [("--flat", asked.reading.flat), ("--dark", asked.reading.dark)]
    named += [("--attenuation", asked.beam.attenuation), ("--randoms", asked.beam.randoms)]
    batch = look_at(inputs, files, naming) if inspect else open_batch(inputs, files, naming, needed=named)

    from functools import partial

    from dipcli.batch.run import open_context, run
    from dipcli.tomography.inspection import inspect_projections
    from dipcli.tomography.medium import Projections

    context = open_context("tomography", batch, preset)
    options = as_planned(batch, settings(TOMOGRAPHY, context.preset, context.device.type, knobs))
    look = partial(inspect_projections, options=options) if inspect else None
    return run(context, batch, Projections(options), {"": options}, look=look)
