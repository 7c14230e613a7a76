"""How large a pixel of the object is: by what a CXI file says of wavelength, distance and detector."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from dipcli.io.hdf5 import SIGNATURE, has_array, open_hdf5, read_stored

PLANCK_TIMES_LIGHT = 1.98644586e-25  # J m
SOURCE, DETECTOR = "entry_1/instrument_1/source_1", "entry_1/instrument_1/detector_1"
NM = 1e9


def field_nm_of(path: Path) -> float | None:
    """Wavelength times distance over the side of a detector's pixel, in nm; None where a file does not say so.

    CXI 1.4 has metres and joules. Divided by the number of pixels it is the side of a pixel of the object.
    """
    if not path.is_file():
        return None
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return None
    with open_hdf5(path) as found:
        wavelength, energy = (_number(path, found, f"{SOURCE}/{name}") for name in ("wavelength", "energy"))
        distance, pixel = (_number(path, found, f"{DETECTOR}/{name}") for name in ("distance", "x_pixel_size"))
    if wavelength is None and energy is not None:
        wavelength = PLANCK_TIMES_LIGHT / energy
    if wavelength is None or distance is None or pixel is None:
        return None
    return NM * wavelength * distance / pixel


def _number(path: Path, file: Any, name: str) -> float | None:  # noqa: ANN401 - h5py has no types
    """A positive number, None where there is none."""
    if not has_array(file, name, least_axes=0):
        return None
    values = np.asarray(read_stored(path, file[name])).ravel()
    if values.size != 1 or values.dtype.kind not in "fiu":
        return None
    value = float(values[0])
    return value if math.isfinite(value) and value > 0 else None
