"""The calls of `forecast`: two sets of other pictures in other sizes, one to tune on, one to report on."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tests.scans import sampled_kspace

SAMPLES = Path(__file__).parents[2] / "sample_data"
Make = Callable[[Path], Path]


@dataclass(frozen=True)
class Case:
    """One call; `make` writes its input into a folder, which flags may name as FOLDER."""

    name: str
    command: str
    make: Make
    flags: tuple[str, ...] = ()
    ending: str = ".png"


def _pixels(sample: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A sample enlarged to (height, width) or (height, width, 3), in [0, 1]."""
    with Image.open(SAMPLES / sample) as picture:
        mode = picture.convert("RGB" if len(shape) == 3 else "L")
        resized = mode.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
        return np.asarray(resized, np.float32) / 255


def _noisy(clean: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(0).standard_normal(clean.shape, dtype=np.float32)
    return (clean + sigma * noise).clip(0, 1)


def _save(path: Path, values: NDArray[np.float32]) -> Path:
    eight = np.round(255 * values).astype(np.uint8)
    tifffile.imwrite(path, eight) if path.suffix == ".tif" else Image.fromarray(eight).save(path)
    return path


def picture(folder: Path, *, sample: str, shape: tuple[int, ...], sigma: float = 0.1) -> Path:
    return _save(folder / "in.png", _noisy(_pixels(sample, shape), sigma))


def stack(folder: Path, *, sample: str, shape: tuple[int, int, int]) -> Path:
    """Pages of one picture, each with other noise."""
    page = _pixels(sample, shape[1:])
    return _save(folder / "in.tif", _noisy(np.stack([page] * shape[0]), 0.1))


def signal(folder: Path, *, length: int) -> Path:
    clean = 0.5 + 0.3 * np.sin(np.arange(length) / 40)
    np.save(folder / "in.npy", _noisy(clean.astype(np.float32), 0.1))
    return folder / "in.npy"


def missing(folder: Path, *, sample: str, shape: tuple[int, ...], kind: str) -> Path:
    """A picture, and beside it mask.png: a share of the pixels, strokes, or one hole."""
    height, width = shape[:2]
    hidden = np.zeros((height, width), bool)
    if kind == "scattered":
        hidden = np.random.default_rng(1).random((height, width)) < 0.5
    elif kind == "strokes":
        hidden[::17, :], hidden[1::17, :], hidden[:, ::23] = True, True, True
    else:
        hidden[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = True
    Image.fromarray(hidden.astype(np.uint8) * np.uint8(255)).save(folder / "mask.png")
    return _save(folder / "in.png", _pixels(sample, shape))


def compressed(folder: Path, *, sample: str, shape: tuple[int, ...]) -> Path:
    Image.fromarray(np.round(255 * _pixels(sample, shape)).astype(np.uint8)).save(folder / "in.jpg", quality=15)
    return folder / "in.jpg"


def blurred(folder: Path, *, shape: tuple[int, ...]) -> Path:
    """By an oblique line of seven pixels, with a little noise."""
    kernel = np.zeros((9, 9))
    kernel[range(1, 8), range(1, 8)] = 1 / 7
    sharp = _pixels("deblur_truth.png", shape)
    planes = np.moveaxis(sharp[..., None], 2, 0) if sharp.ndim == 2 else np.moveaxis(sharp, 2, 0)
    soft = np.stack([ndimage.convolve(plane.reshape(shape[:2]), kernel, mode="nearest") for plane in planes], -1)
    return _save(folder / "in.png", _noisy(soft.reshape(shape).astype(np.float32), 0.01))


def scan(folder: Path, *, shape: tuple[int, int, int, int]) -> Path:
    """K-space of (slices, coils, height, width), every second line measured."""
    slices, coils, height, width = shape
    kspace = sampled_kspace(coils, height, width, slices=slices, centre=24)
    np.save(folder / "in.npy", kspace)
    return folder / "in.npy"


def pattern(folder: Path, *, kind: str, size: int) -> Path:
    output = folder / "in.cxi"
    flags = ["--size", str(size), "--phase-range", "3", "--photons", "1e7", "--overwrite", "-q"]
    subprocess.run([sys.executable, "-m", "dipcli", "simulate", kind, *flags, "-o", str(output)], check=True)
    return output


def _denoise(name: str, shape: tuple[int, ...], *flags: str, sample: str, sigma: float = 0.1) -> Case:
    return Case(f"denoise {name}", "denoise", partial(picture, sample=sample, shape=shape, sigma=sigma), flags)


def _inpaint(name: str, shape: tuple[int, ...], kind: str, *flags: str, sample: str) -> Case:
    return Case(
        f"inpaint {name}",
        "inpaint",
        partial(missing, sample=sample, shape=shape, kind=kind),
        ("--mask", "FOLDER/mask.png", *flags),
    )


def _upscale(name: str, shape: tuple[int, ...], *flags: str, sample: str) -> Case:
    return Case(f"upscale {name}", "upscale", partial(picture, sample=sample, shape=shape, sigma=0.0), flags)


def _deblur(name: str, shape: tuple[int, ...], *flags: str) -> Case:
    return Case(f"deblur {name}", "deblur", partial(blurred, shape=shape), flags)


def _jpeg(name: str, shape: tuple[int, ...], *flags: str, sample: str) -> Case:
    return Case(f"jpeg {name}", "denoise", partial(compressed, sample=sample, shape=shape), ("--jpeg", *flags))


def _mri(name: str, shape: tuple[int, int, int, int], *flags: str) -> Case:
    return Case(f"mri {name}", "mri", partial(scan, shape=shape), ("--axes", "slice,coil,y,x", *flags), ".h5")


def _phase(name: str, kind: str, size: int, *flags: str) -> Case:
    return Case(f"phase {name}", "phase-retrieve", partial(pattern, kind=kind, size=size), flags, ".npz")


def _tuned() -> list[Case]:
    own = "inpaint_truth.png"
    return [
        _denoise("gray 64²", (64, 64), sample=own),
        _denoise("gray 200²", (200, 200), sample=own),
        _denoise("gray 200², classical", (200, 200), "--classical", "1", sample=own),
        _denoise("gray 700², classical", (700, 700), "--classical", "1", sample=own),
        _denoise("gray 1200x1000, classical", (1200, 1000), "--classical", "1", sample=own),
        _denoise("colour 64²", (64, 64, 3), sample=own),
        _denoise("colour 180²", (180, 180, 3), sample=own, sigma=0.15),
        _denoise("colour 180², classical", (180, 180, 3), "--classical", "1", sample=own),
        _denoise("colour 320², half", (320, 320, 3), "--classical", "0.5", sample=own),
        _denoise("colour 500², classical", (500, 500, 3), "--classical", "1", sample=own),
        _denoise(
            "colour 900², half, 8 iterations", (900, 900, 3), "--classical", "0.5", "--iterations", "8", sample=own
        ),
        _denoise(
            "colour 96², paper, 40 iterations", (96, 96, 3), "--preset", "paper", "--iterations", "40", sample=own
        ),
        _denoise(
            "gray 128², siren, 60 iterations", (128, 128), "--prior", "siren", "--iterations", "60", sample=own
        ),
        Case("denoise stack 3x80²", "denoise", partial(stack, sample=own, shape=(3, 80, 80)), (), ".tif"),
        Case(
            "denoise volume 24x60²",
            "denoise",
            partial(stack, sample=own, shape=(24, 60, 60)),
            ("--volume",),
            ".tif",
        ),
        Case("denoise signal 10000", "denoise", partial(signal, length=10_000), (), ".npy"),
        _inpaint("gray 100², scattered", (100, 100), "scattered", sample=own),
        _inpaint("colour 200², strokes", (200, 200, 3), "strokes", sample=own),
        _inpaint("colour 100², hole", (100, 100, 3), "hole", sample=own),
        _inpaint("gray 400², scattered", (400, 400), "scattered", sample=own),
        _upscale("gray 60², 2", (60, 60), sample=own),
        _upscale("colour 100², 2", (100, 100, 3), sample=own),
        _upscale("colour 90², 3", (90, 90, 3), "--factor", "3", sample=own),
        _upscale("gray 300², 2", (300, 300), sample=own),
        _jpeg("colour 100²", (100, 100, 3), sample=own),
        _jpeg("colour 300²", (300, 300, 3), sample=own),
        _jpeg("gray 200²", (200, 200), sample=own),
        _deblur("gray 150², known", (150, 150), "--kernel", "gauss:1.5"),
        _deblur("gray 400², known", (400, 400), "--kernel", "gauss:1.5"),
        _deblur("gray 900x1000, known", (900, 1000), "--kernel", "gauss:1.5"),
        _deblur("gray 500², known, wiener", (500, 500), "--kernel", "gauss:1.5", "--method", "wiener"),
        _deblur("gray 500², known, rl", (500, 500), "--kernel", "gauss:1.5", "--method", "rl"),
        _deblur("gray 120², known, prior", (120, 120), "--kernel", "gauss:1.5", "--method", "prior"),
        _deblur("gray 100²", (100, 100)),
        _deblur("gray 244²", (244, 244)),
        _mri("1 slice of 4x64²", (1, 4, 64, 64)),
        _mri("1 slice of 8x160²", (1, 8, 160, 160)),
        _mri("2 slices of 4x80²", (2, 4, 80, 80)),
        _mri("1 slice of 2x64², by coil", (1, 2, 64, 64), "--model", "coil"),
        _phase("2D 48²", "cdi", 48),
        _phase("2D 100²", "cdi", 100),
        _phase("2D 64², classical", "cdi", 64, "--method", "classical"),
        _phase("2D 48², double-dip", "cdi", 48, "--method", "double-dip"),
        _phase("3D 20³", "bcdi", 20),
    ]


def _reported() -> list[Case]:
    own = "denoise_truth.png"
    return [
        _denoise("gray 48²", (48, 48), sample=own),
        _denoise("gray 150²", (150, 150), sample=own),
        _denoise("gray 384x512", (384, 512), sample=own),
        _denoise("gray 1000², classical", (1000, 1000), "--classical", "1", sample=own),
        _denoise("gray 1400x1450, classical", (1400, 1450), "--classical", "1", sample=own),
        _denoise("colour 48²", (48, 48, 3), sample=own),
        _denoise("colour 128²", (128, 128, 3), sample=own),
        _denoise("colour 256²", (256, 256, 3), sample=own),
        _denoise("colour 256², σ 0.25", (256, 256, 3), sample=own, sigma=0.25),
        _denoise("colour 256², classical", (256, 256, 3), "--classical", "1", sample=own),
        _denoise("colour 256², half", (256, 256, 3), "--classical", "0.5", sample=own),
        _denoise("colour 256², --max-time 5", (256, 256, 3), "--classical", "0.5", "--max-time", "5", sample=own),
        _denoise("colour 300x400, tiles", (300, 400, 3), "--tile", "200", sample=own),
        _denoise("colour 128², balanced", (128, 128, 3), "--preset", "balanced", sample=own),
        _denoise(
            "gray 64², paper, 100 iterations", (64, 64), "--preset", "paper", "--iterations", "100", sample=own
        ),
        _denoise(
            "gray 128², paper, --max-time 15", (128, 128), "--preset", "paper", "--max-time", "15", sample=own
        ),
        _denoise(
            "gray 96², decoder, 200 iterations", (96, 96), "--prior", "decoder", "--iterations", "200", sample=own
        ),
        _denoise(
            "colour 700², half, 10 iterations",
            (700, 700, 3),
            "--classical",
            "0.5",
            "--iterations",
            "10",
            sample=own,
        ),
        Case("denoise stack 4x96²", "denoise", partial(stack, sample=own, shape=(4, 96, 96)), (), ".tif"),
        Case(
            "denoise volume 32x48²",
            "denoise",
            partial(stack, sample=own, shape=(32, 48, 48)),
            ("--volume",),
            ".tif",
        ),
        Case("denoise signal 4096", "denoise", partial(signal, length=4096), (), ".npy"),
        _inpaint("gray 48², scattered", (48, 48), "scattered", sample=own),
        _inpaint("colour 256², scattered", (256, 256, 3), "scattered", sample=own),
        _inpaint("gray 256², strokes", (256, 256), "strokes", sample=own),
        _inpaint("colour 128², hole", (128, 128, 3), "hole", sample=own),
        _inpaint("gray 600x500, scattered", (600, 500), "scattered", sample=own),
        _upscale("gray 48², 2", (48, 48), sample=own),
        _upscale("colour 64², 4", (64, 64, 3), "--factor", "4", sample=own),
        _upscale("colour 200x150, 2", (200, 150, 3), sample=own),
        _upscale("gray 128², 1.5", (128, 128), "--factor", "1.5", sample=own),
        _jpeg("colour 128²", (128, 128, 3), sample=own),
        _jpeg("colour 256x384", (256, 384, 3), sample=own),
        _deblur("gray 244², known", (244, 244), "--kernel", "gauss:2"),
        _deblur("gray 1024², known", (1024, 1024), "--kernel", "gauss:2"),
        _deblur("gray 300², known, wiener", (300, 300), "--kernel", "gauss:2", "--method", "wiener"),
        _deblur("gray 200², known, prior", (200, 200), "--kernel", "motion:9,30", "--method", "prior"),
        _deblur("gray 128²", (128, 128)),
        _deblur("colour 160²", (160, 160, 3)),
        _mri("1 slice of 4x96²", (1, 4, 96, 96)),
        _mri("3 slices of 6x64²", (3, 6, 64, 64)),
        _mri("1 slice of 8x200x180", (1, 8, 200, 180)),
        _mri("1 slice of 2x48², by coil", (1, 2, 48, 48), "--model", "coil"),
        _phase("2D 64²", "cdi", 64),
        _phase("2D 128²", "cdi", 128),
        _phase("3D 24³", "bcdi", 24),
        _phase("2D 64², double-dip, 300 iterations", "cdi", 64, "--method", "double-dip", "--iterations", "300"),
    ]


CASES = {"tuned": _tuned(), "reported": _reported()}
