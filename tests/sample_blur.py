"""Make the sample of `dipcli deblur`: `python -m tests.sample_blur CAMERA FOLDER`, CAMERA a crop of 256 x 256."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.signal import convolve2d

SIDE = 13


def kernel():
    """A hand that shakes: a curve of uneven speed."""
    time = np.linspace(0, 1, 2000)
    down = 6 + 3.5 * np.sin(2.4 * time) - 2.5 * time**2
    right = 3 + 7 * time + 1.2 * np.sin(7 * time)
    drawn, _, _ = np.histogram2d(down, right, bins=SIDE, range=[[-0.5, SIDE - 0.5]] * 2)
    return drawn / drawn.sum()


def main():
    source, folder = (Path(argument) for argument in sys.argv[1:3])
    sharp = np.asarray(Image.open(source).convert("L"), dtype=np.float64)
    noise = np.random.default_rng(0).normal(0, 1.5, (sharp.shape[0] - SIDE + 1, sharp.shape[1] - SIDE + 1))
    blurred = convolve2d(sharp, kernel(), mode="valid") + noise
    np.save(folder / "deblur_kernel.npy", kernel().astype(np.float32))
    room = SIDE // 2
    for name, picture in (("deblur", blurred), ("deblur_truth", sharp[room:-room, room:-room])):
        Image.fromarray(np.round(picture.clip(0, 255)).astype(np.uint8)).save(folder / f"{name}.png")


if __name__ == "__main__":
    main()
