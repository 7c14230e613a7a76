"""Read a scan, whatever its format; the content of the file, not its name, tells which that is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError, OptionError
from dipcli.io.arrays import numbers, with_parts_joined
from dipcli.io.failures import reader
from dipcli.io.hdf5 import SIGNATURE, find_array, group_names, open_hdf5, read_stored
from dipcli.io.matlab import FIFTH, SEVENTH, read_matlab
from dipcli.io.numpy_files import ARCHIVE, names_in_archive, read_members, read_numpy
from dipcli.io.numpy_files import SIGNATURE as NUMPY
from dipcli.mri.axes import doubts_about_axes, to_slices
from dipcli.mri.cfl import COILS, images_of_cfl, kspace_of_cfl, maps_of_cfl, read_cfl
from dipcli.mri.fastmri import REFERENCES, read_fastmri
from dipcli.mri.ismrmrd import MEMBERS, read_ismrmrd
from dipcli.mri.mistaken import refuse_image, refuse_spokes, refuse_trajectory, refuse_trajectory_beside
from dipcli.mri.naming import INPUTS
from dipcli.mri.options import ReadingOptions
from dipcli.mri.scan import Scan, left_aside, measured, padding_of, prepare_scan, unused_mask
from dipcli.options.slices import choose_slices

NAMES = ("kspace", "ksp", "data", "DATA")
MASKS = ("mask", "sampling_mask", "sampling", "pattern")
LEAST_NOISE = 2  # samples of each coil in a noise scan, for every coil


@reader
def load_scan(path: Path, options: ReadingOptions) -> Scan:
    """The slices of a scan that are wanted, ready to be reconstructed.

    Raises InputError, one sentence, for everything that cannot be read.
    """
    scan = _reader(path)(path, options)
    scan = _finite(path, scan)
    if options.axes is None and options.key is None:
        refuse_image(path, scan.kspace)
        if scan.origin != "ISMRMRD":  # which says its trajectory
            refuse_spokes(path, scan.kspace, scan.sampled)
    if options.axes is None:
        scan = _single_coil_said(path, scan)
    if options.mask is not None:
        scan = replace(scan, sampled=_given_mask(options.mask, scan) | padding_of(scan.kspace, scan.sampled))
    if options.noise is not None:
        scan = replace(scan, noise=_given_noise(options.noise, scan), dwell_ratio=1.0)
    hidden = np.where(scan.sampled[:, None], scan.kspace, np.complex64(0))
    scan = replace(scan, kspace=hidden)
    return prepare_scan(path, scan, whitened=not options.no_whitening, oversampled=options.keep_oversampling)


def _finite(path: Path, scan: Scan) -> Scan:
    """The scan with values that are not finite counted as not measured."""
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(scan.kspace).all(1))
    count = int((~finite).sum())
    if not count:
        return scan
    warning = f"{path}: {count} of {finite.size} values are not finite and count as not measured."
    kspace = np.where(finite[:, None], scan.kspace, np.complex64(0))
    return replace(scan, kspace=kspace, sampled=scan.sampled & finite, warnings=(*scan.warnings, warning))


def _single_coil_said(path: Path, scan: Scan) -> Scan:
    """With a warning where an array of four axes is thought to be slices of a single coil."""
    slices, coils = scan.kspace.shape[:2]
    if path.suffix == ".cfl" or len(scan.stored_shape) != 4 or coils > 1 or slices == 1:
        return scan
    warning = (
        f"{path}: is thought to hold {slices} slices of one coil; --axes names others, such as coil,slice,y,x."
    )
    return replace(scan, warnings=(*scan.warnings, warning))


@reader
def load_maps(path: Path) -> NDArray[np.complex64]:
    """Coil sensitivities (slices, sets, coils, readout, phase): one slice where they serve all.

    From HDF5 (`maps`), .npy, .npz, MATLAB or .cfl. Raises InputError for other arrays.
    """
    if path.suffix == ".cfl":
        maps = maps_of_cfl(path)
    elif _is_hdf5(path):
        with open_hdf5(path) as file:
            maps = numbers(path, read_stored(path, file[find_array(path, file, None, ("maps", "sens_maps"))]))
    else:
        maps = with_parts_joined(_read_array(path, None))
    if not 3 <= maps.ndim <= 5 or not np.iscomplexobj(maps):
        raise InputError(
            f"{path}: maps of shape {maps.shape}; give complex (coil,y,x), (set,coil,y,x) or (slice,set,coil,y,x)."
        )
    return np.ascontiguousarray(maps[(None,) * (5 - maps.ndim)], dtype=np.complex64)


def given_maps(path: Path, slices: tuple[int, ...]) -> NDArray[np.complex64]:
    """The maps of the wanted slices of a scan, or those for all. Raises OptionError where there are others."""
    maps = load_maps(path)
    if len(maps) in (1, len(slices)):
        return maps
    if len(maps) > max(slices):
        return maps[list(slices)]
    raise OptionError(
        f"{path}: has maps of {len(maps)} slices, but {len(slices)} are wanted; give as many, or one."
    )


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


@reader
def load_reconstruction(path: Path, slices: tuple[int, ...]) -> NDArray[np.float32]:
    """Magnitudes (slices, height, width) to compare with, of the wanted slices where the file has more.

    From HDF5 (`reconstruction_rss`, `reconstruction`), NumPy or BART. Raises InputError for other files.
    """
    if path.suffix == ".cfl":
        volume = images_of_cfl(path)
    elif _is_hdf5(path):
        with open_hdf5(path) as file:
            name = find_array(path, file, None, ("reconstruction", *REFERENCES))
            volume = numbers(path, read_stored(path, file[name]))
    else:
        volume = np.asarray(_read_array(path, None))
    volume = np.abs(volume[None] if volume.ndim == 2 else volume)
    if volume.ndim != 3:
        raise InputError(f"{path}: holds no magnitudes of slices (slice,y,x); give another --reference.")
    if len(volume) > len(slices) and len(volume) > max(slices):
        volume = volume[list(slices)]
    return volume.astype(np.float32)


def _reader(path: Path) -> Callable[[Path, ReadingOptions], Scan]:
    with path.open("rb") as file:
        start = file.read(16)
    if path.suffix == ".hdr" and path.with_suffix(".cfl").is_file():
        raise InputError(f"{path}: is the header of a pair; give {path.with_suffix('.cfl').name}.")
    if path.suffix == ".cfl":
        return _read_cfl
    if start.startswith(SIGNATURE):
        with open_hdf5(path) as file:
            groups = group_names(file, *MEMBERS)
        return read_ismrmrd if groups else read_fastmri
    if start.startswith((FIFTH, SEVENTH, ARCHIVE, NUMPY)):
        return _read_plain
    raise InputError(f"{path}: is no scan that is known; it reads {', '.join(INPUTS)}.")


def _read_cfl(path: Path, options: ReadingOptions) -> Scan:
    unused = {"--key": options.key, "--axes": options.axes}
    refuse_trajectory_beside(path)
    kspace, axes = kspace_of_cfl(path)
    scan = _of_array(path, kspace, "BART", options)
    return replace(scan, bart_axes=axes, warnings=left_aside(path, unused))


def _read_plain(path: Path, options: ReadingOptions) -> Scan:
    array = _read_array(path, options.key)
    refuse_trajectory_beside(path)
    origin = {".mat": "MATLAB", ".npz": "NumPy archive"}.get(path.suffix, "NumPy array")
    scan = _of_array(path, to_slices(path, array, options.axes), origin, options, array.shape)
    doubts = doubts_about_axes(path, array) if options.axes is None else ()
    with path.open("rb") as file:
        start = file.read(len(NUMPY))
    if start.startswith(ARCHIVE):
        for mask in read_members(path, MASKS)[:1]:
            doubts += unused_mask(path, mask, scan.sampled)
    elif start == NUMPY:
        doubts += left_aside(path, {"--key": options.key})
    return replace(scan, warnings=doubts)


def _of_array(
    path: Path,
    kspace: NDArray[np.complex64],
    origin: str,
    options: ReadingOptions,
    shape: tuple[int, ...] | None = None,
) -> Scan:
    chosen = choose_slices(path, len(kspace), options.slices)
    kept = kspace[chosen[0] : chosen[-1] + 1]
    return Scan(kept, measured(kept), origin, stored_shape=shape or kspace.shape, slices=chosen)


@reader
def _read_array(path: Path, key: str | None, usual: tuple[str, ...] = NAMES) -> NDArray[np.complexfloating]:
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"MATLAB"):
        return read_matlab(path, key, usual, lambda names: refuse_trajectory(path, names))
    if start.startswith(ARCHIVE):
        refuse_trajectory(path, names_in_archive(path))
    return read_numpy(path, key, usual)[0]


def _given_noise(path: Path, scan: Scan) -> NDArray[np.complex64]:
    """The samples (coils, n) of a noise scan, whichever of its axes is that of the coils."""
    array = with_parts_joined(_any_array(path, ("noise", *NAMES)))
    n_coils = scan.kspace.shape[1]
    axes = [axis for axis, n in enumerate(array.shape) if n == n_coils]
    axis = COILS if path.suffix == ".cfl" else axes[0] if axes else -1
    samples = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1) if array.ndim else array
    if not np.iscomplexobj(array) or len(samples) != n_coils or samples.shape[1] < LEAST_NOISE * n_coils:
        needed = f"{n_coils} coils need {LEAST_NOISE * n_coils} complex samples each"
        raise OptionError(f"{path}: noise of shape {array.shape}, but {needed}; give (coil,sample).")
    if not np.isfinite(samples).all() or np.linalg.matrix_rank(samples) < n_coils:
        raise OptionError(
            f"{path}: its noise is not finite, or of some coils 0 or that of others; give another scan."
        )
    return np.ascontiguousarray(samples, dtype=np.complex64)


def _any_array(path: Path, usual: tuple[str, ...]) -> NDArray[Any]:
    """An array of any file that scans come in."""
    if path.suffix == ".cfl":
        return read_cfl(path)
    if _is_hdf5(path):
        with open_hdf5(path) as file:
            return numbers(path, read_stored(path, file[find_array(path, file, None, usual)]))
    return _read_array(path, None, usual)


def _given_mask(path: Path, scan: Scan) -> NDArray[np.bool_]:
    """The mask file, for every slice."""
    mask = np.asarray(np.abs(_any_array(path, MASKS))) > 0
    space = scan.sampled.shape[1:]
    squeezed = mask.squeeze()
    if squeezed.shape == (space[1],):
        squeezed = np.broadcast_to(squeezed, space)
    if squeezed.shape not in (space, scan.sampled.shape):
        raise OptionError(
            f"{path}: a mask of shape {mask.shape}, but k-space has {space[0]}x{space[1]} values a slice; "
            f"give ({space[1]}) or {space}."
        )
    return np.broadcast_to(squeezed, scan.sampled.shape).copy()
