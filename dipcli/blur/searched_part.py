"""The part of a frame in which its kernel is sought: where it lies, and how large the kernel may be there."""

from dataclasses import dataclass, replace

from torch import Tensor

from dipcli.blur.blurred_frame import BlurredFrame, Tell, silent
from dipcli.blur.crops import Part, contrast_of, given_part, most_edges
from dipcli.blur.edge_kernels import KernelCandidate, judge
from dipcli.blur.hidden_values import Foretold, foretell
from dipcli.blur.options import DeblurOptions
from dipcli.errors import OptionError

WINDOWS = (13, 21, 31, 51, 87, 151)  # tried one after the other; the last one in large pictures
OF_PICTURE = 3  # the side of the picture in windows, unless it is given
CONTRAST = 0.77  # that all parts are given: that of the pictures which the weights of edges were set on
WIDE_SIDE, FEWEST_WIDE = 5 * WINDOWS[-1], 3  # of the part for the last one; so many of it in a side of the picture
PART, CORE = 384, 256  # sides of the part in which a kernel is sought, and of that for a small one


@dataclass(frozen=True)
class KernelSearch:
    """The part of a frame in which the kernel is sought, its brightness (height, width), the largest window.

    The brightness is scaled so that its contrast is the same in every part, and nothing depends on its unit.
    """

    part: BlurredFrame
    gray: Tensor
    largest: int
    options: DeblurOptions
    place: Part  # of the part in the frame
    core: Part  # of the part, for small windows
    scale: float = 1.0  # of the brightness, in that of the frame
    tell: Tell = silent

    def judge(self, kernel: Tensor) -> KernelCandidate:
        """How believable a kernel is here."""
        return judge(self.gray, kernel, self.part.mask)

    def score(self, kernel: Tensor) -> float:
        """The same as a number alone, in half of the time."""
        return self.foretell(kernel).score

    def foretell(self, kernel: Tensor) -> Foretold:
        """How ill it foretells hidden values here."""
        return foretell(self.gray, kernel, self.part.mask)


def choose_part(blurred: BlurredFrame, options: DeblurOptions) -> Part:
    """The rectangle that was given, or that with the most edges and the least that is clipped."""
    height, width = blurred.frame.shape[1:]
    if options.part is not None:
        return given_part(options.part, height, width)
    if options.method == "prior":
        return slice(0, height), slice(0, width)
    return most_edges(blurred, PART)


def search_in(blurred: BlurredFrame, place: Part, options: DeblurOptions, tell: Tell = silent) -> KernelSearch:
    """The search in a part of a frame."""
    part = blurred.part(*place)
    gray = part.denoised_gray()
    largest = largest_window(min(gray.shape), options)
    core = most_edges(replace(part, frame=gray[None]), CORE)
    scale = _scale_of(gray, part.mask)
    return KernelSearch(part, gray * scale, largest, options, place, core, scale, tell)


def _scale_of(gray: Tensor, mask: Tensor) -> float:
    """What gives a gray part (height, width) the usual contrast, a few clipped lights apart."""
    contrast = contrast_of(gray, mask)
    return CONTRAST / contrast if contrast else 1.0


def largest_window(shortest: int, options: DeblurOptions) -> int:
    """The largest window in which the kernel is sought, odd, in a part whose shorter side is given.

    Raises OptionError where the part is too small for the window that is asked for.
    """
    size = options.kernel_size
    if size is None:
        size = shortest // 2 - 1 if options.init == "none" else min(WINDOWS[-2], shortest // OF_PICTURE)
    if size > shortest // 2:
        raise OptionError(f"--kernel-size {size} is more than half of a side of {shortest}; give a smaller one.")
    return max(3, size + 1 - size % 2)


def is_alone(options: DeblurOptions) -> bool:
    """Whether one part alone is searched."""
    return options.part is not None or options.init == "none"


def has_room(height: int, width: int, options: DeblurOptions) -> bool:
    """Whether a picture is so large that all of it may be searched for a large shake."""
    return options.kernel_size is None and min(height, width) >= FEWEST_WIDE * WINDOWS[-1]
