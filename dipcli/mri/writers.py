"""Write reconstructed slices: for fastMRI's tools, as NIfTI, NumPy, BART's pairs, or a preview."""

import importlib.util
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dipcli.errors import OptionError, OutputError
from dipcli.io.atomic import write_atomically
from dipcli.io.failures import explain_failures
from dipcli.io.names import beside, ending_of
from dipcli.mri.cfl import COILS, SLICES, encode_cfl
from dipcli.mri.scan import Scan

Volume = NDArray[np.float32]  # (slices, height, width)
WINDOW = 99.8  # the percentile that is shown white


def check_scan_output(path: Path) -> str:
    """The format of an output, by its name.

    Raises OutputError for others, and where its library is missing: before anything is computed.
    """
    suffix = ending_of(path).lower()
    if suffix not in (*_WRITERS, ".nii.gz"):
        raise OptionError(f"{path}: end the name in {', '.join(_WRITERS)}, or .nii.gz.")
    library = _LIBRARIES.get(suffix)
    if library is not None and importlib.util.find_spec(library) is None:
        raise OutputError(f"{path}: {suffix} needs {library}; pip install 'dipcli[formats]'.")
    return suffix


def save_scan(path: Path, volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> list[Path]:
    """Write magnitudes, and `objects`, arrays by name with slices first, where they are not empty.

    HDF5 holds them all as data sets (`reconstruction` is the volume); beside other formats each goes to a NumPy
    file of its own. Returns what was written.
    """
    suffix = check_scan_output(path)
    with explain_failures(OutputError, path, f"cannot be written as {suffix[1:]}"):
        files = _WRITERS[".nii" if suffix == ".nii.gz" else suffix](path, volume, scan, objects)
    if suffix != ".h5":
        for name, array in objects.items():
            files[beside(path, f"{name}.npy")] = _npy(array)
    for file, data in files.items():
        write_atomically(file, data)
    return list(files)


def save_preview(path: Path, pictures: Mapping[str, NDArray[np.float32]]) -> None:
    """Magnitudes (height, width) side by side as one PNG, all in the window of the last of them."""
    white = max(float(np.percentile(list(pictures.values())[-1], WINDOW)), 1e-30)
    gray = [np.clip(picture / white * 255, 0, 255).round().astype(np.uint8) for picture in pictures.values()]
    gap = np.full((gray[0].shape[0], 4), 255, np.uint8)
    row = np.concatenate([part for picture in gray for part in (gap, picture)][1:], axis=1)
    buffer = io.BytesIO()
    Image.fromarray(row).save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())


def _hdf5(path: Path, volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> dict[Path, bytes]:
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("reconstruction", data=volume)
        for name, array in objects.items():
            file.create_dataset(name, data=array)
        file.attrs["max"], file.attrs["norm"] = float(volume.max()), float(np.linalg.norm(volume))
        file.attrs["slices"] = np.asarray(scan.slices)
    return {path: buffer.getvalue()}


def _nifti(path: Path, volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> dict[Path, bytes]:  # noqa: ARG001
    """Axes are (width, height, slices); where the patient lies is unknown, and said to be (code 0).

    An affine would say where, and its voxels would replace these.
    """
    import nibabel

    slice_mm, height_mm, width_mm = scan.voxel_mm or (1.0, 1.0, 1.0)
    image = nibabel.Nifti1Image(np.ascontiguousarray(volume.transpose(2, 1, 0)), None)
    image.header.set_zooms((width_mm, height_mm, slice_mm))
    image.header.set_xyzt_units("mm")
    data = image.to_bytes()
    if ending_of(path).lower() == ".nii.gz":
        import gzip

        data = gzip.compress(data, mtime=0)
    return {path: data}


def _numpy(path: Path, volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> dict[Path, bytes]:  # noqa: ARG001
    return {path: _npy(volume)}


def _bart(path: Path, volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> dict[Path, bytes]:  # noqa: ARG001
    values, header = encode_cfl(volume[:, None].astype(np.complex64), (SLICES, COILS, 0, 1))
    return {path.with_suffix(".hdr"): header, path: values}


def _png(path: Path, volume: Volume, scan: Scan, objects: Mapping[str, NDArray[Any]]) -> dict[Path, bytes]:  # noqa: ARG001
    """16 bits, white at the brightest point of all slices; several slices lie below each other."""
    gray = np.clip(volume / max(float(volume.max()), 1e-30) * 65535, 0, 65535).round().astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(gray.reshape(-1, gray.shape[2])).save(buffer, "PNG")
    return {path: buffer.getvalue()}


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


_LIBRARIES = {".h5": "h5py", ".nii": "nibabel", ".nii.gz": "nibabel"}
_Writer = Callable[[Path, Volume, Scan, Mapping[str, NDArray[Any]]], dict[Path, bytes]]
_WRITERS: dict[str, _Writer] = {".h5": _hdf5, ".nii": _nifti, ".npy": _numpy, ".cfl": _bart, ".png": _png}
