"""What `--kernel` may be: a file, or a shape with its numbers."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from dipcli.blur.blur import disk_kernel, gaussian_kernel, motion_kernel
from dipcli.blur.kernel_files import load_kernel
from dipcli.blur.options import DeblurOptions
from dipcli.errors import OptionError

_SHAPES: dict[str, tuple[int, Callable[..., Tensor]]] = {
    "gauss": (1, gaussian_kernel),
    "motion": (2, motion_kernel),
    "disk": (1, disk_kernel),
}


def given_kernel(options: DeblurOptions) -> Tensor | None:
    """The kernel (n, n) that was given, None where it is to be found.

    Raises OptionError for a shape that is not known, InputError for a file that holds no kernel.
    """
    if options.kernel is None:
        return None
    name, colon, text = options.kernel.partition(":")
    if colon and name in _SHAPES:
        kernel = _drawn(name, text)
    else:
        kernel = torch.from_numpy(load_kernel(Path(options.kernel)))
    return kernel.flip(0, 1) if options.kernel_flip else kernel


def true_kernel(options: DeblurOptions) -> Tensor | None:
    """The kernel to be scored against. Raises InputError for a file that holds none."""
    return None if options.reference_kernel is None else torch.from_numpy(load_kernel(options.reference_kernel))


def _drawn(name: str, text: str) -> Tensor:
    count, draw = _SHAPES[name]
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not 0 < numbers[0] < 1000:
        raise OptionError(f"--kernel {name}:{text} is not understood; give gauss:2.0, motion:21,30 or disk:5.")
    return draw(*numbers)
