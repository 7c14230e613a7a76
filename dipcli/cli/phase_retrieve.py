"""`dipcli phase-retrieve`: an object from its diffraction pattern."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.help import Preset
from dipcli.diffraction.options import PhaseOptions
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides


def phase_retrieve(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="INPUT", help="Patterns, folders of frames, FILE.h5:NAME, folders with -r, or @list.txt."
        ),
    ],
    files: FileOptions,
    knobs: Overrides[PhaseOptions],
    preset: Preset = "auto",
) -> int:
    """Find a complex object from the intensity of its far-field diffraction, in two or three dimensions.

    The object is thought to fill at most half of the field in each dimension; no support is needed. Reads CXI,
    HDF5, NumPy, TIFF and MATLAB (counts, frequency 0 in the centre; gaps and masks of detectors are known);
    writes .cxi or .npz, and beside it NAME.run.json, NAME.runs.csv, NAME.prtf.csv, NAME.preview.png and, of a
    volume, NAME.vti. The transform is Σ x·exp(-2πi k·r); objects of programs that have +2πi are the complex
    conjugates (--fft-sign).

    Example: dipcli phase-retrieve scan.cxi -o object.cxi --reference scan.cxi
    Example: dipcli phase-retrieve scan.h5:entry/data --mask mask.npy -o object.cxi
    """

    from dipcli.batch.selection import as_planned, open_batch
    from dipcli.diffraction.naming import patterns
    from dipcli.diffraction.presets import presets_of
    from dipcli.options.presets import settings

    presets = presets_of(knobs.over(PhaseOptions()).phasing.chosen)
    asked = settings(presets, preset, None, knobs)
    named = {"mask": asked.pattern.mask, "dark": asked.pattern.dark, "flat": asked.pattern.flat}
    needed = [(f"--{name}", path) for name, path in (*named.items(), ("support", asked.phasing.support))]
    batch = open_batch(inputs, files, patterns(asked.pattern.format, recursive=files.recursive), needed=needed)

    from dipcli.batch.run import open_context, run
    from dipcli.diffraction.medium import Patterns

    context = open_context("phase-retrieve", batch, preset)
    options = as_planned(batch, settings(presets, context.preset, context.device.type, knobs))
    return run(context, batch, Patterns(options), {"": options})
