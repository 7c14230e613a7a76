"""Small simulated patterns, and the files they come in."""

import h5py
import numpy as np

from dipcli.diffraction.crystals import Crystal, simulate_counts, simulate_crystal
from dipcli.diffraction.writers import save_simulated


def simulated(side=32, n_axes=2, photons=1e6, seed=1, **options):
    """Counts, and the object behind them."""
    random = np.random.default_rng(seed)
    truth = simulate_crystal(Crystal(side // 2, n_axes, **options), random)
    padded = np.pad(truth, side // 4)
    intensity = np.abs(np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(padded)))) ** 2
    return simulate_counts(intensity, photons, random), truth


def as_cxi(path, counts, truth, bad=None):
    save_simulated(path, counts, np.zeros(counts.shape, bool) if bad is None else bad, truth, {})
    return path


def read_h5(path, name):
    with h5py.File(path) as file:
        return file[name][()]
