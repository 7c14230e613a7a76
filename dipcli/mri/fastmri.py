"""fastMRI's HDF5 files: `kspace` (slice, coil, readout, phase), or (slice, readout, phase) for a single coil."""

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.arrays import named_parts, numbers
from dipcli.io.failures import explain_failures
from dipcli.io.hdf5 import array_names, find_array, follow, has_array, open_hdf5, read_stored, read_text
from dipcli.mri.axes import doubts_about_axes, guessed_axes, to_slices
from dipcli.mri.mistaken import refuse_trajectory
from dipcli.mri.options import ReadingOptions
from dipcli.mri.preparation import KSpace
from dipcli.mri.scan import Scan, measured, unused_mask
from dipcli.options.slices import choose_slices

MARKS = frozenset({"acquisition", "patient_id"})  # attributes of fastMRI's files
NAMES = ("kspace", "ksp", "data")
REFERENCES = ("reconstruction_rss", "reconstruction_esc")


def read_fastmri(path: Path, options: ReadingOptions) -> Scan:
    """A file of fastMRI, or any HDF5 file with an array of k-space; other axes are named with --axes.

    Raises InputError where no array of k-space is found.
    """
    with open_hdf5(path) as file:
        refuse_trajectory(path, array_names(file))
        name, stored = _stored(path, file, options.key)
        axes, warnings = _axes_of(path, file, stored, options.axes)
        kspace, chosen = _wanted(path, stored, axes, options.slices)
        stored_shape, header = tuple(stored.shape), _header(path, file)
        with explain_failures(InputError, path, "has an ismrmrd_header that cannot be understood"):
            padding = _padding(file, header, kspace.shape[-1])
            crop, voxel = matrix_of(header) if header else (None, None)
        mask = numbers(path, read_stored(path, file["mask"])) if has_array(file, "mask", least_axes=1) else None
        crops = [file[name].shape[1:] for name in REFERENCES if has_array(file, name, least_axes=3)]
    sampled = measured(kspace)
    if mask is not None and mask.size == sampled.shape[2]:
        sampled = sampled & (mask.ravel() > 0)
    elif mask is not None:
        warnings = (*warnings, *unused_mask(path, mask, sampled))
    sampled[..., padding & ~kspace.any((0, 1, 2))] = True
    return Scan(
        kspace,
        sampled,
        "fastMRI" if name == "kspace" else f"HDF5 array {name}",
        crop=crop if crop is None or not crops else crops[0],
        voxel_mm=voxel,
        stored_shape=stored_shape,
        slices=chosen,
        warnings=warnings,
    )


def _stored(path: Path, file: Any, key: str | None) -> tuple[str, Any]:  # noqa: ANN401
    """The array of k-space and its name, or the sum of its two parts and the name of the real one."""
    parts = None if key or any(has_array(file, name) for name in NAMES) else named_parts(array_names(file))
    if parts is not None:
        return parts[0], _numbers(path, file, parts[0]) + 1j * _numbers(path, file, parts[1])
    name = find_array(path, file, key, NAMES, ("mask", *REFERENCES))
    return name, file[name]


def _axes_of(path: Path, file: Any, stored: Any, given: str | None) -> tuple[str | None, tuple[str, ...]]:  # noqa: ANN401
    """The axes as they are named, or by fastMRI's rule where the file is one; None: as of any array.

    Three axes of another file are those of coils far more often than slices of one coil, which is said.
    """
    shape = stored.shape[1:] if _begins_with_parts(stored) else stored.shape
    shape = shape[:-1] if stored.dtype.kind in "uif" and shape == stored.shape and shape[-1] == 2 else shape
    is_fastmri = "ismrmrd_header" in file or "reconstruction_esc" in file or not MARKS.isdisjoint(file.attrs)
    if given is not None or len(shape) not in (3, 4):
        return given, ()
    if len(shape) == 4 and is_fastmri:
        return "slice,coil,y,x", ()
    if len(shape) == 4:
        guess = None if 1 in shape else ",".join(guessed_axes(path, shape))
        return guess, doubts_about_axes(path, np.empty(shape, bool))
    if is_fastmri:
        return "slice,y,x", ()
    guess = ",".join(guessed_axes(path, shape))
    return guess, (f"{path}: its axes are thought to be {guess}; --axes names others, such as slice,y,x.",)


