"""How patterns are called, and the files beside the objects that are found."""

from dipcli.diffraction.options import ObjectFormat
from dipcli.options.naming import Naming

INPUTS = (".cxi", ".h5", ".hdf5", ".npz", ".npy", ".tif", ".tiff", ".mat")
OUTPUTS = (".cxi", ".npz")
BESIDE = ("runs.csv", "prtf.csv", "preview.png", "vti")


def patterns(ending: ObjectFormat, *, recursive: bool) -> Naming:
    """The names; a folder is a stack of frames, unless folders are looked through for files."""
    return Naming(INPUTS, OUTPUTS, f".{ending}", BESIDE, takes_folders=not recursive)
