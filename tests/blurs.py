"""Blurred pictures, and the kernels that blurred them."""

import torch
from scipy import ndimage
from scipy.signal import convolve2d

from dipcli.blur.blur import gaussian_kernel


def hook(side=9):
    """A kernel with a corner: not its own mirror image, its centroid in the middle."""
    kernel = torch.zeros(side, side)
    kernel[side // 2 - 2 : side // 2 + 3, side // 2 - 1] = 1.0
    kernel[side // 2 + 2, side // 2 - 1 : side // 2 + 2] = 1.0
    kernel[side // 2 - 2, side // 2 + 1] = 0.5
    return kernel / kernel.sum()


def blur(picture, kernel):
    """The part of the convolution that needs nothing from outside, by scipy."""
    planes = [convolve2d(plane.numpy(), kernel.numpy(), mode="valid") for plane in picture]
    return torch.stack([torch.from_numpy(plane) for plane in planes]).float()


def shapes(height, width, channels=1, seed=0):
    """A picture of overlapping flat rectangles: edges everywhere, in all directions once it is turned."""
    draw = torch.Generator().manual_seed(seed)
    picture = torch.full((channels, height, width), 0.3)
    for _ in range(height * width // 120):
        top, left, tall, wide = (int(torch.randint(n, (), generator=draw)) for n in (height, width, 14, 14))
        picture[:, top : top + tall + 3, left : left + wide + 3] = torch.rand(channels, 1, 1, generator=draw)
    turned = [ndimage.rotate(plane, 20, reshape=False, order=1, mode="reflect") for plane in picture.numpy()]
    return torch.stack([torch.from_numpy(plane) for plane in turned]).float().clamp(0, 1)


def middle_of(picture, like):
    """The part of a picture that a frame behind a kernel sees."""
    room = [(a - b) // 2 for a, b in zip(picture.shape[1:], like.shape[1:], strict=True)]
    return picture[:, room[0] : room[0] + like.shape[1], room[1] : room[1] + like.shape[2]]


SOFT = gaussian_kernel(1.0)
