"""Take stored arrays apart into frames, channels and space, and put them back together."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHANNEL_AXES = "CS"
SPACE_AXES = "YX"


@dataclass(frozen=True)
class Layout:
    """Which dimensions of a stored array are a stack of frames, channels, and space.

    `alpha` says that the last channel is opacity.
    """

    axes: str
    shape: tuple[int, ...]
    stack: tuple[int, ...]
    channels: tuple[int, ...]
    space: tuple[int, ...]
    alpha: bool = False

    @property
    def order(self) -> tuple[int, ...]:
        """The stored dimensions in the order stack, channels, space."""
        return self.stack + self.channels + self.space

    @property
    def n_frames(self) -> int:
        """Frames in the stack; 1 without one."""
        return math.prod(self.shape[axis] for axis in self.stack)

    @property
    def n_channels(self) -> int:
        """Channels of a frame, opacity not counted."""
        return math.prod(self.shape[axis] for axis in self.channels) - self.alpha


def lay_out(axes: str, shape: tuple[int, ...], *, volume: bool, alpha: bool) -> Layout:
    """Assign a role to every axis; with `volume` the depth is Z, or else the last stack axis.

    A volume without an axis for its depth stays flat, which the length of `space` shows.
    """
    channels = tuple(i for i, axis in enumerate(axes) if axis in CHANNEL_AXES)
    plane = tuple(axes.index(axis) for axis in SPACE_AXES if axis in axes)
    stack = tuple(i for i in range(len(axes)) if i not in channels + plane)
    depth: tuple[int, ...] = ()
    if volume:
        named = tuple(i for i in stack if axes[i] == "Z")
        depth = named or tuple(i for i in stack if shape[i] > 1)[-1:]
    stack = tuple(i for i in stack if i not in depth)
    return Layout(axes, shape, stack, channels, depth + plane, alpha)


def split(array: NDArray[Any], layout: Layout) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Stored array -> (frames, channels, *space) and, with opacity, (frames, *space)."""
    space = [array.shape[axis] for axis in layout.space]
    planes = array.transpose(layout.order).reshape(layout.n_frames, layout.n_channels + layout.alpha, *space)
    return (planes[:, :-1], planes[:, -1]) if layout.alpha else (planes, None)


def join(planes: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """(frames, channels and opacity, *space) -> stored array; space may have changed its size."""
    outer = [layout.shape[axis] for axis in layout.stack + layout.channels]
    ordered = planes.reshape(*outer, *planes.shape[2:])
    return np.ascontiguousarray(ordered.transpose(np.argsort(layout.order)))


def turn_upright(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Show a (y, x, ...) array as the EXIF orientation 1 to 8 asks."""
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array


def resize_linearly(array: NDArray[np.float32], space: tuple[int, ...]) -> NDArray[np.float32]:
    """Bring the last axes of (frames, *space) to a new size by linear interpolation."""
    for axis, size in enumerate(space, start=1):
        old = array.shape[axis]
        if size == old:
            continue
        position = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
        before = np.floor(position).astype(int)
        after = np.minimum(before + 1, old - 1)
        weight = (position - before).astype(np.float32).reshape(-1, *[1] * (array.ndim - axis - 1))
        array = array.take(before, axis) * (1 - weight) + array.take(after, axis) * weight
    return array


def nearest(array: NDArray[Any], space: tuple[int, ...]) -> NDArray[Any]:
    """Bring the last axes of an array to a new size by the nearest values."""
    for axis, size in zip(range(array.ndim - len(space), array.ndim), space, strict=True):
        old = array.shape[axis]
        if size != old:
            array = array.take(((np.arange(size) + 0.5) * old / size).astype(int), axis)
    return array
