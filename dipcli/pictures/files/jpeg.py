"""What a JPEG file says of its picture before it is decoded: the quantised coefficients and their tables."""

from pathlib import Path

import numpy as np
import torch
from PIL.JpegImagePlugin import JpegImageFile

from dipcli.errors import InputError
from dipcli.io.failures import explain_failures, reader
from dipcli.pictures.files.checks import refuse_bombs
from dipcli.pictures.files.formats import JPEG, format_of_content
from dipcli.pictures.jpeg_cells import Component, JpegEncoding

ORIENTATION = 0x0112  # the EXIF tag
GRAY, YCBCR = 1, 3


@reader
def read_jpeg(path: Path) -> JpegEncoding:
    """The encoding that made a JPEG file, gray or YCbCr, with the cell of every coefficient.

    Raises InputError for other files, and where jpeglib, which alone can read coefficients, is not installed.
    """
    known = format_of_content(path)
    if known is not JPEG:
        raise InputError(f"{path}: is {known.name}, not JPEG; leave --jpeg out, or give the JPEG file itself.")
    with explain_failures(InputError, path, "cannot be read as JPEG"), JpegImageFile(path) as picture:
        mode, orientation = picture.mode, picture.getexif().get(ORIENTATION, 1)
        refuse_bombs(path, picture.width * picture.height, len(mode))
    if mode not in ("L", "RGB"):
        raise InputError(f"{path}: is a JPEG of {mode} values; --jpeg takes gray and YCbCr ones.")
    try:
        import jpeglib
    except ImportError as error:
        raise InputError(f"{path}: --jpeg needs jpeglib; pip install 'dipcli[jpeg]'.") from error
    with explain_failures(InputError, path, "has coefficients that cannot be read"):
        file = jpeglib.read_dct(str(path))
    parts = [file.Y, file.Cb, file.Cr][: GRAY if mode == "L" else YCBCR]
    if file.num_components != len(parts) or "RGB" in str(file.jpeg_color_space):
        raise InputError(f"{path}: stores its colours in another way; --jpeg takes gray and YCbCr files.")
    most = np.asarray(file.samp_factor).max(0)
    return JpegEncoding(
        [
            Component(
                torch.from_numpy(np.array(levels, dtype=np.float32)),
                torch.from_numpy(np.array(file.qt[table], dtype=np.float32)),
                (int(most[0] // own[0]), int(most[1] // own[1])) if len(parts) > 1 else (1, 1),
            )
            for levels, table, own in zip(parts, file.quant_tbl_no, np.asarray(file.samp_factor), strict=False)
        ],
        orientation if orientation in range(1, 9) else 1,
    )
