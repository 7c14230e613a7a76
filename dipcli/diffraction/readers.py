"""Read a diffraction pattern, whatever its format; the content of the file, not its name, tells which that is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from dipcli.diffraction.options import PatternOptions
from dipcli.diffraction.pattern import Recording, prepare_recording
from dipcli.errors import InputError, OptionError
from dipcli.io.failures import explain_failures
from dipcli.io.hdf5 import SIGNATURE, array_names, open_hdf5, pick, to_complex
from dipcli.io.matlab import FIFTH, SEVENTH, read_matlab

FOLDERS = ("/",)  # a folder is one input, a stack of frames
SUFFIXES = (".cxi", ".h5", ".hdf5", ".npz", ".npy", ".tif", ".tiff", ".mat")
NAMES = ("data", "iobs", "intensity", "counts", "I")
# Where CXI files have patterns, the usual place first.
CXI = tuple(f"entry_1/{name}/data" for name in ("instrument_1/detector_1", "data_1", "image_1"))
OBJECTS = ("entry_1/truth/data", "entry_1/image_1/data", "truth", "object", "obj")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def split_name(path: Path) -> tuple[Path, str | None]:
    """A file and the array that is named behind a colon, as in scan.h5:entry/data."""
    file, colon, key = str(path).rpartition(":")
    return (Path(file), key) if colon and not path.exists() and Path(file).is_file() else (path, None)


def load_recording(path: Path, options: PatternOptions) -> Recording:
    """The pattern of a file, a folder of frames, or FILE.h5:NAME, ready for phase retrieval.

    Raises InputError, one sentence, for everything that cannot be read.
    """
    file, key = split_name(path)
    recording = _read(file, key or options.key)
    mask = recording.mask
    values = recording.intensity
    for name in ("dark", "flat"):
        other: Path | None = getattr(options, name)
        if other is not None:
            correction = _fitting(other, values.shape)
            values = np.maximum(values - correction, 0) if name == "dark" else _divided(values, correction)
    if options.mask is not None:
        mask = mask & (_fitting(options.mask, values.shape) == 0)
    return prepare_recording(path, replace(recording, intensity=values, mask=mask), options)


def load_object(path: Path) -> NDArray[np.complex64]:
    """A complex object to compare with: of a simulated pattern, or a result.

    Raises InputError where there is none.
    """
    array = _object_of(path)
    if array is None or array.ndim not in (2, 3):
        raise InputError(f"{path}: holds no complex object (`object`, `truth`, or CXI's image); give another.")
    return np.asarray(array, np.complex64)


def load_support(path: Path) -> NDArray[np.bool_]:
    """Where an object is: an array that is not 0 there. Raises InputError for files that hold none."""
    array = _array(path, None, ("support", "mask", "entry_1/image_1/support", "entry_1/image_1/mask"))[0]
    return np.asarray(array != 0)


def _read(path: Path, key: str | None) -> Recording:
    if path.is_dir():
        return _read_frames(path)
    array, bad = _array(path, key, (*NAMES, *CXI))
    if np.iscomplexobj(array):
        raise InputError(
            f"{path}: holds complex values; a pattern is an intensity. An object goes to --reference."
        )
    stored = array.shape
    array = np.squeeze(array)
    if array.ndim not in (2, 3):
        raise InputError(f"{path}: a pattern has two or three axes, but this has the shape {stored}.")
    mask = np.ones(array.shape, bool)
    if bad is not None:
        if np.squeeze(bad).shape != array.shape:
            raise InputError(f"{path}: its mask has the shape {bad.shape}, its pattern {stored}; give --mask.")
        mask = np.squeeze(bad) == 0
    return Recording(array.astype(np.float32), mask, stored, str(array.dtype), (path,))


def _read_frames(folder: Path) -> Recording:
    """A folder of pictures, one for each step of the rocking curve, in the order of their names."""
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".tif", ".tiff", ".npy"))
    if not files:
        raise InputError(f"{folder}: has no frames; it takes .tif, .tiff or .npy files, one for each step.")
    frames = [np.squeeze(_array(file, None, NAMES)[0]) for file in files]
    strangers = [file for file, frame in zip(files, frames, strict=True) if frame.shape != frames[0].shape]
    if strangers or frames[0].ndim != 2:
        odd = strangers[0] if strangers else files[0]
        raise InputError(f"{odd}: is not a frame like {files[0].name}; keep dark and flat fields elsewhere.")
    stack = np.stack(frames)
    mask = np.ones(stack.shape, bool)
    return Recording(stack.astype(np.float32), mask, stack.shape, str(stack.dtype), tuple(files))


def _array(path: Path, key: str | None, usual: tuple[str, ...]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """An array, and the mask that lies beside it, where there is one."""
    with explain_failures(InputError, path, "cannot be read"), path.open("rb") as file:
        start = file.read(16)
    if start.startswith(SIGNATURE):
        return _hdf5(path, key, usual)
    if start.startswith((FIFTH, SEVENTH)):
        return read_matlab(path, key, usual), None
    if start.startswith(TIFF):
        with explain_failures(InputError, path, "cannot be read as TIFF"):
            return np.asarray(tifffile.imread(path, maxworkers=1)), None
    if not start.startswith((b"PK", b"\x93NUMPY")):
        raise InputError(f"{path}: is no pattern that is known; it reads {', '.join(SUFFIXES)}.")
    with explain_failures(InputError, path, "cannot be read as NumPy's"):
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded, None
        name = pick(path, list(loaded.keys()), key, usual)
        mask = loaded["mask"] if "mask" in loaded and name != "mask" else None
        return np.asarray(loaded[name]), mask


def _hdf5(path: Path, key: str | None, usual: tuple[str, ...]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    with open_hdf5(path) as file:
        names = [name for name in array_names(file) if file[name].ndim > 1]
        name = pick(path, names, key.strip("/") if key else None, usual)
        beside = f"{name.rpartition('/')[0]}/mask".lstrip("/")
        mask = file[beside][()] if beside in file and beside != name else None
        return np.asarray(to_complex(file[name][()])), mask


def _object_of(path: Path) -> NDArray[np.complex64] | None:
    """A complex object in a file that may have one, else None."""
    with explain_failures(InputError, path, "cannot be read"), path.open("rb") as file:
        start = file.read(len(SIGNATURE))
    found: list[NDArray[Any]] = []
    if start.startswith(SIGNATURE):
        with open_hdf5(path) as file:
            found = [np.asarray(to_complex(file[name][()])) for name in OBJECTS if name in file]
    elif start.startswith((b"PK", b"\x93NUMPY")):
        with explain_failures(InputError, path, "cannot be read as NumPy's"):
            loaded = np.load(path, allow_pickle=False)
            is_array = isinstance(loaded, np.ndarray)
            found = [loaded] if is_array else [loaded[name] for name in OBJECTS if name in loaded]
    return next((array.astype(np.complex64) for array in found if np.iscomplexobj(array)), None)


def _fitting(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A correction for every pixel, or for every frame of a stack alike."""
    array = np.squeeze(np.asarray(_array(path, None, (*NAMES, "mask", "dark", "flat"))[0]))
    if array.shape not in (shape, shape[1:]):
        raise OptionError(f"{path}: has the shape {array.shape}, but the pattern {shape}; give one of that size.")
    return np.broadcast_to(array, shape).astype(np.float32)


def _divided(values: NDArray[np.float32], flat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values under even light; where the detector sees nothing they are not known (NaN)."""
    level = float(flat[flat > 0].mean()) if (flat > 0).any() else 1.0
    return np.where(flat > 0.05 * level, values * level / np.maximum(flat, 1e-30), np.nan).astype(np.float32)
