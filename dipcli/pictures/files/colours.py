"""Turn inks and colour tables into red, green and blue."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms


def cmyk_to_rgb(inks: NDArray[Any], icc: bytes | None) -> NDArray[Any]:
    """Inks (h, w, 4) -> colours (h, w, 3) of the same type.

    8-bit inks follow their ICC profile where they have one; otherwise colour = (1 - ink) (1 - black).
    """
    if icc and inks.dtype == np.uint8:
        try:
            return _through_profile(Image.fromarray(inks, "CMYK"), icc)
        except ImageCms.PyCMSError:
            pass
    top = np.iinfo(inks.dtype).max
    left = 1 - inks.astype(np.float64) / top
    return np.asarray(np.rint(left[..., :3] * left[..., 3:] * top).astype(inks.dtype))


def look_up(indices: NDArray[Any], table: NDArray[Any]) -> NDArray[np.uint8]:
    """Palette indices (...) and a 16-bit TIFF colour table (3, entries) -> 8-bit colours (..., 3)."""
    return np.moveaxis((table >> 8).astype(np.uint8)[:, indices], 0, -1)


def _through_profile(image: Image.Image, icc: bytes) -> NDArray[Any]:
    profile, screen = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, profile, screen, outputMode="RGB")
    if converted is None:
        raise ImageCms.PyCMSError("no conversion")
    return np.asarray(converted)
