"""Small sinograms of ellipses, whose line integrals are known exactly."""

import numpy as np

# Value that is added, half axes, centre (right, up), turn in degrees; lengths in half sides of the image.
ELLIPSES = (
    (1.0, 0.8, 0.6, 0.0, 0.05, 20.0),
    (-0.5, 0.3, 0.25, 0.25, 0.1, 0.0),
    (0.6, 0.15, 0.3, -0.3, -0.1, 40.0),
)
DEGREES = 180.0


def true_slice(side=48, finer=8, ellipses=ELLIPSES):
    """The mean of each pixel, (side, side)."""
    at = (np.arange(side * finer) + 0.5) / (side * finer) * 2 - 1
    right, up = at[None], -at[:, None]
    image = np.zeros((side * finer, side * finer))
    for value, long, short, x, y, turn in ellipses:
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        along, across = (right - x) * cosine + (up - y) * sine, (up - y) * cosine - (right - x) * sine
        image += value * ((along / long) ** 2 + (across / short) ** 2 <= 1)
    return image.reshape(side, finer, side, finer).mean((1, 3)).astype(np.float32)


def sinogram(side=48, views=30, *, shift=0.0, degrees=None, finer=8, ellipses=ELLIPSES):
    """Line integrals in pixels (views, side); the axis falls on the detector's middle and `shift` pixels more."""
    degrees = np.arange(views) * DEGREES / views if degrees is None else np.asarray(degrees)
    angle = np.radians(degrees)[:, None]
    at = ((np.arange(side * finer) + 0.5) / finer - side / 2 - shift)[None] / (side / 2)
    total = np.zeros((len(angle), side * finer))
    for value, long, short, x, y, turn in ellipses:
        turned = angle - np.radians(turn)
        width = (long * np.cos(turned)) ** 2 + (short * np.sin(turned)) ** 2
        away = at - x * np.cos(angle) - y * np.sin(angle)
        total += 2 * value * long * short * np.sqrt(np.maximum(width - away**2, 0)) / width
    return (total * side / 2).reshape(len(angle), side, finer).mean(2).astype(np.float32)


def noisy_sinogram(side=48, views=30, *, sigma=0.3, **options):
    """The same with noise that is alike in all rays."""
    clean = sinogram(side, views, **options)
    return clean + np.random.default_rng(0).normal(0, sigma, clean.shape).astype(np.float32)


def photon_counts(side=48, views=30, *, photons=2e4, longest=2.0, **options):
    """Photons behind the object, (views, side), of a beam of so many a pixel."""
    integrals = sinogram(side, views, **options)
    return np.random.default_rng(0).poisson(photons * np.exp(-integrals * longest / integrals.max())).astype(float)


def as_exchange(path, data, *, flat, dark=None, theta=None):
    """A file of Data Exchange of data (view, slice, detector), with so bright flat fields."""
    import h5py

    with h5py.File(path, "w") as file:
        file["exchange/data"] = data
        file["exchange/data_white"] = np.broadcast_to(flat, (3, *data.shape[1:]))
        file["exchange/data_dark"] = np.broadcast_to(0.0 if dark is None else dark, (3, *data.shape[1:]))
        if theta is not None:
            file["exchange/theta"] = theta
    return path
