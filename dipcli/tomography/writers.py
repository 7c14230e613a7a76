"""Write reconstructed slices: as TIFF, NumPy, HDF5, or a picture to look at."""

import importlib.util
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tifffile
from numpy.typing import NDArray

from dipcli.errors import OptionError, OutputError
from dipcli.io.atomic import write_atomically
from dipcli.io.failures import explain_failures
from dipcli.io.names import beside
from dipcli.io.volumes import Volume, encode_gray_png, encode_hdf5, encode_npy
from dipcli.tomography.naming import OUTPUTS


def check_volume_output(path: Path) -> str:
    """The format of an output, by its name.

    Raises OptionError for others, OutputError where its library is missing: before anything is computed.
    """
    suffix = path.suffix.lower()
    if suffix not in OUTPUTS:
        raise OptionError(f"{path}: end the name in {', '.join(OUTPUTS)}.")
    if suffix == ".h5" and importlib.util.find_spec("h5py") is None:
        raise OutputError(f"{path}: .h5 needs h5py; pip install 'dipcli[formats]'.")
    return suffix


def save_volume(
    path: Path, volume: Volume, objects: Mapping[str, NDArray[Any]], slices: Sequence[int]
) -> dict[str, Path]:
    """Write slices (slices, height, width), float32, and `objects`, arrays by name, in HDF5 or beside others.

    Returns what was written beside the volume, by name.
    """
    suffix = check_volume_output(path)
    with explain_failures(OutputError, path, f"cannot be written as {suffix[1:]}"):
        if suffix == ".h5":
            data = encode_hdf5({"reconstruction": volume, **objects}, slices)
        else:
            data = {".npy": encode_npy, ".png": encode_gray_png}.get(suffix, _tiff)(volume)
        written = {name: beside(path, f"{name}.npy") for name in objects if suffix != ".h5"}
        for name, file in written.items():
            write_atomically(file, encode_npy(objects[name]))
    write_atomically(path, data)
    return written


def _tiff(volume: Volume) -> bytes:
    """A page for each slice, as ImageJ and Fiji read them."""
    buffer = io.BytesIO()
    planes = volume[0] if len(volume) == 1 else volume
    tifffile.imwrite(
        buffer, planes, photometric="minisblack", software=False, metadata={"axes": "ZYX"[3 - planes.ndim :]}
    )
    return buffer.getvalue()
