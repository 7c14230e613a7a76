"""The pictures and the noises of the benchmarks; arrays are (h, w, 3) float64 in [0, 1]."""

import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.util import random_noise

Array = NDArray[np.float64]

DATA = Path(os.environ.get("DIPCLI_BENCH_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
NAMES = ("Baboon", "F16", "House", "Peppers", "kodim01", "kodim02", "kodim03", "kodim12")
KINDS = (
    "gaussian 0.02",
    "gaussian 0.05",
    "gaussian 0.10",
    "gaussian 0.26",
    "impulse 0.05",
    "impulse 0.3",
    "impulse 0.7",
    "shot 25",
    "shot 5",
    "speckle 0.20",
    "speckle 0.45",
    "shot+gaussian 0.05",
    "shot+gaussian 0.10",
    "gaussian+impulse 0.05",
    "gaussian+impulse 0.10",
    "green 0.15",
)
PHOTONS, STRUCK, QUIET = 30, 0.05, 0.03  # of the kinds with two laws, and of the channels beside a noisy one


# Nothing was tuned on these.
REPORTED = ("astronaut", "chelsea", "coffee", "baby", "bird", "butterfly", "head", "woman")
PLACES = ("images/{}.png", "public_domain/{}_256.png", "superresolution/{}_GT.bmp")


def clean_picture(name: str, side: int = 256) -> Array:
    """A picture of either set, reduced to side x side."""
    path = next(path for path in (DATA / place.format(name) for place in PLACES) if path.is_file())
    picture = Image.open(path).convert("RGB")
    return np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS), dtype=np.float64) / 255


def noisy_picture(clean: Array, kind: str, name: str) -> Array:
    """The picture with one kind of noise, clipped and rounded to 8 bits; the seed follows the names.

    Severities 2 and 4 of ImageNet-C (Hendrycks and Dietterich, 2019) for shot and speckle.
    """
    random = np.random.default_rng(zlib.crc32(f"{kind} {name}".encode()))
    law, level = kind.split()
    if law == "gaussian":
        noisy = clean + random.normal(0, float(level), clean.shape)
    elif law == "impulse":
        noisy = random_noise(clean, mode="s&p", amount=float(level), rng=random)
    elif law == "shot+gaussian":
        noisy = random.poisson(clean * PHOTONS) / PHOTONS + random.normal(0, float(level), clean.shape)
    elif law == "gaussian+impulse":
        noisy = np.clip(clean + random.normal(0, float(level), clean.shape), 0, 1)
        noisy = random_noise(noisy, mode="s&p", amount=STRUCK, rng=random)
    elif law == "green":
        noisy = clean + random.normal(0, 1, clean.shape) * (QUIET, float(level), QUIET)
    elif law == "shot":
        noisy = random.poisson(clean * float(level)) / float(level)
    else:
        noisy = clean + clean * random.normal(0, float(level), clean.shape)
    return np.round(np.clip(noisy, 0, 1) * 255) / 255


def save_png(path: Path, picture: Array) -> None:
    Image.fromarray(np.round(picture * 255).astype(np.uint8)).save(path)


def psnr_db(picture: Array, reference: Array) -> float:
    return float(-10 * np.log10(np.square(np.clip(picture, 0, 1) - reference).mean()))
