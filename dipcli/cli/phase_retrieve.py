"""`dipcli phase-retrieve`: an object from its diffraction pattern."""

from pathlib import Path
from typing import Annotated

import typer

from dipcli.cli.expand import Overrides
from dipcli.diffraction.options import PhaseOptions
from dipcli.options.files import FileOptions
from dipcli.options.presets import PresetName


def phase_retrieve(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Patterns, folders of frames, FILE.h5:NAME, folders with -r, or @list.txt."),
    ],
    files: FileOptions,
    knobs: Overrides[PhaseOptions],
    preset: Annotated[PresetName, typer.Option(help="auto: fast on a processor, balanced on a GPU.")] = "auto",
) -> None:
    """Find a complex object from the intensity of its far-field diffraction, in two or three dimensions.

    The object is thought to fill at most half of the field in each dimension; no support is needed. Reads CXI,
    HDF5, NumPy, TIFF and MATLAB (counts, frequency 0 in the centre, mask 0 = good); writes .cxi or .npz, and
    beside it NAME.run.json, NAME.runs.csv, NAME.prtf.csv, NAME.preview.png and, of a volume, NAME.vti. The
    transform is Σ x·exp(-2πi k·r); objects of programs that have +2πi are the complex conjugates (--fft-sign).
    Example: dipcli phase-retrieve scan.cxi -o object.cxi --reference scan.cxi
    """
    from dipcli.batch.run import Process, run
    from dipcli.diffraction.medium import process_recording
    from dipcli.diffraction.readers import FOLDERS, SUFFIXES
    from dipcli.options.presets import PHASE, settings

    def build(device_type: str) -> Process:
        recipes = {method: settings(presets, preset, device_type, knobs) for method, presets in PHASE.items()}
        return lambda item, session: process_recording(item, session, recipes, preset)

    suffix = f".{knobs.given.get('format') or 'cxi'}"
    run("phase-retrieve", inputs, files, SUFFIXES if files.recursive else FOLDERS, build, suffix=suffix)
