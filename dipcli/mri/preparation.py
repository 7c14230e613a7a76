"""What is done to k-space before it is reconstructed; arrays are (slices, coils, readout, phase), complex64."""

import numpy as np
from numpy.typing import NDArray

KSpace = NDArray[np.complex64]
FEW = 0.005  # share of a slice's values whose strength alone decides nothing; 20 of them at most


def whiten(kspace: KSpace, noise: KSpace, dwell_ratio: float = 1.0) -> KSpace:
    """K-space of virtual coils whose noise is independent, with deviation 1 of its real and imaginary parts.

    `noise` (coils, samples) was measured without a signal; `dwell_ratio` is the dwell time of the scan over the
    noise's: the longer one samples, the less noise. Source: Pruessmann et al., 2001, doi 10.1002/mrm.1241.
    """
    covariance = noise @ noise.conj().T / (2 * max(noise.shape[1] - 1, 1)) / dwell_ratio
    factor = np.linalg.cholesky(covariance)
    mixed = np.linalg.solve(factor, np.moveaxis(kspace, 1, 0).reshape(kspace.shape[1], -1))
    shape = (kspace.shape[1], kspace.shape[0], *kspace.shape[2:])
    return np.ascontiguousarray(np.moveaxis(mixed.reshape(shape), 0, 1), dtype=np.complex64)


def crop_readout(kspace: KSpace, side: int) -> KSpace:
    """K-space of the middle `side` pixels along the readout, which must be fully sampled: exact.

    Values keep their size, as every transform is orthonormal.
    """
    start = (kspace.shape[2] - side) // 2
    lines = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(kspace, 2), axis=2, norm="ortho"), 2)
    middle = lines[:, :, start : start + side]
    cropped = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(middle, 2), axis=2, norm="ortho"), 2)
    return cropped.astype(np.complex64)


def centre_offset(kspace: KSpace) -> tuple[float, float]:
    """How far the strongest frequency is from the centre along readout and phase, in shares of the side.

    A few values that are stronger than all others, such as spikes of interference, count as much as those.
    """
    energies = np.square(np.abs(kspace).astype(np.float64)).sum(1)
    few = min(20, 2 + int(FEW * energies[0].size), energies[0].size)
    energy = sum(np.minimum(one, np.partition(one, -few, axis=None)[-few]) for one in energies)
    offsets = []
    for axis in (1, 0):
        line = energy.sum(axis)
        offsets.append(abs(int(line.argmax()) - line.size // 2) / line.size)
    return offsets[0], offsets[1]
