"""Stacks of slices that were made by several methods: all of them by name, and how near they are to the truth."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dipcli.metrics import foreground, nmse, peak_psnr_db, peak_ssim
from dipcli.pipeline.statement import Fitted


def slices_by_method(frames: Sequence[Fitted]) -> dict[str, Tensor]:
    """Every method's slices (slices, height, width), of those that all slices have; our result has no name.

    An empty slice is black by every method.
    """
    fitted = [frame.statement.beside for frame in frames if frame.statement.beside]
    names = [name for name in fitted[0] if all(name in beside for beside in fitted)] if fitted else []
    return {
        "": torch.cat([frame.picture for frame in frames]),
        "classical": torch.cat([frame.statement.classical[1] for frame in frames]),
        **{name: torch.cat([_beside(frame, name) for frame in frames]) for name in names},
    }


def scores_by_method(pictures: Mapping[str, Tensor], truth: Tensor) -> dict[str, float]:
    """fastMRI's metrics over all pixels, and the same over the foreground, of every method."""
    inside = foreground(truth)
    scores: dict[str, float] = {}
    for name, picture in pictures.items():
        prefix = f"{name.replace('-', '_')}_" if name else ""
        scores |= {
            f"{prefix}psnr_db": peak_psnr_db(picture, truth),
            f"{prefix}ssim": peak_ssim(picture, truth),
            f"{prefix}nmse": nmse(picture, truth),
            f"{prefix}foreground_psnr_db": peak_psnr_db(picture, truth, inside),
            f"{prefix}foreground_ssim": peak_ssim(picture, truth, inside),
        }
    return scores


def _beside(frame: Fitted, name: str) -> Tensor:
    return frame.statement.beside.get(name, frame.picture)
