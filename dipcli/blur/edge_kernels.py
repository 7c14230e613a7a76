"""The kernel of an unknown blur, from the edges of the picture: coarse to fine, in turns with a picture of edges.

Source: Cho and Lee, Fast motion deblurring, 2009, doi 10.1145/1618452.1618491 (gradients, turns, scales);
Xu, Zheng and Jia, Unnatural L0 sparse representation, CVPR 2013, doi 10.1109/CVPR.2013.147 (the picture).
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from dipcli.blur.blur import centroid
from dipcli.blur.deconvolution import Torus, deconvolve_tv
from dipcli.blur.hidden_values import ROUNDS, TV, foretell
from dipcli.classical.least_squares import least_squares

SHRINK = math.sqrt(0.5)  # from scale to scale
SMALLEST = 3  # side of the window at the coarsest scale
SHORTEST = 16  # side of the picture there
EDGES = 2e-4  # weight of an edge in the last turn: what came before must not depend on the window
MOST_EDGES = 0.02
FADING = 1.1  # by which it is divided in each turn
TURNS = 5
DAMPING = 2.0  # of the kernel
FAINT = 0.05  # of the largest value: less is noise
LOOSE = 0.1  # of the mass: a part with less, apart from the rest, is noise
WITHIN = 0.98  # share of a kernel that is not at the border of its window, if that is large enough
TAIL, BINS = 0.005, 64  # of the histogram, in which paper is the highest bin
WHITER = 1.2  # than paper
AROUND = 2  # pixels around a kernel that another one may cover, too


class KernelCandidate(NamedTuple):
    """A kernel (n, n), the picture that it gives, and how believable the two are; the lowest score is best.

    The score is the logarithm of the mean error at values that were hidden.
    """

    score: float
    misfit: float  # of the blurred picture from the frame, root mean square
    kernel: Tensor
    picture: Tensor
    support: float = 1.0  # similarity to the likest kernel that another search found


def estimate_kernel(
    blurred: Tensor,
    window: int,
    *,
    edges: float = EDGES,
    mask: Tensor | None = None,
    has_strokes: bool = False,
) -> Tensor:
    """The kernel (window, window) behind a gray frame (height, width), centred.

    With `has_strokes` the latent picture is also 0 in many places, see `strokes_of`.
    """
    n_scales = max(1, math.ceil(math.log(window / SMALLEST) / -math.log(SHRINK)) + 1)
    kernel: Tensor | None = None
    for scale in reversed(range(n_scales)):
        share = SHRINK**scale
        side = _odd(max(SMALLEST, math.ceil(window * share)))
        shape = [round(n * share) for n in blurred.shape]
        if scale and min(shape) < max(SHORTEST, side):
            continue
        frame = _resized(blurred, shape) if scale else blurred
        shown = None if mask is None else (_resized(mask.float(), shape) > 0.99)
        kernel = _two_pixels(side, blurred) if kernel is None else tidy(_resized(kernel, [side] * 2), 0.02)
        for to_come in reversed(range(scale * TURNS, (scale + 1) * TURNS)):
            weight = min(edges * FADING**to_come, MOST_EDGES)
            picture = _edges_of(frame, kernel, weight, shown, has_strokes=has_strokes)
            kernel = tidy(_fit_kernel(picture, frame, side, shown))
    return _two_pixels(_odd(window), blurred) if kernel is None else kernel


def strokes_of(gray: Tensor) -> Tensor:
    """A gray frame (height, width) as if it were writing: 0 for ink, 1 for paper, which most of it is."""
    low, high = (float(gray.flatten().quantile(at)) for at in (TAIL, 1 - TAIL))
    if not high > low:
        return gray
    bins = torch.histc(gray, BINS, low, high)
    paper = low + (int(bins.argmax()) + 0.5) / BINS * (high - low)
    ink = low if paper - low > high - paper else high
    return ((gray - ink) / (paper - ink)).clamp(0, WHITER)


def judge(blurred: Tensor, kernel: Tensor, mask: Tensor | None = None) -> KernelCandidate:
    """How believable a kernel is, and the picture that it gives of a frame (height, width)."""
    picture, misfit, _ = deconvolve_tv(blurred[None], kernel, TV, mask=mask, rounds=ROUNDS)
    return KernelCandidate(foretell(blurred, kernel, mask).score, misfit, kernel, picture)


def covered(kernel: Tensor) -> float:
    """The number of pixels of a kernel that is even, and as many as it has otherwise: 1 for a point."""
    return 1 / float(kernel.square().sum())


def is_cut_off(kernel: Tensor) -> bool:
    """Whether a kernel goes on beyond its window, as far as one can see."""
    return float(kernel[1:-1, 1:-1].sum()) < WITHIN * float(kernel.sum())


def tidy(kernel: Tensor, faint: float = FAINT) -> Tensor:
    """The kernel without negative and faint values and loose parts, its centroid in the middle, of sum 1."""
    kernel = kernel.clamp(min=0)
    kernel = torch.where(kernel < faint * kernel.max(), torch.zeros_like(kernel), kernel)
    if not bool(kernel.max() > 0):
        return _delta(kernel)
    parts, count = ndimage.label(kernel.cpu().numpy() > 0, structure=np.ones((3, 3)))
    labels = torch.from_numpy(parts).to(kernel.device)
    masses = torch.stack([kernel[labels == part].sum() for part in range(1, count + 1)])
    for part in range(count):
        if masses[part] < LOOSE * masses.sum():
            kernel = kernel.masked_fill(labels == part + 1, 0)
    return centred(kernel)


def centred(kernel: Tensor) -> Tensor:
    """The kernel shifted by whole pixels so that its centroid is in the middle, of sum 1.

    What is shifted over the window's edge is lost.
    """
    kernel = kernel / kernel.sum()
    moved = kernel
    for axis in (0, 1):
        side = kernel.shape[axis]
        shift = round((side - 1) / 2 - float(centroid(kernel)[axis]))
        padded = functional.pad(moved.movedim(axis, -1), (abs(shift), abs(shift)))
        moved = padded.narrow(-1, abs(shift) - shift, side).movedim(-1, axis)
    return moved / moved.sum()


def trimmed(kernel: Tensor, room: int = 0, smallest: int = 1) -> Tensor:
    """The kernel in the smallest odd window around its middle that holds it, and `room` beyond."""
    middle = kernel.shape[0] // 2
    reach = int((kernel > 0).nonzero().sub(middle).abs().max()) + room
    return framed(kernel, max(2 * reach + 1, _odd(smallest)))


def framed(kernel: Tensor, side: int) -> Tensor:
    """The middle of a kernel in an odd window of another size, of sum 1."""
    width = (side - kernel.shape[0]) // 2
    kernel = functional.pad(kernel, (width, width, width, width))
    return kernel / kernel.sum()


def similarity(kernel: Tensor, other: Tensor) -> float:
    """The maximum normalised correlation of two kernels over all shifts, in [0, 1].

    Source: Hu and Yang, Good regions to deblur, ECCV 2012.
    """
    side = kernel.shape[0] + other.shape[0]
    spectra = [torch.fft.rfft2(k.cpu().double(), s=(side, side)) for k in (kernel, other)]
    peak = torch.fft.irfft2(spectra[0] * spectra[1].conj(), s=(side, side)).max()
    return float(peak / (torch.linalg.vector_norm(kernel) * torch.linalg.vector_norm(other)).cpu().double())


def share_beyond(kernel: Tensor, other: Tensor) -> float:
    """The share of another kernel that lies outside of this one, both placed where they are most alike."""
    side = len(kernel) + len(other) + 2 * AROUND
    first, second = (
        functional.pad(k, (AROUND, side - AROUND - len(k), AROUND, side - AROUND - len(k)))
        for k in (kernel, other)
    )
    alike = torch.fft.irfft2(torch.fft.rfft2(first) * torch.fft.rfft2(second).conj(), s=(side, side))
    placed = second.roll(divmod(int(alike.argmax()), side), (0, 1))
    near = functional.max_pool2d((first > 0).to(first)[None], 2 * AROUND + 1, 1, AROUND)[0] > 0
    return float(placed[~near].sum() / placed.sum())


def _edges_of(
    frame: Tensor, kernel: Tensor, weight: float, mask: Tensor | None, *, has_strokes: bool = False
) -> Tensor:
    """A picture of strong edges only: few slopes that are not 0, by half-quadratic splitting.

    With `has_strokes` also few values that are not 0. Source: Pan, Hu, Su and Yang, Deblurring text images via
    L0-regularized intensity and gradient prior, CVPR 2014, doi 10.1109/CVPR.2014.371; we tighten both at once.
    """
    torus = Torus(frame[None], kernel, mask)
    image = torus.start()
    steep, blurring = torus.slopes.abs().square().sum(0), torus.transfer.abs().square()
    pull = 2 * weight
    while pull < 2:
        spectrum = torus.fft(image)
        slopes = torus.ifft(torus.slopes * spectrum)
        slopes = slopes * (slopes.square().sum(0) > weight / pull)
        seen = torch.where(torus.mask > 0, torus.measured, torus.ifft(torus.transfer * spectrum))
        wanted = torus.transfer.conj() * torus.fft(seen)
        wanted = wanted + pull * (torus.slopes.conj() * torus.fft(slopes)).sum(0)
        energy = blurring + pull * steep + 1e-9
        if has_strokes:
            wanted = wanted + pull * torus.fft(image * (image.square() > weight / pull))
            energy = energy + pull
        image = torus.ifft(wanted / energy)
        pull *= 2
    return torus.crop(image)[0]


def _fit_kernel(picture: Tensor, frame: Tensor, side: int, mask: Tensor | None) -> Tensor:
    """The kernel that takes the slopes of the picture to those of the frame."""
    slopes, wanted = _slopes(picture), _slopes(frame)
    spectrum = torch.fft.rfft2(slopes)
    sides = slopes.shape[1:]
    shown = None if mask is None else _all_of_three(mask).to(frame)

    def seen(kernel: Tensor) -> Tensor:
        wrapped: Tensor = torch.fft.irfft2(spectrum * torch.fft.rfft2(kernel, s=sides), s=sides)
        blurred = wrapped[:, side - 1 :, side - 1 :]
        return blurred if shown is None else shown * blurred

    target = wanted if shown is None else shown * wanted
    return least_squares(seen, target, frame.new_zeros(side, side), DAMPING, iterations=20)


def _slopes(image: Tensor) -> Tensor:
    """Forward differences of (height, width) along both axes -> (2, height - 1, width - 1)."""
    return torch.stack([image.diff(dim=0)[:, :-1], image.diff(dim=1)[:-1]])


def _all_of_three(mask: Tensor) -> Tensor:
    """Where a value and those it is subtracted from are all in the mask."""
    return mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:]


def _resized(image: Tensor, shape: list[int]) -> Tensor:
    return functional.interpolate(image[None, None], size=shape, mode="bilinear", antialias=True)[0, 0]


def _two_pixels(side: int, like: Tensor) -> Tensor:
    kernel = like.new_zeros(side, side)
    kernel[side // 2, side // 2 - 1 : side // 2 + 1] = 0.5
    return kernel


def _delta(like: Tensor) -> Tensor:
    kernel = torch.zeros_like(like)
    kernel[like.shape[0] // 2, like.shape[1] // 2] = 1
    return kernel


def _odd(side: int) -> int:
    return side + 1 - side % 2
