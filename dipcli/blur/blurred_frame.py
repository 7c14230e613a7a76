"""A blurred frame: its mask, its noise, and the latent image once a kernel is known."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.blur.blur import convolve
from dipcli.blur.deconvolution import (
    CERTAIN,
    Deconvolved,
    deconvolve_richardson_lucy,
    deconvolve_tv,
    deconvolve_wiener,
    inside,
)
from dipcli.blur.options import DeblurOptions
from dipcli.classical.dct import dct_denoise, white_power
from dipcli.classical.filling import fill_in
from dipcli.classical.least_squares import least_squares
from dipcli.classical.noise_curve import weakest_component
from dipcli.classical.patch_groups import Grouping, find_groups, shrink_groups
from dipcli.classical.plug_and_play import alternate_groups, falling
from dipcli.errors import InputError
from dipcli.grid import crop_middle
from dipcli.pictures.files.ranges import AS_STORED, Units
from dipcli.pictures.noise_model import FAINTEST, analyse, mask_weight

GROUPED_UP_TO = 700_000  # values of a frame for which patch groups are worth their time
LOOKED_AT = 1024  # side of the middle of the frame in which noise is looked for
MOST_HIDDEN = 0.9
SATURATED = 0.98  # from here on values were clipped, in frames that have room above all others
LEAST_TV, TV_OF_NOISE = 3e-4, 0.2
MORE = 1.4  # noise than there is: so much must be assumed in groups of few patches, or some is left
ROUNDS = 24
BAND_VALUES = 6_000_000  # of the picture that are made at once
FADED = 16  # rows over which two bands go over into each other
GROUPING = Grouping(side=6, step=4, reach=12, count=24)

Tell = Callable[[str, float], None]  # of what is done, and of the share of it


def silent(status: str, share: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class BlurredFrame:
    """A frame (channels, height, width), in proportion to light."""

    frame: Tensor
    mask: Tensor  # (height, width)
    clipped: Tensor  # (height, width), where it is at least so bright, and not in the mask
    sigma: float  # of the noise; 0 where there is hardly any
    method: str
    gamma: float

    def latent_image(self, kernel: Tensor) -> Tensor:
        """The sharp picture, (n - 1) / 2 wider on each side; kernel (n, n)."""
        if self.method == "wiener":
            return deconvolve_wiener(self.frame, kernel, self.sigma)
        if self.method == "rl":
            return deconvolve_richardson_lucy(self.frame, kernel, mask=self.mask)
        picture = self.latent_image_by_tv(kernel)
        return self._by_patch_groups(kernel, picture) if self.method == "patches" else picture

    def latent_image_by_tv(self, kernel: Tensor) -> Tensor:
        """The same by total variation, in a second."""
        return self.explained_by(kernel).picture

    def explained_by(self, kernel: Tensor) -> Deconvolved:
        """The same, and how far it is from explaining the frame."""
        weight = LEAST_TV + TV_OF_NOISE * self.sigma
        clipped = self.clipped if bool(self.clipped.any()) else None
        return deconvolve_tv(self.frame, kernel, weight, mask=self.mask, clipped=clipped)

    def sharp_picture(self, kernel: Tensor, tell: Tell = silent) -> Tensor:
        """The part of the sharp picture in the frame, made in bands of rows whose overlaps are faded over."""
        channels, height, width = self.frame.shape
        rows, margin = max(1, BAND_VALUES // (channels * width)), len(kernel) + FADED
        sharp, weights = torch.zeros_like(self.frame), self.frame.new_zeros(height, 1)
        for top in range(0, height, rows):
            tell("making the picture", top / height)
            first, last = max(0, top - margin), min(height, top + rows + margin)
            band = inside(self.part(slice(first, last), slice(0, width)).latent_image(kernel), kernel)
            at = torch.arange(first, last, device=band.device)
            reach = torch.minimum(at - top + FADED, top + rows + FADED - 1 - at).to(band)
            weight = (reach / FADED).clamp(0, 1)[:, None] if height > rows else reach.new_ones(last - first, 1)
            sharp[:, first:last] += weight * band
            weights[first:last] += weight
        return sharp / weights

    def part(self, rows: slice, columns: slice) -> Self:
        """A rectangle of it."""
        return replace(
            self,
            frame=self.frame[:, rows, columns],
            mask=self.mask[rows, columns],
            clipped=self.clipped[rows, columns],
        )

    def gray(self) -> Self:
        """The frame's brightness alone."""
        sigma = self.sigma / math.sqrt(len(self.frame))
        return replace(self, frame=self.frame.mean(0, keepdim=True), sigma=sigma)

    def denoised_gray(self) -> Tensor:
        """Its brightness (height, width) without noise: what is left of it would be taken for edges."""
        gray, sigma = self.gray().frame, self.gray().sigma
        if sigma <= FAINTEST.sigma:
            return gray[0]
        groups = find_groups(dct_denoise(gray, white_power(gray, sigma)), GROUPING)
        return shrink_groups(gray, groups, GROUPING, MORE * sigma)[0]

    def weight(self) -> Tensor | None:
        """1 in the mask, 0 elsewhere, of the frame's shape; None where all is."""
        return mask_weight(self.mask.expand_as(self.frame))

    def in_units_of_input(self, picture: Tensor) -> Tensor:
        """A picture in proportion to light as the input's values would have it."""
        return picture if self.gamma == 1 else picture.clamp(min=0) ** (1 / self.gamma)

    def _by_patch_groups(self, kernel: Tensor, picture: Tensor) -> Tensor:
        """The picture that explains the frame and whose patches are like one another.

        A clipped value counts where the picture would be darker than it.
        Source: Danielyan, Katkovnik and Egiazarian, 2012, doi 10.1109/TIP.2011.2176954.
        """
        certain = max(self.sigma, CERTAIN)

        def explain(image: Tensor, level: float) -> Tensor:
            trust = (certain / level) ** 2
            too_dark = self.clipped & (convolve(image, kernel) < self.frame)
            shown = (self.mask | too_dark).to(self.frame)
            return least_squares(
                lambda x: shown * convolve(x, kernel), shown * self.frame, image, trust, iterations=8
            )

        return alternate_groups(
            picture, explain, falling(max(0.05, 2 * certain), max(0.01, certain), ROUNDS), GROUPING
        )


