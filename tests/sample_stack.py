"""Make the stack of a microscope: `python -m tests.sample_stack CELL FOLDER`, CELL a phase image of 128 x 128."""

import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

FRAMES, PHOTONS, OFFSET, GAIN, READ = 3, 40, 100, 4.0, 2.0  # of a camera of 16 bits


def main() -> None:
    source, folder = (Path(argument) for argument in sys.argv[1:3])
    light = np.asarray(Image.open(source).convert("L"), np.float64) / 255
    random = np.random.default_rng(0)
    counts = random.poisson(np.stack([light] * FRAMES) * PHOTONS) * GAIN
    values = np.round(OFFSET + counts + random.normal(0, READ, counts.shape)).clip(0).astype(np.uint16)
    tifffile.imwrite(folder / "stack.tif", values, imagej=True, metadata={"axes": "TYX"}, compression=None)


main()
