"""The axes of space of images (channels, *space): their middle, and differences along them."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def gradients(image: Tensor) -> list[Tensor]:
    """Forward differences along each spatial axis of image (channels, *space), each one shorter than it."""
    return [image.diff(dim=axis) for axis in range(1, image.ndim)]


def slopes(image: Tensor) -> Tensor:
    """Forward differences of image (channels, *space), 0 at the far border -> (axes, channels, *space)."""
    last = [image.narrow(axis, image.shape[axis] - 1, 1) for axis in range(1, image.ndim)]
    return torch.stack([image.diff(dim=axis, append=end) for axis, end in enumerate(last, start=1)])


def crop_middle(images: Tensor, size: Sequence[int] | None) -> Tensor:
    """The middle of images (n, *space), as much beyond it at each end; whole where the size is None or larger."""
    for axis, side in enumerate(size or (), start=1):
        if side < images.shape[axis]:
            images = images.narrow(axis, (images.shape[axis] - side) // 2, side)
    return images


def middle_slices(space: Sequence[int], box: Sequence[int]) -> tuple[slice, ...]:
    """The part of a field in which the field's pixel N // 2 is the part's pixel N // 2, as frequency 0 is."""
    starts = [size // 2 - n // 2 for size, n in zip(space, box, strict=True)]
    return tuple(slice(start, start + n) for start, n in zip(starts, box, strict=True))


def middle(image: Tensor, box: Sequence[int]) -> Tensor:
    """The part of image (n, *space) that `embed` of a box fills."""
    return image[(slice(None), *middle_slices(image.shape[1:], box))]


def embed(image: Tensor, space: Sequence[int]) -> Tensor:
    """Image (n, *box) in the middle of zeros (n, *space): pixel N // 2 stays pixel N // 2."""
    widths: list[int] = []
    for size, part in zip(reversed(space), reversed(middle_slices(space, image.shape[1:])), strict=True):
        widths += [part.start, size - part.stop]
    padded: Tensor = functional.pad(image, widths)
    return padded
