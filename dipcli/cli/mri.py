"""`dipcli mri`: an image from accelerated k-space."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.mri.options import MriOptions
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName


def mri(
    inputs: Annotated[list[Path], typer.Argument(help="Scans, folders with -r, or @list.txt.")],
    files: FileOptions,
    knobs: Overrides[MriOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
    inspect: Annotated[
        bool, typer.Option("--inspect", help="Say what a scan holds, and reconstruct nothing.")
    ] = False,
) -> None:
    """Reconstruct accelerated Cartesian multi-coil scans, without training data. For research, not for diagnosis.

    Reads fastMRI and other HDF5, ISMRMRD, BART (.cfl), NumPy and MATLAB files; writes .h5 (`reconstruction`),
    .nii, .nii.gz, .npy, .cfl or .png, and beside it NAME.run.json, NAME.history.csv and NAME.preview.png, which
    shows zero-filled and classical reconstructions beside the result. Frequency 0 is in the centre.
    Example: dipcli mri full.cfl --undersample 4 -o recon.h5
    """
    from dipcli.batch.run import Process, run
    from dipcli.mri.inspection import inspect_scan
    from dipcli.mri.medium import process_scan
    from dipcli.mri.readers import SUFFIXES
    from dipcli.options.presets import mri_recipes

    def build(device_type: str) -> Process:
        recipes = mri_recipes(preset, device_type, knobs)
        if inspect:
            return lambda item, session: inspect_scan(item, session, recipes)
        return lambda item, session: process_scan(item, session, recipes, preset)

    suffix = None if inspect else f".{knobs.given.get('format') or 'h5'}"
    run("mri", inputs, files, SUFFIXES, build, suffix=suffix)
