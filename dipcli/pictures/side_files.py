"""What is written beside a picture: kernels, and what was removed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dipcli.pictures.files.images import differences_like, plain_picture, save_picture
from dipcli.pictures.files.picture import Picture
from dipcli.pipeline.item import Item
from dipcli.pipeline.statement import Fitted


def write_objects(item: Item, frames: Sequence[Fitted]) -> dict[str, Path]:
    """Write what was found beside the pictures: exactly, and to be looked at with its largest value white."""
    outputs: dict[str, Path] = {}
    for index, frame in enumerate(frames):
        for name, tensor in frame.restoration.objects.items():
            called = name if len(frames) == 1 else f"{name}{index}"
            exact = array_of(tensor)[None]
            shown = (exact / max(float(exact.max()), 1e-30)).clip(0, 1)
            for ending, array, dtype in (("npy", exact, "float32"), ("png", shown, "uint16")):
                path = item.beside(f"{called}.{ending}")
                save_picture(path, [array], plain_picture([array], dtype=dtype))
                outputs[f"{called}_{ending}"] = path
    return outputs


def arrays_of_objects(frames: Sequence[Fitted]) -> dict[str, NDArray[np.float32]]:
    """What was found beside the pictures by name; of a stack in one array, or numbered where sizes differ."""
    named: dict[str, NDArray[np.float32]] = {}
    for name in {name: None for frame in frames for name in frame.restoration.objects}:
        found = {
            f"{name}{index}": array_of(frame.restoration.objects[name])
            for index, frame in enumerate(frames)
            if name in frame.restoration.objects
        }
        if len(found) == len(frames) and len({array.shape for array in found.values()}) == 1:
            arrays = list(found.values())
            found = {name: arrays[0] if len(frames) == 1 else np.stack(arrays)}
        named |= found
    return named


def write_residual(item: Item, source: Picture, frames: Sequence[Fitted]) -> dict[str, Path]:
    """Write what was removed, in the unit of the file, where that was asked for."""
    if not frames[0].statement.options.get("residual"):
        return {}
    path, pairs = item.beside("residual.tif"), zip(source.frames, frames, strict=True)
    removed = [np.nan_to_num(measured - array_of(frame.picture)) for measured, frame in pairs]
    save_picture(path, removed, differences_like(source))
    return {"residual": path}


def write_mask(item: Item, source: Picture) -> dict[str, Path]:
    """Write where values are missing, white, of a stack one plane for each frame."""
    hidden = [np.isnan(frame).any(axis=0, keepdims=True) for frame in source.frames]
    missing = [np.asarray(frame, np.float32) for frame in hidden]
    is_plane = len(missing) == 1 and missing[0].ndim == 3
    path = item.beside("mask.png" if is_plane else "mask.tif")
    save_picture(path, missing, plain_picture(missing, dtype="uint8"))
    return {"mask": path}


def array_of(tensor: Tensor) -> NDArray[np.float32]:
    """A tensor as it is written."""
    array: NDArray[np.float32] = tensor.detach().cpu().numpy()
    return array
