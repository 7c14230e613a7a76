"""Read projections, whatever their format; the content of the file, not its name, tells which that is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError, OptionError
from dipcli.io.arrays import numbers
from dipcli.io.failures import reader
from dipcli.io.frames import TIFF, read_frames, read_tiff_array
from dipcli.io.hdf5 import SIGNATURE, find_array, has_array, open_hdf5, read_stored
from dipcli.io.matlab import FIFTH, SEVENTH, read_matlab
from dipcli.io.names import by, doubts_about
from dipcli.io.numpy_files import ARCHIVE, read_numpy
from dipcli.io.numpy_files import SIGNATURE as NUMPY
from dipcli.options.slices import choose_slices
from dipcli.tomography.angles import angles_in_file, in_degrees, spread_angles
from dipcli.tomography.axes import Order, order_of, to_slices
from dipcli.tomography.centre import centre_of_mass
from dipcli.tomography.counts import Stack, beside_counts, counts_of
from dipcli.tomography.fan_centre import fan_in
from dipcli.tomography.naming import INPUTS
from dipcli.tomography.options import BeamOptions, ReadingOptions
from dipcli.tomography.scan import Scan, Stored, to_integrals

NAMES = ("exchange/data", "entry1/tomo_entry/data/data", "sinogram", "sino", "projections", "proj", "data")
FLATS, DARKS = ("data_white", "flat", "flats"), ("data_dark", "dark", "darks")
ANGLES, KEYS = ("theta", "rotation_angle", "angles"), ("image_key",)
SAMPLE, FLAT, DARK = 0, 1, 2  # image_key of NXtomo
PARALLEL = BeamOptions()
FACTORS = ("attenuation", "sensitivity", "acf", "randoms", "background")
VOLUMES = ("reconstruction", "image", "volume", "data")
FEWEST_VIEWS, HALF_TURN = 2, 180.0


@reader
def load_projections(path: Path, options: ReadingOptions, beam: BeamOptions = PARALLEL) -> Scan:
    """The line integrals of the slices that are wanted, with their angles, and counts if they are of an emission.

    Raises InputError, one sentence, for everything that cannot be read.
    """
    given = angles_in_file(options.angles)
    stored = _with_fields(_read(path, options), options)
    if options.angles is not None:
        stored = replace(stored, angles=given)
    if np.iscomplexobj(stored.array):
        raise InputError(f"{path}: holds complex values; projections are real, so give counts or integrals.")
    order, said = order_of(path, stored.array, options.axes, None if stored.angles is None else len(stored.angles))
    slices = to_slices(stored.array, order)
    chosen = stored.slices or choose_slices(path, len(slices), options.slices)
    part = slice(None) if stored.slices else slice(chosen[0], chosen[-1] + 1)
    if min(slices.shape[1] - FEWEST_VIEWS, slices.shape[2] - 16) < 0:
        raise InputError(f"{path}: {slices.shape[1]} views of {slices.shape[2]} pixels are too few; check --axes.")
    stored = replace(
        stored, flat=_chosen(path, stored.flat, part, slices), dark=_chosen(path, stored.dark, part, slices)
    )
    counts, kind = None, str(options.values)
    if options.values == "emission":
        fields = _beside_counts(stored.array.shape, order, part, beam)
        counts, known, warnings = counts_of(path, slices[part], *fields)
        integrals = counts.integrals()
    else:
        integrals, known, kind, warnings = to_integrals(path, slices[part], stored, options.values)
    angles = stored.angles if stored.angles is not None else _spread(path, options.angles, slices.shape[1])
    fan = () if beam.source_distance is not None or counts is not None else _fan(path, integrals, angles)
    notes = (*((said,) if said else ()), *fan)
    shape = tuple(stored.array.shape)
    return Scan(
        integrals,
        known,
        angles,
        stored.origin,
        shape,
        str(stored.array.dtype),
        chosen,
        kind,
        counts,
        (*notes, *warnings),
    )


def _fan(path: Path, integrals: Stack, angles: NDArray[np.float64]) -> tuple[str, ...]:
    """A warning where rays from both their ends are alike only if they are those of a fan."""
    if np.ptp(angles) <= HALF_TURN:
        return ()
    middle = integrals[len(integrals) // 2]
    centre = centre_of_mass(middle, np.radians(angles))
    distance = fan_in(middle, np.radians(angles), (middle.shape[1] - 1) / 2 if centre is None else centre)
    if distance is None:
        return ()
    return (
        f"{path}: its rays look like those of a fan, not like parallel ones; give --source-distance, from source "
        f"to detector in pixels of the detector (about {distance:.0f}, by these rays).",
    )


def _beside_counts(
    shape: tuple[int, ...], order: Order, part: slice, beam: BeamOptions
) -> tuple[Stack | None, Stack | None]:
    """The sensitivity and the background of each ray of the wanted slices, where there are files of them."""
    found: list[Stack | None] = []
    for option, path in (("--attenuation", beam.attenuation), ("--randoms", beam.randoms)):
        array = None if path is None else np.squeeze(np.asarray(_array(path, None, (*FACTORS, *NAMES))))
        if path is None or array is None:
            found.append(None)
        else:
            found.append(beside_counts(f"{option} {path}", array, order, shape, part))
    return found[0], found[1]


@reader
def load_volume(path: Path, slices: tuple[int, ...]) -> NDArray[np.float32]:
    """Slices (n, height, width) to compare with, of the wanted ones where the file has more.

    Raises InputError for files that hold none.
    """
    volume = np.asarray(_array(path, None, VOLUMES))
    volume = volume[None] if volume.ndim == 2 else volume
    if volume.ndim != 3 or np.iscomplexobj(volume):
        raise InputError(f"{path}: holds no slices (slice, y, x); give another --reference.")
    if len(volume) > len(slices) and len(volume) > max(slices):
        volume = volume[list(slices)]
    return volume.astype(np.float32)


def _read(path: Path, options: ReadingOptions) -> Stored:
    if path.is_dir():
        files, frames = read_frames(path, lambda file: _array(file, None, NAMES), "view")
        for doubt in doubts_about(files):
            raise InputError(f"{path}: {doubt}; a view for each angle is needed.")
        return Stored(frames[:, None] if frames.ndim == 2 else frames, "folder of views")
    with path.open("rb") as file:
        is_hdf5 = file.read(len(SIGNATURE)) == SIGNATURE
    if is_hdf5:
        return _hdf5(path, options)
    array = np.asarray(_array(path, options.key, NAMES))
    return Stored(np.squeeze(array) if array.ndim > 3 else array, "array")


def _array(path: Path, key: str | None, usual: tuple[str, ...]) -> NDArray[Any]:
    """An array of any file."""
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(SIGNATURE):
        with open_hdf5(path) as file:
            return numbers(path, read_stored(path, file[find_array(path, file, key, usual)]))
    if start.startswith((FIFTH, SEVENTH)):
        return read_matlab(path, key, usual)
    if start.startswith(TIFF):
        return read_tiff_array(path)
    if not start.startswith((ARCHIVE, NUMPY)):
        raise InputError(f"{path}: holds no projections that are known; it reads {', '.join(INPUTS)}.")
    return read_numpy(path, key, usual)[0]


def _hdf5(path: Path, options: ReadingOptions) -> Stored:
    """An array with the angles and the fields that lie beside it, as in Data Exchange and NXtomo.

    Of these, whose axes are (view, slice, detector), only the wanted slices are read.
    """
    with open_hdf5(path) as file:
        name = find_array(path, file, options.key, NAMES, (*FLATS, *DARKS))
        group, stored = name.rpartition("/")[0], file[name]
        is_known = options.axes is None and stored.ndim == 3 and name in NAMES[:2]
        chosen = choose_slices(path, stored.shape[1], options.slices) if is_known else ()
        part = (slice(None), slice(chosen[0], chosen[-1] + 1)) if chosen else ()
        array = numbers(path, read_stored(path, stored, part))

        def beside(names: tuple[str, ...], least_axes: int) -> NDArray[Any] | None:
            found = [
                n for n in (f"{group}/{n}".lstrip("/") for n in names) if has_array(file, n, least_axes=least_axes)
            ]
            is_field = bool(found) and file[found[0]].ndim == 3
            return numbers(path, read_stored(path, file[found[0]], part if is_field else ())) if found else None

        flat, dark = (_mean_field(beside(names, 2), array.ndim) for names in (FLATS, DARKS))
        angles, kinds = beside(ANGLES, 1), beside(KEYS, 1)
    angles = None if angles is None or angles.ndim != 1 else in_degrees(angles)
    if kinds is not None and kinds.shape == array.shape[:1]:
        flat, dark = (
            _mean_field(array[kinds == kind], 3) if (kinds == kind).any() else None for kind in (FLAT, DARK)
        )
        angles = angles[kinds == SAMPLE] if angles is not None and len(angles) == len(kinds) else angles
        array = array[kinds == SAMPLE]
    return Stored(array, "Data Exchange" if group == "exchange" else "HDF5", angles, flat, dark, chosen)


def _with_fields(stored: Stored, options: ReadingOptions) -> Stored:
    """With the flat and dark fields of other files."""
    flat = stored.flat if options.flat is None else _mean_field(_field(options.flat), stored.array.ndim)
    dark = stored.dark if options.dark is None else _mean_field(_field(options.dark), stored.array.ndim)
    return replace(stored, flat=flat, dark=dark)


def _field(path: Path) -> NDArray[Any]:
    field = _array(path, None, (*FLATS, *DARKS, *NAMES))
    if np.ndim(field) > 3 or np.iscomplexobj(field):
        raise OptionError(f"{path}: a field of shape {np.shape(field)} is none; give one of the detector.")
    return field


def _mean_field(field: NDArray[Any] | None, n_axes: int) -> NDArray[np.float32] | None:
    """Of several fields of the detector the mean, (slices, detectors)."""
    if field is None:
        return None
    values = np.atleast_2d(field).astype(np.float32)
    if values.ndim == 3:
        return np.asarray(values.mean(0))
    return np.asarray(values.mean(0, keepdims=True)) if n_axes == 2 else values


def _chosen(
    path: Path, field: NDArray[np.float32] | None, part: slice, slices: NDArray[np.floating]
) -> NDArray[np.float32] | None:
    """The rows of a field for the wanted slices; a field of one row is for all of them."""
    if field is None:
        return None
    if field.shape[1] != slices.shape[2] or len(field) not in (1, len(slices)):
        raise OptionError(
            f"{path}: the flat or dark field is {by(field.shape)}, but the detector "
            f"{by((len(slices), slices.shape[2]))}; give one of its size."
        )
    return field if len(field) == 1 else field[part]


def _spread(path: Path, asked: str | None, n_views: int) -> NDArray[np.float64]:
    if asked is None:
        raise OptionError(
            f"{path}: does not say its angles; give --angles 180 (the degrees that they cover evenly), -60:60, or "
            "a file with one for each view."
        )
    return spread_angles(asked, n_views)
