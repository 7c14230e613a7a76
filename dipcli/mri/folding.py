"""Regular sampling that leaves an image folded: lines or points on a lattice, and too little between them."""

from itertools import product
from math import gcd

import numpy as np
from numpy.typing import NDArray

from dipcli.mri.espirit import FEWEST
from dipcli.mri.options import ReconstructionOptions
from dipcli.mri.sampling import calibration_block
from dipcli.mri.slices import Slice

LARGEST = 16  # period that is looked for
REGULAR = 0.8  # share of what was measured that lies on one lattice
MIDDLE = 64  # values on either side of the centre that are looked at


def still_folded(scan: Slice, options: ReconstructionOptions) -> tuple[str, ...]:
    """A sentence where nothing in the slice tells apart what lies over one another in its image.

    Measured on a lattice of one in R, the image is a sum of R shifted parts. Given maps unfold it, and those of a
    calibration block; else values between those of the lattice must: half of the R - 1 other kinds at least.
    """
    sampled = (scan.sampled & (scan.kspace != 0).any(0)).cpu().numpy()  # lines of zeros were appended
    is_one = len(scan.kspace) == 1
    has_block = min(span.stop - span.start for span in calibration_block(sampled)) >= FEWEST
    if scan.maps is not None or (has_block and not is_one and options.model != "coil"):
        return ()
    period, kinds = lattice(sampled)
    if period == 1 or 2 * (kinds - 1) >= period:
        return ()
    between = "nothing" if kinds == 1 else f"{kinds - 1} of {period - 1} kinds of values"
    mend = "vary the distances" if is_one else f"measure {FEWEST} lines around the centre, or give --maps"
    part = "" if kinds == 1 else " in part"
    without = "one coil" if is_one else "no calibration block"
    return (
        f"was measured regularly, 1 in {period} along its lines or rows, with {without} and {between} in between: "
        f"at least {period} parts of the image lie over one another and stay folded{part}; {mend}.",
    )


def lattice(sampled: NDArray[np.bool_]) -> tuple[int, int]:
    """The period R of `sampled` (readout, phase), 1 where nothing is regular, and how many of R kinds there are.

    A value's kind is u·y + v·x mod R; R is the largest for which, with some u and v, most are of one kind.
    """
    places = np.argwhere(sampled) - np.array(sampled.shape) // 2
    y, x = places[(np.abs(places) <= MIDDLE).all(1)].T
    for period in range(LARGEST, 1, -1):
        for u, v in product(range(period), repeat=2):
            if gcd(u, v, period) > 1:
                continue
            counts = np.bincount((u * y + v * x) % period, minlength=period)
            if counts.max() > REGULAR * len(x):
                return period, int((counts > 0).sum())
    return 1, 1
