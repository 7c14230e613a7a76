"""Draw the strip at the top of the README from the samples: `python -m tests.sample_strip sample_data`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dipcli import deblur, denoise, inpaint, phase_retrieve, reconstruct, upscale
from dipcli.report.thumbnails import picture_of

SIDE, GAP, HEAD, LEFT = 180, 6, 26, 64


def results(folder: Path) -> Iterator[tuple[str, object]]:
    """What each command is called, and what it returns for its sample."""
    yield "denoise", denoise(folder / "denoise.png")
    yield "inpaint", inpaint(folder / "inpaint.png", folder / "inpaint_mask.png")
    yield "upscale --factor 2", upscale(folder / "upscale.png", 2)
    yield "deblur --kernel", deblur(folder / "deblur.png", folder / "deblur_kernel.npy")
    yield "mri", reconstruct(folder / "mri.npy")
    yield "phase-retrieve", phase_retrieve(folder / "phase.cxi")


def main() -> None:
    folder = Path(sys.argv[1])
    found = list(results(folder))
    size = (LEFT + len(found) * (SIDE + GAP), HEAD + 2 * (SIDE + GAP))
    sheet, font = Image.new("RGB", size, "white"), ImageFont.load_default(15)
    pen = ImageDraw.Draw(sheet)
    for row, said in enumerate(("input", "result")):
        pen.text((4, HEAD + row * (SIDE + GAP) + SIDE // 2 - 9), said, "black", font)
    for column, (name, result) in enumerate(found):
        left = LEFT + column * (SIDE + GAP)
        pen.text((left, 4), name, "black", font)
        roles = {panel.role: panel for panel in result.panels}
        for row, role in enumerate(("before", "after")):
            sheet.paste(picture_of(roles[role], (SIDE, SIDE)), (left, HEAD + row * (SIDE + GAP)))
    sheet.quantize(200, dither=Image.Dither.NONE).save(folder / "strip.png", optimize=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
