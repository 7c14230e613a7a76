"""Salt and pepper: how much of it is found, and what is taken for it; no picture is restored.

For each share of struck values, in colour and in gray, alone and under Gaussian noise: the share that was found,
and the values that were not struck but taken for it, in per cent of all; means and worst of all pictures.
"""

from statistics import mean

import numpy as np
import torch

from dipcli.classical.impulse_noise import find_impulses
from tests.bench.pictures import NAMES, REPORTED, Array, clean_picture

SHARES = (0.0, 0.002, 0.005, 0.01, 0.05, 0.2, 0.5, 0.8)
SIGMAS = (0.0, 0.05, 0.1)
HEAD = "| picture | σ | struck | found, mean | found, worst | false, mean | false, worst |"


def main(arguments: list[str]) -> None:
    print(HEAD)
    print("|---" * HEAD.count(" |") + "|")
    for kind in ("colour", "gray"):
        for sigma in SIGMAS:
            for share in SHARES:
                rows = [_measure(name, share, sigma, gray=kind == "gray") for name in (*NAMES, *REPORTED)]
                found, false = zip(*rows, strict=True)
                cells = f"{mean(found):.1f} | {min(found):.1f} | {mean(false):.2f} | {max(false):.2f}"
                print(f"| {kind} | {sigma:g} | {100 * share:g} % | {cells} |", flush=True)


def _measure(name: str, share: float, sigma: float, *, gray: bool) -> tuple[float, float]:
    """Per cent of the struck values that were found, and of all values that were taken for struck ones."""
    clean = clean_picture(name)
    clean = clean.mean(2, keepdims=True) if gray else clean
    random = np.random.default_rng(1)
    noisy = _stored(clean + random.normal(0, sigma, clean.shape) if sigma else clean)
    struck = random.random(clean.shape) < share
    damaged = np.where(struck, random.integers(0, 2, clean.shape).astype(float), noisy)
    struck &= damaged != noisy
    found = find_impulses(torch.from_numpy(np.moveaxis(damaged, 2, 0)).float()).numpy()
    found = np.moveaxis(found, 0, 2)
    hits = 100 * float((found & struck).sum() / struck.sum()) if struck.any() else 100.0
    return hits, 100 * float((found & ~struck & (damaged == noisy)).mean())


def _stored(picture: Array) -> Array:
    return np.asarray(np.round(np.clip(picture, 0, 1) * 255) / 255)