def _wanted(path: Path, stored: Any, axes: str | None, slices: str) -> tuple[KSpace, tuple[int, ...]]:  # noqa: ANN401
    """The slices that are wanted, and their numbers; no others are read where slices come first."""
    if axes is not None and axes.partition(",")[0].strip() == "slice" and not _begins_with_parts(stored):
        chosen = choose_slices(path, stored.shape[0], slices)
        return to_slices(
            path, numbers(path, read_stored(path, stored, slice(chosen[0], chosen[-1] + 1))), axes
        ), chosen
    kspace = to_slices(path, numbers(path, read_stored(path, stored)), axes)
    chosen = choose_slices(path, len(kspace), slices)
    return kspace[chosen[0] : chosen[-1] + 1], chosen


def _begins_with_parts(stored: Any) -> bool:  # noqa: ANN401
    """Whether the first axis is that of real and imaginary parts."""
    shape = stored.shape
    return bool(stored.dtype.kind in "uif" and len(shape) > 2 and shape[0] == 2 and shape[-1] != 2)


def _numbers(path: Path, file: Any, name: str) -> NDArray[Any]:  # noqa: ANN401
    return numbers(path, read_stored(path, file[name]))


def _header(path: Path, file: Any) -> str:  # noqa: ANN401
    """The ISMRMRD header; empty where there is none."""
    stored = follow(file, "ismrmrd_header")
    return "" if stored is None else read_text(path, stored)


def _padding(file: Any, header: str, n_lines: int) -> NDArray[np.bool_]:  # noqa: ANN401
    """Which lines are zeros that no scanner measured: those outside of what attributes or header name."""
    left, right = (file.attrs.get(f"padding_{side}") for side in ("left", "right"))
    if left is None or right is None:
        left, right = _limits(header) if header else (0, n_lines)
    at = np.arange(n_lines)
    return (at < int(left)) | (at >= int(right))


def _limits(header: str) -> tuple[int, int]:
    """The lines that were to be measured, the last one not included; fastMRI's rule."""
    root = ElementTree.fromstring(header)
    lines = root.findtext("./{*}encoding/{*}encodedSpace/{*}matrixSize/{*}y")
    limits = root.find("./{*}encoding/{*}encodingLimits/{*}kspace_encoding_step_1")
    if lines is None or limits is None:
        return 0, sys.maxsize
    first = int(float(lines)) // 2 - int(limits.findtext("./{*}center", "0"))
    return first, first + int(limits.findtext("./{*}maximum", "0")) + 1


def matrix_of(header: str) -> tuple[tuple[int, int] | None, tuple[float, float, float] | None]:
    """Of an ISMRMRD header: the matrix of the image (x is the readout and comes first), and its voxel in mm.

    The image is a middle part of what was encoded, and its voxels are those of the encoding, as it is not resized.
    """
    root = ElementTree.fromstring(header)
    shown = _space(root, "reconSpace")
    if shown is None:
        return None, None
    sides, view = _space(root, "encodedSpace") or shown
    voxel = (view[2] / max(sides[2], 1), view[0] / sides[0], view[1] / sides[1])
    return (shown[0][0], shown[0][1]), voxel if min(voxel) > 0 else None


def matrix_of_volume(header: str) -> tuple[tuple[int, int, int], tuple[float, float, float] | None] | None:
    """The same of a scan encoded in 3D: matrix and voxel along readout, lines and partitions."""
    root = ElementTree.fromstring(header)
    shown = _space(root, "reconSpace")
    if shown is None:
        return None
    sides, view = _space(root, "encodedSpace") or shown
    voxel = (view[0] / sides[0], view[1] / sides[1], view[2] / max(sides[2], 1))
    return (shown[0][0], shown[0][1], max(shown[0][2], 1)), voxel if min(voxel) > 0 else None


def _space(root: ElementTree.Element, name: str) -> tuple[list[int], list[float]] | None:
    """Matrix and field of view in mm along x, y and z; None where the file does not say."""
    space = root.find(f"./{{*}}encoding/{{*}}{name}")
    if space is None:
        return None
    sides = [int(float(space.findtext(f"./{{*}}matrixSize/{{*}}{axis}", "0"))) for axis in "xyz"]
    view = [float(space.findtext(f"./{{*}}fieldOfView_mm/{{*}}{axis}", "0")) for axis in "xyz"]
    return (sides, view) if min(sides[:2]) > 0 else None
