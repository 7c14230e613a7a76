"""Slices of real values (slices, height, width) as files, and a look at several pictures side by side."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dipcli.io.atomic import write_atomically

WINDOW = 99.8  # the percentile that is shown white

Volume = NDArray[np.float32]  # (slices, height, width)


def save_preview(path: Path, pictures: Mapping[str, NDArray[np.float32]]) -> None:
    """Pictures (height, width) side by side as one PNG, all in the window of the last of them, 0 being black."""
    white = max(float(np.percentile(list(pictures.values())[-1], WINDOW)), 1e-30)
    gray = [np.clip(picture / white * 255, 0, 255).round().astype(np.uint8) for picture in pictures.values()]
    gap = np.full((gray[0].shape[0], 4), 255, np.uint8)
    row = np.concatenate([part for picture in gray for part in (gap, picture)][1:], axis=1)
    buffer = io.BytesIO()
    Image.fromarray(row).save(buffer, "PNG")
    write_atomically(path, buffer.getvalue())


def encode_hdf5(arrays: Mapping[str, NDArray[Any]], slices: Sequence[int]) -> bytes:
    """HDF5 with arrays by name, the real `reconstruction` among them, and the slices' numbers in the input."""
    import h5py

    volume = arrays["reconstruction"]
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
        file.attrs["max"], file.attrs["norm"] = float(volume.max()), float(np.linalg.norm(volume))
        file.attrs["slices"] = np.asarray(slices)
    return buffer.getvalue()


def encode_gray_png(volume: Volume) -> bytes:
    """16 bits, white at the brightest point of all slices, 0 black; several slices lie below each other."""
    gray = np.clip(volume / max(float(volume.max()), 1e-30) * 65535, 0, 65535).round().astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(gray.reshape(-1, gray.shape[2])).save(buffer, "PNG")
    return buffer.getvalue()


def encode_npy(array: NDArray[Any]) -> bytes:
    """NumPy's .npy."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
