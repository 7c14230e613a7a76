"""How scans are called, and the files beside their reconstructions."""

from dipcli.mri.options import ScanFormat
from dipcli.options.naming import Naming

INPUTS = (".h5", ".hdf5", ".mrd", ".cfl", ".npy", ".npz", ".mat")
OUTPUTS = (".h5", ".nii", ".npy", ".cfl", ".png", ".nii.gz")
# The header of BART's pair; what other formats than HDF5 do not hold themselves.
OBJECTS = ("spread", "classical", "zero_filled", "cg_sense", "tv", "coil_images")
BESIDE = ("preview.png", "hdr", *(f"{name}.npy" for name in OBJECTS))


def scans(ending: ScanFormat) -> Naming:
    """The names, where outputs that are not named are of this format."""
    return Naming(INPUTS, OUTPUTS, f".{ending}", BESIDE)
