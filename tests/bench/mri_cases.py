"""What of the real brain scan (8 coils, 230 x 180) the rows of the bench of MRI leave measured."""

import numpy as np
from numpy.typing import NDArray

from dipcli.mri.cfl import kspace_of_cfl
from dipcli.mri.sampling import sampling_mask
from tests.bench.pictures import DATA

KSpace = NDArray[np.complex64]
Mask = NDArray[np.bool_]

COIL_NOISE = 1.36  # deviation of the real part of the scan's own noise
WITHOUT_MAPS = ("rand0", "equi4", "one", "every2", "every3", "every3+1", "every4", "sheared4")
PARTIAL = ("pf5", "pf6", "pf7", "pf5-one", "pf7-one", "pf5-noise4", "pf6-noise4", "pf6-half")
FAST = ("lines8", "lines12", "points8", "points12")


def case_of(name: str) -> tuple[KSpace, Mask, KSpace]:
    """What was measured, where, and the full k-space that is the truth."""
    full = kspace_of_cfl(DATA / "mri" / "full.cfl")[0][0]
    if name == "und2x2":
        return full, np.abs(kspace_of_cfl(DATA / "mri" / "und2x2.cfl")[0][0]).sum(0) > 0, full
    if name in FAST:
        kind, times = ("random", name[5:]) if name.startswith("lines") else ("poisson", name[6:])
        fraction = 0.06 if name == "lines12" else 0.08
        return full, sampling_mask(full.shape[1:], float(times), kind, center_fraction=fraction, seed=0), full
    if name == "folded":
        full = np.ascontiguousarray(full[:, :, ::2])
        return full, sampling_mask(full.shape[1:], 4, "random", center_fraction=0.16, seed=0), full
    middle = np.ascontiguousarray(full[:, 51:179, 26:154])
    if name in WITHOUT_MAPS:
        return _without_maps(name, middle[2:3] if name == "one" else middle)
    if name in PARTIAL:
        return _partial(name, middle)
    full = middle if name == "a128" else full
    measured = full if not name.startswith("noise") else _noisier(full, float(name.removeprefix("noise")))
    return measured, sampling_mask(full.shape[1:], 4, "random", center_fraction=0.08, seed=0), full


def part_of(name: str) -> float:
    """The share of the lines of a case of partial Fourier, before more of them are left out."""
    return int(name[2]) / 8


def _noisier(full: KSpace, times: float) -> KSpace:
    """The scan with so many times its noise."""
    extra = COIL_NOISE * np.sqrt(times**2 - 1)
    random = np.random.default_rng(0)
    noise = random.normal(0, extra, full.shape) + 1j * random.normal(0, extra, full.shape)
    return (full + noise).astype(np.complex64)


def _partial(name: str, full: KSpace) -> tuple[KSpace, Mask, KSpace]:
    """Cases whose low lines are missing."""
    full = full[2:3] if name.endswith("one") else full
    mask = np.zeros(full.shape[1:], bool)
    mask[:, round(mask.shape[1] * (1 - part_of(name))) :] = True
    if name.endswith("half"):
        mask &= sampling_mask(full.shape[1:], 2, "random", center_fraction=0.16, seed=0)
    return _noisier(full, 4) if name.endswith("noise4") else full, mask, full


def _without_maps(name: str, full: KSpace) -> tuple[KSpace, Mask, KSpace]:
    """Cases in which maps cannot be had from a calibration block."""
    if name == "one":
        return full, sampling_mask(full.shape[1:], 4, "random", center_fraction=0.08, seed=1), full
    mask = np.zeros(full.shape[1:], bool)
    if name == "rand0":
        mask = sampling_mask(full.shape[1:], 4, "random", center_fraction=0.0, seed=0)
    mask[:, 63:66] = name == "equi4"
    mask[:, 64] = name != "sheared4"
    mask[:, ::4] |= name == "equi4"
    if name.startswith("every"):
        period, *more = name.removeprefix("every").split("+")
        mask[:, 64 % int(period) :: int(period)] = True
        mask[:, [64 + int(one) for one in more]] = True
    if name == "sheared4":
        mask[::4, ::2] = mask[2::4, 1::2] = True
    return full, mask, full
