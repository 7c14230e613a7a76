"""BART's reconstructions beside ours, where BART is installed (Debian: bart)."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.fourier import ifft
from dipcli.mri.cfl import encode_cfl
from dipcli.mri.encoding import root_sum_of_squares
from dipcli.mri.sampling import calibration_block
from tests.bench.mri_cases import FAST, PARTIAL, KSpace, Mask, part_of

LEAST_LINES = 6  # of the calibration block that BART's ecalib takes
USUAL_LINES = 24  # that it uses
WEIGHTS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)  # of L1-wavelet and of locally low rank
STEPS = (6, 7, 8, 9, 10, 11, 12, 14)  # of NLINV
Score = Callable[[torch.Tensor], float]  # how good a picture is, by the truth


def save_cfl(path: Path, kspace: KSpace) -> None:
    values, header = encode_cfl(kspace, (3, 1, 2))
    path.write_bytes(values)
    path.with_suffix(".hdr").write_bytes(header)


def peers(name: Path, case: str, kspace: KSpace, mask: Mask, score: Score) -> dict[str, torch.Tensor]:
    """BART's pictures of the k-space in `name`.cfl; at the weights of its documentation, or the best ones."""
    if shutil.which("bart") is None:
        return {}
    if case in PARTIAL:
        return _of_partial(str(name), case, kspace, mask, score)
    if case in FAST:
        return _with_best_weights(str(name), kspace, mask, score)
    return _usual(str(name), kspace, mask)


def _usual(name: str, kspace: KSpace, mask: Mask) -> dict[str, torch.Tensor]:
    _bart("nlinv", "-d0", "-S", "-i", "9", name, f"{name}_bart")
    pictures = {"BART NLINV": _image_of(name, kspace)}
    lines = calibration_block(mask)[1]
    if lines.stop - lines.start < LEAST_LINES or len(kspace) == 1:  # ecalib aborts
        return pictures
    _calibrate(name, mask)
    recipes = {
        "BART l2": ("-l2", "-r", "0.001"),
        "BART TV": ("-R", "T:7:0:0.01", "-i", "200"),
        "BART L1-wavelet": ("-R", "W:7:0:0.005", "-i", "100"),
    }
    return pictures | {method: _pics(name, kspace, *options) for method, options in recipes.items()}


def _of_partial(name: str, case: str, kspace: KSpace, mask: Mask, score: Score) -> dict[str, torch.Tensor]:
    """Homodyne detection coil by coil, and L1-wavelet of a real image times the phase of the middle."""
    _bart("homodyne", "1", str(part_of(case)), name, f"{name}_bart")
    coils = np.fromfile(f"{name}_bart.cfl", np.complex64).reshape(*kspace.shape[1:], len(kspace), order="F")
    found = torch.from_numpy(np.ascontiguousarray(np.moveaxis(coils, -1, 0)))
    pictures = {"BART homodyne": root_sum_of_squares(found)}
    if len(kspace) == 1:
        maps = np.ones_like(kspace)
    else:
        _calibrate(name, mask)
        maps = np.fromfile(f"{name}_maps.cfl", np.complex64).reshape(*kspace.shape[1:], len(kspace), order="F")
        maps = np.ascontiguousarray(np.moveaxis(maps, -1, 0))
    save_cfl(Path(f"{name}_maps.cfl"), maps * _phase(kspace, maps, mask))
    real = [_pics(name, kspace, "-c", "-R", f"W:7:0:{weight}", "-i", "100") for weight in WEIGHTS]
    best = int(np.nanargmax([score(picture) for picture in real]))
    return pictures | {f"BART L1-wavelet, real, best weight {WEIGHTS[best]:g}": real[best]}


def _phase(kspace: KSpace, maps: KSpace, mask: Mask) -> NDArray[np.complex64]:
    """exp(iφ) of the symmetric middle of k-space, tapered, seen through maps."""
    away = np.abs(np.arange(mask.shape[1]) - mask.shape[1] // 2)
    half = mask.shape[1] // 2 - int(mask.any(0).argmax())
    window = (0.5 + 0.5 * np.cos(np.pi * away / half)) * (away < half)
    coils = ifft(torch.from_numpy((kspace * window).astype(np.complex64)))
    return torch.sgn((torch.from_numpy(maps).conj() * coils).sum(0)).numpy()


def _with_best_weights(name: str, kspace: KSpace, mask: Mask, score: Score) -> dict[str, torch.Tensor]:
    """Each method at the weight, or with as many steps, as has the best score by the truth."""
    _calibrate(name, mask)
    recipes: dict[str, list[tuple[str, ...]]] = {
        "BART L1-wavelet": [("-R", f"W:7:0:{weight}", "-i", "100") for weight in WEIGHTS],
        "BART LLR": [("-R", f"L:7:7:{weight}", "-b", "8", "-i", "100") for weight in WEIGHTS],
    }
    found: dict[str, torch.Tensor] = {}
    for method, each in recipes.items():
        pictures = [_pics(name, kspace, *options) for options in each]
        scores = [score(picture) for picture in pictures]
        best = int(np.nanargmax(scores))
        found[f"{method}, best weight {WEIGHTS[best]:g}"] = pictures[best]
    steps = [
        (_bart("nlinv", "-d0", "-S", "-i", str(n), name, f"{name}_bart"), _image_of(name, kspace))[1]
        for n in STEPS
    ]
    best = int(np.nanargmax([score(picture) for picture in steps]))
    return found | {f"BART NLINV, best steps {STEPS[best]}": steps[best]}


def _calibrate(name: str, mask: Mask) -> None:
    rows, lines = calibration_block(mask)
    least = min(rows.stop - rows.start, lines.stop - lines.start, USUAL_LINES)
    _bart("ecalib", "-d0", "-m1", "-r", str(least), name, f"{name}_maps")


def _pics(name: str, kspace: KSpace, *options: str) -> torch.Tensor:
    _bart("pics", "-d0", "-S", *options, name, f"{name}_maps", f"{name}_bart")
    return _image_of(name, kspace)


def _image_of(name: str, kspace: KSpace) -> torch.Tensor:
    image = np.fromfile(f"{name}_bart.cfl", np.complex64).reshape(kspace.shape[1:], order="F")
    return torch.from_numpy(np.abs(image)[None])


def _bart(*arguments: str) -> None:
    subprocess.run(["bart", *arguments], check=True, capture_output=True)
