"""fastMRI's HDF5 files: `kspace` (slice, coil, readout, phase), or (slice, readout, phase) for a single coil."""

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from dipcli.io.hdf5 import array_names, open_hdf5, pick, to_complex
from dipcli.mri.axes import to_slices
from dipcli.mri.options import ReadingOptions
from dipcli.mri.scan import Scan, choose_slices, measured

REFERENCES = ("reconstruction_rss", "reconstruction_esc")


def read_fastmri(path: Path, options: ReadingOptions) -> Scan:
    """A file of fastMRI, or any HDF5 file with an array of k-space; other axes are named with --axes.

    Raises InputError where no array of k-space is found.
    """
    with open_hdf5(path) as file:
        name = pick(path, array_names(file), options.key, ("kspace", "ksp", "data"))
        stored = file[name]
        shape = tuple(stored.shape)
        if options.axes is None and len(shape) in (3, 4):
            chosen = choose_slices(path, shape[0], options.slices)
            kspace = to_complex(stored[chosen[0] : chosen[-1] + 1])
            kspace = to_slices(path, kspace, "slice,coil,y,x" if len(shape) == 4 else "slice,y,x")
        else:
            kspace = to_slices(path, to_complex(stored[()]), options.axes)
            chosen = choose_slices(path, len(kspace), options.slices)
            kspace = kspace[chosen[0] : chosen[-1] + 1]
        header = _header(file)
        padding = _padding(file, header, shape[-1])
        mask = np.asarray(file["mask"][()]) if "mask" in file else None
        crops = [file[name].shape[1:] for name in REFERENCES if name in file]
    sampled = measured(kspace)
    if mask is not None and mask.size == sampled.shape[2]:
        sampled = sampled & (mask.ravel() > 0)
    crop, voxel = matrix_of(header) if header else (None, None)
    sampled[..., padding & ~kspace.any((0, 1, 2))] = True
    return Scan(
        kspace,
        sampled,
        "fastMRI" if name == "kspace" else f"HDF5 array {name}",
        crop=crop if crop is None or not crops else crops[0],
        voxel_mm=voxel,
        stored_shape=shape,
        slices=chosen,
    )


def _header(file: Any) -> str:  # noqa: ANN401
    """The ISMRMRD header; empty where there is none."""
    if "ismrmrd_header" not in file:
        return ""
    text = file["ismrmrd_header"][()]
    return text.decode() if isinstance(text, bytes) else str(text)


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


def _space(root: ElementTree.Element, name: str) -> tuple[list[int], list[float]] | None:
    """Matrix and field of view in mm along x, y and z; None where the file does not say."""
    space = root.find(f"./{{*}}encoding/{{*}}{name}")
    if space is None:
        return None
    sides = [int(float(space.findtext(f"./{{*}}matrixSize/{{*}}{axis}", "0"))) for axis in "xyz"]
    view = [float(space.findtext(f"./{{*}}fieldOfView_mm/{{*}}{axis}", "0")) for axis in "xyz"]
    return (sides, view) if sides[0] and sides[1] else None
