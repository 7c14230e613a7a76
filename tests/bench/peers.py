"""Classical filters at the parameter that the ground truth likes best: the bar, not a method one could use."""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.ndimage import median_filter
from skimage import restoration

from tests.bench.pictures import Array, psnr_db


def best_classical(noisy: Array, clean: Array) -> dict[str, float]:
    """The PSNR of each filter at its best parameter for this very picture."""
    filters: dict[str, tuple[Callable[[Array, float], Array], tuple[float, ...]]] = {
        "nlm": (_non_local_means, (0.02, 0.04, 0.06, 0.08, 0.11, 0.15, 0.2, 0.28, 0.4)),
        "tv": (_total_variation, (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.9)),
        "wavelet": (_wavelet, (0.05, 0.08, 0.12, 0.16, 0.2, 0.26, 0.35, 0.5, 0.7)),
        "median": (_median, (3, 5, 7, 9, 11)),
    }
    return {
        name: max(psnr_db(method(noisy, value), clean) for value in values)
        for name, (method, values) in filters.items()
    }


def _non_local_means(noisy: Array, h: float) -> Array:
    return restoration.denoise_nl_means(noisy, patch_size=5, patch_distance=6, h=h, fast_mode=True, channel_axis=2)


def _total_variation(noisy: Array, weight: float) -> Array:
    return restoration.denoise_tv_chambolle(noisy, weight=weight, channel_axis=2)


def _wavelet(noisy: Array, sigma: float) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return restoration.denoise_wavelet(
            noisy, sigma=sigma, method="BayesShrink", convert2ycbcr=True, rescale_sigma=True, channel_axis=2
        )


def _median(noisy: Array, side: float) -> Array:
    return np.asarray(median_filter(noisy, size=(int(side), int(side), 1)))


def best_bm3d(noisy: Array, clean: Array, kind: str) -> float:
    """The PSNR of CBM3D: with the true σ where noise is Gaussian, else with its best; NaN without `bm3d`."""
    try:
        import bm3d
    except ImportError:
        return float("nan")
    law, level = kind.split()
    sigmas = (float(level),) if law == "gaussian" else (0.04, 0.06, 0.08, 0.11, 0.15, 0.2, 0.3)
    return max(psnr_db(np.asarray(bm3d.bm3d_rgb(noisy, sigma)), clean) for sigma in sigmas)
