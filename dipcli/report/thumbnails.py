"""Small pictures of a result and of what there was before, as text that a page holds."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from dipcli.report.figures import MISSING, Panel

SIDE = 240  # pixels of the longer side
QUALITY = 80  # of JPEG

Thumbnails = tuple[str, str]  # before and after, as data URIs


def thumbnails_of(panels: Sequence[Panel]) -> Thumbnails | None:
    """What there was and what came out, both of the result's shape; None where there are no such panels."""
    roles = {panel.role: panel for panel in panels}
    if not {"before", "after"} <= roles.keys():
        return None
    height, width = roles["after"].values.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return _data_uri(picture_of(roles["before"], size)), _data_uri(picture_of(roles["after"], size))


def picture_of(panel: Panel, size: tuple[int, int]) -> Image.Image:
    """A panel as a picture (width, height), in gray if it has no colours; small ones show their pixels."""
    step = max(1, min(panel.values.shape[:2]) // (2 * max(size)))
    low, high = panel.limits
    values = panel.values[::step, ::step]
    colours = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=-1)
    shown = ((colours - low) / max(high - low, 1e-30)).clip(0, 1)
    shown = np.where(np.isnan(shown), np.asarray(MISSING), shown)
    picture = Image.fromarray(np.round(shown * 255).astype(np.uint8))
    is_small = max(picture.size) * 2 <= max(size)
    return picture.resize(size, Image.Resampling.NEAREST if is_small else Image.Resampling.BICUBIC)


def _data_uri(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
