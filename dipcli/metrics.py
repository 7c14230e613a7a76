"""How near a picture is to the truth: of a data range of 1, of magnitudes of any unit (peak_...), of sound."""

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

RADIUS = 5  # of the windows of the structural similarity
ROWS, PIECE = 512, 1 << 22  # and values, that are compared at a time: the whole in double precision is large


def psnr_db(picture: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio in dB over all values that both have, the peak being 1."""
    total, count = 0.0, 0
    x, y = picture.reshape(-1), reference.reshape(-1)
    for start in range(0, x.numel(), PIECE):
        errors = (_precise(x[start : start + PIECE]) - y[start : start + PIECE].cpu().double()).square()
        known = errors[errors.isfinite()]
        total, count = total + float(known.sum()), count + known.numel()
    return -10 * math.log10(max(total / count, 1e-20)) if count else math.nan


def psnr_up_to_shift_db(picture: Tensor, reference: Tensor, reach: int = 10, border: int = 15) -> float:
    """PSNR in dB of the picture at its best shift of up to `reach` pixels, in quarters of a pixel.

    `border` pixels at each side do not count; of small pictures fewer. Between pixels the picture is
    interpolated linearly. Source: Levin et al., CVPR 2009 (`comp_upto_shift`).
    """
    x, y = _precise(picture), reference.cpu().double()
    border = max(1, min(border, min(y.shape[1:]) // 4))
    reach = min(reach, border - 1)
    inner = y[:, border:-border, border:-border]
    down, right = _whole_shift(x, inner, border, reach)
    products = _products_of_neighbours(x, inner, border + down, border + right)
    steps = [
        torch.tensor([max(-k, 0) / 4, 1 - abs(k) / 4, max(k, 0) / 4], dtype=torch.float64) for k in range(-3, 4)
    ]
    shares = [
        torch.cat([torch.outer(steps[i + 3], steps[j + 3]).flatten(), -torch.ones(1, dtype=torch.float64)])
        for i, j in itertools.product(range(-3, 4), repeat=2)
        if max(abs(down + i / 4), abs(right + j / 4)) <= reach
    ]
    best = min(shares, key=lambda share: float(share @ products @ share))
    neighbours = _neighbours(x, inner, border + down, border + right)
    moved = sum((share * part for share, part in zip(best, neighbours, strict=False) if share), 0 * inner)
    return -10 * math.log10(max(float((moved - inner).square().mean()), 1e-20))


def _whole_shift(x: Tensor, inner: Tensor, border: int, reach: int) -> tuple[int, int]:
    """The shift in whole pixels, of up to `reach`, with which the picture has the least squared error."""
    (height, width), n_shifts = inner.shape[1:], 2 * reach + 1
    errors = x.new_zeros(n_shifts, n_shifts)
    for plane, true in zip(x, inner, strict=True):
        seen = plane[border - reach :, border - reach :][: height + 2 * reach, : width + 2 * reach]
        product = torch.fft.rfft2(seen) * torch.fft.rfft2(true, s=seen.shape).conj()
        cross = torch.fft.irfft2(product, s=seen.shape)[:n_shifts, :n_shifts]
        table = functional.pad(seen.square(), (1, 0, 1, 0)).cumsum(0).cumsum(1)
        rows = table[height:] - table[:n_shifts]
        errors += rows[:, width:] - rows[:, :n_shifts] - 2 * cross
    down, right = divmod(int(errors.argmin()), n_shifts)
    return down - reach, right - reach


def _neighbours(x: Tensor, inner: Tensor, top: int, left: int) -> Iterator[Tensor]:
    """The parts of a picture that are shifted by up to a pixel from that at (top, left)."""
    for i, j in itertools.product((-1, 0, 1), repeat=2):
        yield x[:, top + i :, left + j :][:, : inner.shape[1], : inner.shape[2]]


def _products_of_neighbours(x: Tensor, inner: Tensor, top: int, left: int) -> Tensor:
    """Scalar products (10, 10) of the nine parts around (top, left) and the truth, summed in bands of rows."""
    channels, height, width = inner.shape
    rows = max(1, PIECE // (8 * channels * width))
    products = x.new_zeros(10, 10)
    for start in range(0, height, rows):
        band = inner[:, start : start + rows]
        parts = torch.stack([*_neighbours(x, band, top + start, left), band]).flatten(1)
        products += parts @ parts.T
    return products


def ssim(picture: Tensor, reference: Tensor) -> float:
    """Mean structural similarity over pixels and channels, with Gaussian windows of σ = 1.5 pixels.

    Equal to scikit-image's `structural_similarity` with `gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=1`: windows are 11 wide and the outer 5 pixels do not count.
    Sides must be at least 11. Source: Wang et al., 2004, doi 10.1109/TIP.2003.819861.
    """
    total, count = 0.0, 0
    for channel in range(len(picture)):
        for top in range(0, max(1, picture.shape[1] - 2 * RADIUS), ROWS):
            part = (slice(channel, channel + 1), slice(top, top + ROWS + 2 * RADIUS))
            similar = _structure(_precise(picture[part]), reference[part].cpu().double(), _blur, data_range=1.0)
            total, count = total + float(similar.sum()), count + similar.numel()
    return total / count


def nmse(picture: Tensor, reference: Tensor) -> float:
    """Normalised mean squared error: Σ (picture - reference)² / Σ reference². Of any unit."""
    x, y = picture.detach().cpu().double(), reference.cpu().double()
    return float((x - y).square().sum() / y.square().sum().clamp(min=1e-300))


def peak_psnr_db(picture: Tensor, reference: Tensor, where: Tensor | None = None) -> float:
    """Peak signal-to-noise ratio in dB, the peak being the reference's largest value; over `where`, if given.

    Equal to fastMRI's. Of any unit; nothing is clipped.
    """
    x, y = picture.detach().cpu().double(), reference.cpu().double()
    errors = (x - y).square()
    error = errors.mean() if where is None else errors[where.cpu()].mean()
    return float(10 * (y.max().square() / error.clamp(min=1e-300)).log10())


def peak_ssim(picture: Tensor, reference: Tensor, where: Tensor | None = None) -> float:
    """Mean structural similarity over pixels, or over `where`; the data range is the reference's largest value.

    Equal to fastMRI's: windows of 7 x 7 equal weights, sample covariances. Pictures are (slices, height, width).
    """
    x, y = picture.detach().cpu().double(), reference.cpu().double()
    similar = _structure(x, y, _box, data_range=float(y.max()), correction=49 / 48)
    if where is None:
        return float(similar.mean())
    inner = where.cpu()[:, 3:-3, 3:-3]
    return float(similar[inner].mean())


def si_sdr_db(samples: Tensor, reference: Tensor) -> float:
    """The ratio of signal to distortion in dB, of samples of any scale and offset.

    Source: Le Roux et al., SDR - half-baked or well done?, 2019, arXiv 1811.02508.
    """
    x, y = (each.detach().cpu().double() for each in (samples, reference))
    x, y = (each - each.mean(-1, keepdim=True) for each in (x, y))
    seen = y * (x * y).sum() / y.square().sum().clamp(min=1e-300)
    return float(
        10 * (seen.square().sum().clamp(min=1e-300) / (x - seen).square().sum().clamp(min=1e-300)).log10()
    )


def foreground(reference: Tensor, threshold: float = 0.12) -> Tensor:
    """Where magnitudes (n, height, width) are above the share `threshold` of the largest value, holes filled."""
    bright = (reference > threshold * reference.max()).cpu().numpy()
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in bright])
    return torch.from_numpy(filled).to(reference.device)


def _structure(
    x: Tensor, y: Tensor, mean: Callable[[Tensor], Tensor], *, data_range: float, correction: float = 1.0
) -> Tensor:
    """The map of structural similarity; `mean` takes windows, `correction` makes sample covariances of them."""
    mean_x, mean_y = mean(x), mean(y)
    var_x = correction * (mean(x * x) - mean_x**2)
    var_y = correction * (mean(y * y) - mean_y**2)
    cov = correction * (mean(x * y) - mean_x * mean_y)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * cov + c2)
    return top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))


def _box(image: Tensor) -> Tensor:
    """Means of the 7 x 7 windows that lie wholly inside the image (channels, height, width)."""
    return functional.avg_pool2d(image[None], 7, 1)[0]


def _precise(picture: Tensor) -> Tensor:
    """In float64, and on the processor: not every device has float64."""
    return picture.detach().cpu().double()


def _blur(image: Tensor, sigma: float = 1.5, radius: int = RADIUS) -> Tensor:
    """Gaussian means of the windows that lie wholly inside the image (channels, *space)."""
    at = torch.arange(-radius, radius + 1, dtype=image.dtype, device=image.device)
    window = torch.exp(-at.square() / (2 * sigma**2))
    window = (window / window.sum()).reshape(1, 1, -1)
    for axis in range(1, image.ndim):
        moved = image.movedim(axis, -1)
        lines = functional.conv1d(moved.reshape(-1, 1, moved.shape[-1]), window)
        image = lines.reshape(*moved.shape[:-1], -1).movedim(-1, axis)
    return image
