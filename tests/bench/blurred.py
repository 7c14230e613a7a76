"""Blurred pictures whose truth is known: Levin's pairs, Lai's kernels in colour, large pictures, photographs."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from scipy.signal import convolve2d, fftconvolve

from dipcli.blur.blur import disk_kernel, motion_kernel
from tests.bench.pictures import DATA

Array = NDArray[np.float64]

LEVIN, LAI = DATA / "blur" / "levin", DATA / "blur" / "lai" / "kernels"
SIDES = {1: 19, 2: 17, 3: 15, 4: 27, 5: 13, 6: 21, 7: 23, 8: 23}  # of the true kernels
TURNED = (4, 8)  # the other files hold the kernel turned by 180 degrees
OF_LAI = ("kodim01", "kodim03", "kodim12", "coffee", "kodim02", "F16")  # nothing was set on the last two
TILES = ("coffee", "astronaut", "chelsea", "rocket", "hubble_deep_field", "immunohistochemistry")
TILE = 400  # side of the part of each
PHOTOGRAPHS = ("curved", "straight", "disk", "uneven")


@dataclass(frozen=True)
class Case:
    """A blurred picture, what is behind it, and by which kernel."""

    name: str
    blurred: Array
    truth: Array
    kernel: Array


def enlarged(megapixels: float) -> Case:
    """Gray coffee of so many megapixels behind a Levin kernel that grows with it."""
    coffee = Image.fromarray(skimage.data.coffee()).convert("L")
    share = (megapixels * 1e6 / (coffee.width * coffee.height)) ** 0.5
    size = (round(coffee.width * share), round(coffee.height * share))
    side = round(SIDES[4] * max(1.0, share / 2)) // 2 * 2 + 1
    kernel = np.asarray(Image.fromarray(levin_kernel(4)).resize((side, side), Image.Resampling.BILINEAR))
    sharp = np.asarray(coffee.resize(size, Image.Resampling.LANCZOS), dtype=np.float64) / 255
    room, kernel = side // 2, kernel / kernel.sum()
    blurred = fftconvolve(sharp, kernel, mode="valid")
    return with_noise(Case(f"{megapixels:g} MP", blurred, sharp[room:-room, room:-room], kernel), 0.01)


def real_pair(picture: int, number: int) -> Case:
    blurred = _read(LEVIN / f"im{picture}_kernel{number}_img.png")
    return Case(f"im{picture}_k{number}", blurred, levin_truth(picture), levin_kernel(number))


def made_pair(picture: int, number: int, sigma: float) -> Case:
    case = blurred_by(f"made{picture}_k{number}_{sigma}", levin_truth(picture), levin_kernel(number))
    return with_noise(case, sigma)


def blurred_by(name: str, truth: Array, kernel: Array) -> Case:
    """What is seen of the truth through a kernel, and the part of the truth that it shows."""
    room = len(kernel) // 2
    seen = truth[room : len(truth) - room, room : truth.shape[1] - room]
    return Case(name, np.round(convolve2d(truth, kernel, mode="valid") * 255) / 255, seen, kernel)


def with_noise(case: Case, sigma: float) -> Case:
    noise = np.random.default_rng(0).normal(0, sigma, case.blurred.shape)
    noisy = np.round(np.clip(case.blurred + noise, 0, 1) * 255) / 255
    return Case(f"{case.name}_noise{sigma}", noisy, case.truth, case.kernel)


def levin_truth(picture: int) -> Array:
    return _read(LEVIN / f"im{picture}.png")


def levin_kernel(number: int) -> Array:
    kernel = _read(LEVIN / f"kernel{number}.png")
    kernel = kernel if number in TURNED else kernel[::-1, ::-1]
    return kernel / kernel.sum()


def _read(path: Path) -> Array:
    return np.asarray(Image.open(path).convert("L"), dtype=np.float64) / 255


def save_picture(path: Path, picture: Array) -> None:
    Image.fromarray(np.round(picture * 255).astype(np.uint8)).save(path, quality=92)


def lai_case(picture: str, number: int, sigma: float = 0.01) -> Case:
    """A picture in colour of 600x800 behind one of Lai's kernels, with noise."""
    if picture == "coffee":
        sharp = Image.fromarray(skimage.data.coffee())
    else:
        sharp = Image.open(DATA / "images" / f"{picture}.png").convert("RGB")
    share = max(800 / sharp.width, 600 / sharp.height)
    sharp = sharp.resize((round(sharp.width * share), round(sharp.height * share)), Image.Resampling.LANCZOS)
    truth = np.asarray(sharp.crop((0, 0, 800, 600)), dtype=np.float64) / 255
    kernel = _read(LAI / f"kernel_{number:02}.png")
    return with_noise(_behind(f"{picture}_lai{number}", truth, kernel / kernel.sum()), sigma)


def photograph(name: str) -> Case:
    """Six sharp pictures side by side, of 2 to 6 megapixels, blurred in one way, with noise."""
    kernel = {
        "curved": np.asarray(Image.fromarray(levin_kernel(4)).resize((41, 41), Image.Resampling.BILINEAR)),
        "straight": motion_kernel(25, 20).double().numpy(),
        "disk": disk_kernel(6).double().numpy(),
        "uneven": motion_kernel(21, 10).double().numpy(),
    }[name]
    sharp = _mosaic({"curved": 2e6, "straight": 3e6, "disk": 4e6, "uneven": 6e6}[name])
    case = _behind(name, sharp, kernel / kernel.sum())
    if name == "uneven":
        other = motion_kernel(21, 100).double().numpy()
        side = (len(other) - len(kernel)) // 2
        other = (
            np.pad(other, max(-side, 0)) if side < 0 else other[side : len(other) - side, side : len(other) - side]
        )
        fade = np.linspace(0, 1, case.blurred.shape[1])[:, None]
        case = replace(case, blurred=(1 - fade) * case.blurred + fade * _behind(name, sharp, other).blurred)
    return with_noise(case, 0.01)


def _mosaic(n_pixels: float) -> Array:
    tiles = [np.asarray(getattr(skimage.data, name)())[:TILE, :TILE] for name in TILES]
    tiles = [
        np.pad(tile, [(0, TILE - tile.shape[0]), (0, TILE - tile.shape[1]), (0, 0)], "reflect") for tile in tiles
    ]
    whole = Image.fromarray(np.concatenate([np.concatenate(tiles[:3], 1), np.concatenate(tiles[3:], 1)]))
    share = (n_pixels / (whole.width * whole.height)) ** 0.5
    size = (round(whole.width * share), round(whole.height * share))
    return np.asarray(whole.resize(size, Image.Resampling.LANCZOS), dtype=np.float64) / 255


def _behind(name: str, truth: Array, kernel: Array) -> Case:
    """The same as `blurred_by` in colour, and fast for large kernels."""
    room = len(kernel) // 2
    seen = truth[room : len(truth) - room, room : truth.shape[1] - room]
    return Case(name, fftconvolve(truth, kernel[..., None], mode="valid", axes=(0, 1)), seen, kernel)
