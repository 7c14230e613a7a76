"""fastMRI's HDF5 files: `kspace` (slice, coil, readout, phase), or (slice, readout, phase) for a single coil."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from dipcli.io.axes import to_slices
from dipcli.io.hdf5 import array_names, open_hdf5, pick, to_complex
from dipcli.io.scan import Scan, choose_slices, measured
from dipcli.options import ReadingOptions

REFERENCES = ("reconstruction_rss", "reconstruction_esc")


def read_fastmri(path: Path, options: ReadingOptions) -> Scan:
    """A file of fastMRI, or any HDF5 file with an array of k-space; other axes are named with --axes.

    Raises InputError where no array of k-space can be told.
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
        crop, voxel = _matrix(file)
        mask = np.asarray(file["mask"][()]) if "mask" in file else None
        names = [name for name in REFERENCES if name in file]
        reference = np.asarray(file[names[0]][chosen[0] : chosen[-1] + 1], np.float32) if names else None
    sampled = measured(kspace)
    if mask is not None and mask.size == sampled.shape[2]:
        sampled = sampled & (mask.ravel() > 0)
    return Scan(
        kspace,
        sampled,
        "fastMRI" if name == "kspace" else f"HDF5 array {name}",
        crop=crop if crop is None or reference is None else (reference.shape[1], reference.shape[2]),
        voxel_mm=voxel,
        reference=reference,
        stored_shape=shape,
        slices=chosen,
    )


def _matrix(file: Any) -> tuple[tuple[int, int] | None, tuple[float, float, float] | None]:  # noqa: ANN401
    """The matrix that the header asks for (height, width), and the voxel (slice, height, width) in mm."""
    if "ismrmrd_header" not in file:
        return None, None
    text = file["ismrmrd_header"][()]
    return matrix_of(text.decode() if isinstance(text, bytes) else str(text))


def matrix_of(header: str) -> tuple[tuple[int, int] | None, tuple[float, float, float] | None]:
    """Of an ISMRMRD header: the matrix of the image (x is the readout and comes first), and its voxel in mm."""
    root = ElementTree.fromstring(header)
    space = root.find("./{*}encoding/{*}reconSpace")
    if space is None:
        return None, None
    matrix = {axis: int(float(space.findtext(f"./{{*}}matrixSize/{{*}}{axis}", "0"))) for axis in "xyz"}
    view = {axis: float(space.findtext(f"./{{*}}fieldOfView_mm/{{*}}{axis}", "0")) for axis in "xyz"}
    if not matrix["x"] or not matrix["y"]:
        return None, None
    voxel = (view["z"] / max(matrix["z"], 1), view["x"] / matrix["x"], view["y"] / matrix["y"])
    return (matrix["x"], matrix["y"]), voxel if min(voxel) > 0 else None
