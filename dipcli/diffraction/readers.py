"""Read a diffraction pattern, whatever its format; the content of the file, not its name, tells which that is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.diffraction.detectors import (
    MASKS,
    Marks,
    are_amplitudes,
    gap_values,
    good_pixels,
    marked_pixels,
    said_of,
)
from dipcli.diffraction.naming import INPUTS
from dipcli.diffraction.options import GeometryOptions, PatternOptions
from dipcli.diffraction.pattern import Recording, prepare_recording, without_saturated
from dipcli.diffraction.recorded_geometry import geometry_of
from dipcli.diffraction.stacks import with_missing_frames
from dipcli.errors import InputError, OptionError
from dipcli.io.arrays import numbers, with_parts_joined
from dipcli.io.failures import reader
from dipcli.io.frames import TIFF, read_frames, read_tiff_array
from dipcli.io.hdf5 import SIGNATURE, array_names, find_array, has_array, open_hdf5, read_stored
from dipcli.io.matlab import FIFTH, SEVENTH, read_matlab
from dipcli.io.names import doubts_about
from dipcli.io.numpy_files import ARCHIVE, read_members, read_npy_array, read_numpy
from dipcli.io.numpy_files import SIGNATURE as NUMPY

NAMES = ("data", "iobs", "intensity", "counts", "I")
# Where CXI files have patterns, the usual place first.
CXI = tuple(f"entry_1/{name}/data" for name in ("instrument_1/detector_1", "data_1", "image_1"))
OBJECTS = ("entry_1/truth/data", "entry_1/image_1/data", "truth", "object", "obj")


def split_name(path: Path) -> tuple[Path, str | None]:
    """A file and the array that is named behind a colon, as in scan.h5:entry/data."""
    file, colon, key = str(path).rpartition(":")
    return (Path(file), key) if colon and not path.exists() and Path(file).is_file() else (path, None)


@reader
def load_recording(path: Path, options: PatternOptions, where: GeometryOptions | None = None) -> Recording:
    """The pattern of a file, a folder of frames, or FILE.h5:NAME, ready for phase retrieval.

    Raises InputError, one sentence, for everything that cannot be read.
    """
    file, key = split_name(path)
    recording, marked = _read(file, key or options.key)
    n_frames = recording.intensity.shape[0] if recording.intensity.ndim == 3 else None
    geometry, doubts = geometry_of(file, where or GeometryOptions(), n_frames)
    recording = replace(recording, geometry=geometry)
    for doubt in doubts:
        recording = recording.warn(f"{file}: its {doubt}, so it was left aside.")
    if marked is not None:
        recording = _masked(file, recording, marked, "auto" if options.mask else options.mask_marks)
    if options.mask is not None:
        marked = _fitting(options.mask, _array(options.mask, None, MASKS)[0] != 0, recording.mask.shape)
        recording = _masked(options.mask, recording, marked, options.mask_marks)
    if options.input_is == "intensity" and are_amplitudes(recording.intensity, recording.mask):
        recording = recording.warn(
            f"{path}: its values look like square roots of counts; see --input-is amplitude."
        )
    recording = without_saturated(path, recording, options)
    return prepare_recording(path, replace(recording, intensity=_corrected(recording, options)), options)


@reader
def load_object(path: Path) -> NDArray[np.complex64]:
    """A complex object to compare with: of a simulated pattern, or a result.

    Raises InputError where there is none.
    """
    array = _object_of(path)
    if array is None or array.ndim not in (2, 3):
        raise InputError(f"{path}: holds no complex object (`object`, `truth`, or CXI's image); give another.")
    return np.asarray(array, np.complex64)


@reader
def load_support(path: Path) -> NDArray[np.bool_]:
    """Where an object is: an array that is not 0 there. Raises InputError for files that hold none."""
    array = _array(path, None, ("support", "mask", "entry_1/image_1/support", "entry_1/image_1/mask"))[0]
    return np.asarray(array != 0)


def _read(path: Path, key: str | None) -> tuple[Recording, NDArray[np.bool_] | None]:
    """What was recorded, all of it believed but gap values, and the pixels that a mask beside it marks."""
    files, array, marked = _stack(path, key)
    if np.iscomplexobj(array):
        raise InputError(
            f"{path}: holds complex values; a pattern is an intensity. An object goes to --reference."
        )
    stored = array.shape
    array = np.squeeze(array)
    if array.ndim not in (2, 3):
        raise InputError(f"{path}: a pattern has two or three axes, but this has the shape {stored}.")
    gaps = gap_values(array)
    mask = ~np.isin(array, np.asarray(gaps, array.dtype)) if gaps else np.ones(array.shape, bool)
    doubts = [f"{path}: {doubt}." for doubt in doubts_about(files)] + ([said_of(path, mask, gaps)] if gaps else [])
    if path.is_dir():
        array, there = with_missing_frames(files, array)
        mask = with_missing_frames(files, mask)[0] & there[:, None, None]
        n_missing = int((~there).sum())
        doubts += [f"{path}: {n_missing} frame(s) that are missing count as not measured."] if n_missing else []
    recording = Recording(array.astype(np.float32), mask, stored, str(array.dtype), files)
    recording = replace(recording, warnings=tuple(doubts))
    if marked is None:
        return recording, None
    if np.squeeze(marked).shape not in (array.shape, array.shape[1:]):
        raise InputError(f"{path}: its mask has the shape {marked.shape}, its pattern {stored}; give --mask.")
    return recording, np.broadcast_to(np.squeeze(marked), array.shape)


def _stack(path: Path, key: str | None) -> tuple[tuple[Path, ...], NDArray[Any], NDArray[np.bool_] | None]:
    """The files of a pattern, what is in them, and the pixels that a mask beside it marks."""
    if path.is_dir():
        return *read_frames(path, lambda file: _array(file, None, NAMES)[0], "step"), None
    return (path,), *_array(path, key, (*NAMES, *CXI))


def _masked(path: Path, recording: Recording, marked: NDArray[np.bool_], marks: Marks) -> Recording:
    """The recording without the pixels that are bad in a mask."""
    light = np.where(recording.mask, np.nan_to_num(recording.intensity, posinf=0.0), 0).clip(0)
    good, warning = good_pixels(path, marked, light, marks)
    recording = replace(recording, mask=recording.mask & good)
    return recording.warn(warning) if warning else recording


def _corrected(recording: Recording, options: PatternOptions) -> NDArray[np.float32]:
    """The values without the dark field and under even light; what was not measured is NaN."""
    values = recording.intensity
    if options.dark is not None or options.flat is not None:
        values = np.where(recording.mask & (values >= 0), values, np.float32(np.nan))
    if options.dark is not None:
        values = np.maximum(values - _field(options.dark, values.shape), 0)
    return values if options.flat is None else _divided(values, _field(options.flat, values.shape))


@reader
def _array(path: Path, key: str | None, usual: tuple[str, ...]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """An array, and which pixels the mask that lies beside it marks, where there is one.

    A mask itself, `usual` being its names, is read as the pixels that it marks.
    """
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(SIGNATURE):
        return _hdf5(path, key, usual)
    if start.startswith((FIFTH, SEVENTH)):
        return _matlab(path, key, usual)
    if start.startswith(TIFF):
        return read_tiff_array(path), None
    if not start.startswith((ARCHIVE, NUMPY)):
        raise InputError(f"{path}: is no pattern that is known; it reads {', '.join(INPUTS)}.")
    array, mask = read_numpy(path, key, usual, MASKS)
    return array, None if mask is None else marked_pixels(mask, "", is_cxi=False)


def _matlab(path: Path, key: str | None, usual: tuple[str, ...]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    names: list[str] = []
    array = read_matlab(path, key, usual, names.extend)
    masks = [name for name in names if name.replace(".", "/").rpartition("/")[2] in MASKS and usual != MASKS]
    if not masks or masks[0] == key:
        return array, None
    return array, marked_pixels(read_matlab(path, masks[0], MASKS), "", is_cxi=False)


def _hdf5(path: Path, key: str | None, usual: tuple[str, ...]) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    with open_hdf5(path) as file:
        name = find_array(path, file, key, usual, () if usual == MASKS else MASKS)
        array, is_cxi = (
            numbers(path, read_stored(path, file[name])),
            "cxi_version" in file or name.startswith("entry_1/"),
        )
        if usual == MASKS:
            return marked_pixels(array, name, is_cxi=is_cxi), None
        masks = _masks_of(file, name)
        if not masks:
            return array, None
        mask = numbers(path, read_stored(path, file[masks[0]]))
        return array, marked_pixels(mask, masks[0], is_cxi=is_cxi)


def _masks_of(file: Any, name: str) -> list[str]:  # noqa: ANN401 - h5py has no types
    """The masks of an array in HDF5: beside it, or anywhere else where they fit and belong to a detector."""
    group, shape = name.rpartition("/")[0], [n for n in file[name].shape if n > 1]
    beside = [f"{group}/{mask}".lstrip("/") for mask in MASKS]
    others = [other for other in array_names(file) if other.rpartition("/")[2] in MASKS and "image_" not in other]
    fitting = [other for other in others if [n for n in file[other].shape if n > 1] in (shape, shape[-2:])]
    return [mask for mask in beside if has_array(file, mask) and mask != name] + sorted(fitting, key=_usual_mask)


def _usual_mask(name: str) -> tuple[bool, int, str]:
    last = name.rpartition("/")[2]
    return "detector" not in name, MASKS.index(last), name


def _object_of(path: Path) -> NDArray[np.complex64] | None:
    """A complex object in a file that may have one, else None."""
    with path.open("rb") as file:
        start = file.read(len(SIGNATURE))
    found: list[NDArray[Any]] = []
    if start.startswith(SIGNATURE):
        with open_hdf5(path) as file:
            found = [read_stored(path, file[name]) for name in OBJECTS if has_array(file, name)]
    elif start.startswith(NUMPY):
        found = [read_npy_array(path)]
    elif start.startswith(ARCHIVE):
        found = read_members(path, OBJECTS)
    arrays = [with_parts_joined(numbers(path, array)) for array in found]
    return next((array.astype(np.complex64) for array in arrays if np.iscomplexobj(array)), None)


def _field(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A dark or flat field."""
    return _fitting(path, _array(path, None, (*NAMES, "dark", "flat"))[0], shape).astype(np.float32)


def _fitting(path: Path, stored: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A value for every pixel, or for every frame of a stack alike."""
    array = np.squeeze(stored)
    if array.shape not in (shape, shape[1:]):
        raise OptionError(f"{path}: has the shape {array.shape}, but the pattern {shape}; give one of that size.")
    return np.broadcast_to(array, shape)


def _divided(values: NDArray[np.float32], flat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values under even light; where the detector sees nothing they are not known (NaN)."""
    level = float(flat[flat > 0].mean()) if (flat > 0).any() else 1.0
    return np.where(flat > 0.05 * level, values * level / np.maximum(flat, 1e-30), np.nan).astype(np.float32)
