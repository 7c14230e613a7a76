"""How scans are called, and the files beside their reconstructions."""

from dipcli.mri.options import ScanFormat
from dipcli.options.naming import Naming

INPUTS = (".h5", ".hdf5", ".mrd", ".cfl", ".npy", ".npz", ".mat")
OUTPUTS = (".h5", ".nii", ".npy", ".cfl", ".png", ".nii.gz")
# The header of BART's pair; what other formats than HDF5 do not hold themselves.
OBJECTS = ("spread", "error", "classical", "zero_filled", "cg_sense", "tv", "maps", "coil_images")
ENDINGS = ("npy", "cfl", "hdr", "nii", "nii.gz")
BESIDE = ("preview.png", "hdr", *(f"{name}.{ending}" for name in OBJECTS for ending in ENDINGS))


def scans(ending: ScanFormat | None) -> Naming:
    """The names, where outputs that are not named are of this format."""
    return Naming(INPUTS, OUTPUTS, f".{ending or 'h5'}", BESIDE, is_chosen=ending is not None)
