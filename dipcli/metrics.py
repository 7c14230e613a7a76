"""How near a picture is to the truth. Pictures are (channels, *space) in [0, 1]; the data range is 1."""

import torch
from torch import Tensor
from torch.nn import functional


def psnr_db(picture: Tensor, reference: Tensor) -> float:
    """Peak signal-to-noise ratio in dB over all channels, of the picture clipped to [0, 1]."""
    error = (_precise(picture) - reference.cpu().double()).square().mean()
    return float(-10 * error.clamp(min=1e-20).log10())


def ssim(picture: Tensor, reference: Tensor) -> float:
    """Mean structural similarity over pixels and channels, with Gaussian windows of σ = 1.5 pixels.

    Equal to scikit-image's `structural_similarity` with `gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, data_range=1`: windows are 11 wide and the outer 5 pixels do not count.
    Sides must be at least 11. Source: Wang et al., 2004, doi 10.1109/TIP.2003.819861.
    """
    x, y = _precise(picture), reference.cpu().double()
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x**2
    var_y = _blur(y * y) - mean_y**2
    cov = _blur(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_x * mean_y + c1) * (2 * cov + c2)
    return float((top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())


def _precise(picture: Tensor) -> Tensor:
    """Clipped, in float64, and on the processor: not every device has float64."""
    return picture.detach().cpu().clamp(0, 1).double()


def _blur(image: Tensor, sigma: float = 1.5, radius: int = 5) -> Tensor:
    """Gaussian means of the windows that lie wholly inside the image (channels, *space)."""
    at = torch.arange(-radius, radius + 1, dtype=image.dtype, device=image.device)
    window = torch.exp(-at.square() / (2 * sigma**2))
    window = (window / window.sum()).reshape(1, 1, -1)
    for axis in range(1, image.ndim):
        moved = image.movedim(axis, -1)
        lines = functional.conv1d(moved.reshape(-1, 1, moved.shape[-1]), window)
        image = lines.reshape(*moved.shape[:-1], -1).movedim(-1, axis)
    return image