def look_at(
    measurement: Tensor, options: DeblurOptions, units: Units = AS_STORED
) -> tuple[BlurredFrame, dict[str, str]]:
    """The frame, and what the record says of it; measurement (channels, height, width), NaN where missing.

    Raises InputError where hardly a value is mask, and for signals and volumes.
    """
    if measurement.ndim != 3:
        raise InputError("Only pictures can be deblurred, no signals or volumes; give a picture.")
    missing = ~torch.isfinite(measurement)
    brightest = SATURATED if options.saturation is None else units.zero + options.saturation * units.white
    hidden = (missing | (measurement >= brightest)).any(0)
    share = float(hidden.float().mean())
    if share > MOST_HIDDEN:
        raise InputError(f"{share:.0%} of the frame is missing or clipped; give one that is better exposed.")
    around = functional.max_pool2d(hidden[None, None].float(), 3, 1, 1)[0, 0] > 0
    filled = fill_in(measurement.nan_to_num(), ~missing) if bool(missing.any()) else measurement
    frame = filled if options.gamma == 1 else filled.clamp(min=0) ** options.gamma
    sigma = _level(frame) if options.sigma is None else options.sigma * units.white
    method = method_of(options, frame.numel())
    noisy = sigma > FAINTEST.sigma
    decisions = {
        "noise": f"σ ≈ {sigma / units.white:.3f}" if noisy else "hardly any",
        "method": options.method.replace("auto", method),
    }
    if share:
        decisions["masked"] = f"{share:.2%} of the frame, missing or clipped"
    clipped = hidden & ~missing.any(0)
    return BlurredFrame(frame, ~around, clipped, sigma if noisy else 0.0, method, options.gamma), decisions


def method_of(options: DeblurOptions, n_values: int) -> str:
    """How the picture is made from the kernel, in a frame of so many values."""
    if options.method in ("auto", "prior"):
        return "patches" if n_values <= GROUPED_UP_TO else "tv"
    return options.method


def _level(frame: Tensor) -> float:
    """The standard deviation of the noise: texture makes the one estimate too large, sharp edges the other."""
    frame = crop_middle(frame, (LOOKED_AT, LOOKED_AT))
    channels = frame.double().cpu().numpy()
    return min(analyse(frame).law.sigma, min(weakest_component(channel) for channel in channels))
