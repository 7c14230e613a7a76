"""Write reconstructed slices: for fastMRI's tools, as NIfTI, NumPy, BART's pairs, or a preview."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import OptionError, OutputError
from dipcli.io.atomic import write_atomically
from dipcli.io.failures import explain_failures
from dipcli.io.names import beside, ending_of
from dipcli.io.volumes import encode_gray_png, encode_hdf5, encode_npy
from dipcli.mri.cfl import COILS, SETS, encode_cfl
from dipcli.mri.naming import OUTPUTS
from dipcli.mri.scan import Scan

Volume = NDArray[Any]  # (slices, height, width), complex64 or float32; objects may have further axes after slices


def check_scan_output(path: Path) -> str:
    """The format of an output, by its name.

    Raises OutputError for others, and where its library is missing: before anything is computed.
    """
    suffix = ending_of(path).lower()
    if suffix not in OUTPUTS:
        raise OptionError(f"{path}: end the name in {', '.join(OUTPUTS[:-1])}, or {OUTPUTS[-1]}.")
    library = _LIBRARIES.get(suffix)
    if library is not None and importlib.util.find_spec(library) is None:
        raise OutputError(f"{path}: {suffix} needs {library}; pip install 'dipcli[formats]'.")
    return suffix


def save_scan(path: Path, volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> list[Path]:
    """Write complex images, their magnitude where a format holds no phase, and `objects`, arrays by name.

    HDF5 holds all as data sets: `reconstruction` (the magnitudes), `complex_image` and the objects; beside other
    formats each object goes to a file of its own, of the same format where that can hold it, or else NumPy's.
    Returns what was written.
    """
    suffix = check_scan_output(path)
    with explain_failures(OutputError, path, f"cannot be written as {suffix[1:]}"):
        if suffix == ".h5":
            files = {path: _hdf5(volume, scan, objects)}
        else:
            files = _encoded(suffix, path, volume, scan)
            for name, array in objects.items():
                ending = _ending_of_object(suffix, array)
                files |= _encoded(ending, beside(path, f"{name}{ending}"), array, scan)
    for file, data in files.items():
        write_atomically(file, data)
    return list(files)


def _hdf5(volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> bytes:
    """`reconstruction` is real, as fastMRI's tools want it."""
    return encode_hdf5({"reconstruction": np.abs(volume), "complex_image": volume, **objects}, scan.slices)


def _nifti(path: Path, volume: Volume, scan: Scan) -> dict[Path, bytes]:
    """Axes are (width, height, slices); where the patient lies is unknown, and said to be (code 0).

    An affine would say where, and its voxels would replace these.
    """
    import nibabel

    slice_mm, height_mm, width_mm = scan.voxel_mm or (1.0, 1.0, 1.0)
    image = nibabel.Nifti1Image(np.ascontiguousarray(np.abs(volume).transpose(2, 1, 0)), None)
    image.header.set_zooms((width_mm, height_mm, slice_mm))
    image.header.set_xyzt_units("mm")
    data = image.to_bytes()
    if ending_of(path).lower() == ".nii.gz":
        import gzip

        data = gzip.compress(data, mtime=0)
    return {path: data}


def _numpy(path: Path, volume: Volume, scan: Scan) -> dict[Path, bytes]:  # noqa: ARG001
    return {path: encode_npy(volume)}


def _bart(path: Path, volume: Volume, scan: Scan) -> dict[Path, bytes]:
    """Slices, readout and phase have the dimensions that they had in the scan; coils and sets lie between."""
    middle = {3: (), 4: (COILS,), 5: (SETS, COILS)}[volume.ndim]
    values, header = encode_cfl(volume, (scan.bart_axes[0], *middle, *scan.bart_axes[1:]))
    return {path.with_suffix(".hdr"): header, path: values}


def _png(path: Path, volume: Volume, scan: Scan) -> dict[Path, bytes]:  # noqa: ARG001
    return {path: encode_gray_png(np.abs(volume))}


def _ending_of_object(suffix: str, array: NDArray[Any]) -> str:
    """The format of an array beside a result: its own where it holds all values, or else NumPy's."""
    is_held = suffix in (".cfl", ".npy") or (suffix != ".png" and array.ndim == 3)
    return suffix if is_held else ".npy"


def _encoded(suffix: str, path: Path, volume: Volume, scan: Scan) -> dict[Path, bytes]:
    """The bytes of every file of a format without further arrays."""
    return _WRITERS[".nii" if suffix == ".nii.gz" else suffix](path, volume, scan)


_LIBRARIES = {".h5": "h5py", ".nii": "nibabel", ".nii.gz": "nibabel"}
_Writer = Callable[[Path, Volume, Scan], dict[Path, bytes]]
_WRITERS: dict[str, _Writer] = {".nii": _nifti, ".npy": _numpy, ".cfl": _bart, ".png": _png}
