"""How projections are called, and the files beside their reconstructions."""

from dipcli.options.naming import Naming
from dipcli.tomography.options import VolumeFormat

INPUTS = (".h5", ".hdf5", ".nxs", ".npy", ".npz", ".tif", ".tiff", ".mat")
OUTPUTS = (".tif", ".tiff", ".npy", ".h5", ".png")
# What other formats than HDF5 do not hold themselves.
OBJECTS = ("spread", "classical", "fbp", "sirt", "tv", "osem", "mlem")
BESIDE = ("preview.png", *(f"{name}.npy" for name in OBJECTS))


def projections(ending: VolumeFormat, *, recursive: bool) -> Naming:
    """The names; a folder is a stack of views, unless folders are looked through for files."""
    return Naming(INPUTS, OUTPUTS, f".{ending}", BESIDE, takes_folders=not recursive)
