"""Make the synthetic scan of sample_data: `python -m tests.sample_scan sample_data`.

A slice of a head of ellipses, with fine bars and a soft texture, seen by five coils; one in three lines of its
k-space, with noise.
"""

import sys
from pathlib import Path

import numpy as np

from dipcli.mri.sampling import sampling_mask
from tests.scans import noise_of, to_kspace, true_maps

SIDE, COILS, SIGMA = 96, 5, 0.01
# Brightness that is added, centre (down, right), half axes, and turn in radians; lengths in half sides.
ELLIPSES = (
    (1.0, (0, 0), (0.9, 0.7), 0.0),
    (-0.55, (0.02, 0), (0.82, 0.62), 0.0),
    (-0.3, (-0.02, 0.24), (0.32, 0.12), -0.3),
    (-0.3, (-0.02, -0.24), (0.36, 0.14), 0.3),
    (0.25, (0.38, 0), (0.2, 0.26), 0.0),
    (0.35, (-0.48, 0), (0.12, 0.16), 0.0),
    (0.4, (-0.12, 0), (0.05, 0.05), 0.0),
    (-0.3, (0.42, 0.08), (0.05, 0.03), 0.4),
)


def sample_image() -> np.ndarray:
    """(SIDE, SIDE), complex, of smooth phase."""
    at = (np.arange(SIDE) - SIDE // 2) / (SIDE / 2)
    down, right = np.meshgrid(at, at, indexing="ij")
    brightness = np.zeros((SIDE, SIDE))
    for value, (y, x), (high, wide), turn in ELLIPSES:
        along = (down - y) * np.cos(turn) + (right - x) * np.sin(turn)
        across = (right - x) * np.cos(turn) - (down - y) * np.sin(turn)
        brightness += value * np.clip(
            (1 - np.hypot(along / high, across / wide)) * min(high, wide) * SIDE / 2, 0, 1
        )
    for index in range(4):  # bars, finer and finer
        inside = (np.abs(down - 0.62) < 0.05) & (np.abs(right + 0.27 - 0.18 * index) < 0.07)
        brightness += 0.25 * inside * (np.floor(right * SIDE / 2 / (4 - index)) % 2)
    brightness *= 1 + 0.05 * np.sin(23 * down + 9 * right**2) * np.sin(19 * right - 6 * down)
    return brightness.clip(0) * np.exp(1j * (0.9 * down - 0.6 * right + 0.5 * down * right))


def main(folder: Path) -> None:
    kspace = to_kspace(true_maps(COILS, SIDE, SIDE) * sample_image())
    kspace += noise_of(kspace.shape, SIGMA)
    mask = sampling_mask((SIDE, SIDE), 3, "random", center_fraction=0.125, seed=0)
    np.save(folder / "mri.npy", kspace * mask)
    np.save(folder / "mri_truth.npy", np.abs(sample_image()).astype(np.float32)[None])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
