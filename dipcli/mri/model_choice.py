"""Which model of the coils a slice allows, and what that will cost."""

from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.fourier import ifft
from dipcli.io.names import by
from dipcli.mri.encoding import CoilEncoding, Encoding, SenseEncoding, root_sum_of_squares
from dipcli.mri.espirit import FEWEST, espirit
from dipcli.mri.joint_maps import joint_maps
from dipcli.mri.options import ReconstructionOptions
from dipcli.mri.sampling import calibration_block
from dipcli.mri.slices import Recipe, Slice
from dipcli.problem import Unknown

WIDEST = 60  # rows and lines of the calibration block that are used
SECOND = 0.8  # an eigenvalue above which a second set of maps sees something
FOLDED = 0.02  # share of the foreground that it must be, for two sets to be used
FOREGROUND = 0.1
# Of the classical answers, for each pixel of a slice.
SECONDS, SECONDS_OF_IMAGE = 8e-5, 6e-5
BYTES_OF_COIL, BYTES_OF_IMAGE = 50, 1060
BESIDE = 2.2  # a step takes so much longer than its network: a transform of each coil, there and back


def choose_encoding(
    kspace: Tensor, scan: Slice, options: ReconstructionOptions, sigma: float
) -> tuple[Encoding, str]:
    """The model for k-space whose brightest point is 1, and why it was chosen.

    Raises OptionError for maps that do not fit.
    """
    if scan.maps is not None:
        if scan.maps.shape[1:] != kspace.shape:
            raise OptionError(f"--maps are {size_of(scan.maps[0])}, but the scan is {size_of(kspace)}.")
        return SenseEncoding(scan.sampled, scan.maps), f"sense, with {len(scan.maps)} given set(s) of maps"
    rows, lines = calibration_block(scan.sampled.cpu().numpy())
    found = (rows.stop - rows.start, lines.stop - lines.start)
    block = f"{found[0]}x{found[1]} values around the centre"
    if options.model == "coil" or len(kspace) == 1:
        reason = "as asked for" if options.model == "coil" else "one coil"
        return CoilEncoding(scan.sampled), f"coil, an image for each: {reason}"
    if min(found) < FEWEST:
        maps = joint_maps(kspace, scan.sampled)
        return SenseEncoding(scan.sampled, maps), f"sense, maps found together with the image, for {block} are few"
    calibration = kspace[:, _widest(rows), _widest(lines)]
    seen = espirit(calibration, (kspace.shape[1], kspace.shape[2]), n_maps=2, sigma=sigma)
    if not bool(seen.maps.any()):
        return CoilEncoding(scan.sampled), "coil, an image for each: no maps stand out of the noise"
    magnitude = root_sum_of_squares(ifft(kspace))[0]
    folded = float((seen.eigenvalues[1] > SECOND)[magnitude > FOREGROUND * magnitude.max()].float().mean())
    n_maps = 2 if folded > FOLDED else 1
    reason = f", two sets, for {folded:.0%} of the image is folded" if n_maps == 2 else ""
    return SenseEncoding(scan.sampled, seen.maps[:n_maps]), f"sense, maps from {block}{reason}"


def workload_of(scan: Slice, asked: ReconstructionOptions, recipe: Recipe) -> Workload:
    """What a slice asks of the machine, by the model that its sampling allows; maps are not made for it."""
    n_coils, *space = scan.kspace.shape
    is_sense = scan.maps is not None or (asked.model != "coil" and n_coils > 1)
    n_images = (1 if scan.maps is None else len(scan.maps)) if is_sense else n_coils
    n_values = scan.sampled.numel()
    chosen = recipe("sense" if is_sense else "coil")
    answers = 2 if chosen.reconstruction.classical_share is None else 1  # one of them without what is held out
    return Workload(
        (n_coils, *space),
        chosen.engine,
        {} if chosen.reconstruction.classical_share == 1 else {"image": Unknown((2 * n_images, *space))},
        answers * (SECONDS * n_coils + SECONDS_OF_IMAGE * n_images) * n_values,
        (BYTES_OF_IMAGE * n_images + BYTES_OF_COIL * n_coils) * n_values,
        beside=BESIDE,
    )


def _widest(span: slice) -> slice:
    middle = (span.start + span.stop) // 2
    return slice(max(span.start, middle - WIDEST // 2), min(span.stop, middle + WIDEST // 2))


def size_of(kspace: Tensor) -> str:
    """How the size of k-space (coils, readout, phase) is said."""
    return by(kspace.shape[1:]) + f" with {len(kspace)} coil(s)"
