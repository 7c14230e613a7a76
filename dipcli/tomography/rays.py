"""Line integrals, how well each is known, and the images that explain them."""

import math
from collections.abc import Callable
from functools import partial
from typing import final

import torch
from torch import Tensor

from dipcli.classical.least_squares import adjoint, least_squares
from dipcli.classical.tv import tv_least_squares
from dipcli.tomography.beam import Beam

STEPS = 2  # of preconditioned gradients, each time that rays are explained
SPLIT = 30.0  # times the weight of total variation, of images about as bright as 1


@final
class Rays:
    """What was measured along rays (1, views, detectors), and one over its noise's deviation, 0 for unknown."""

    def __init__(self, projection: Beam, values: Tensor, precision: Tensor) -> None:
        self.projection, self.values, self.precision = projection, values, precision
        side = projection.geometry.side
        self.blank = values.new_zeros((1, side, side))
        self._weighted = precision * values
        self._curvature = self._curvatures()

    @property
    def knowledge(self) -> float:
        """Of a pixel: the root of how much the rays through it tell, per deviation of their noise."""
        return math.sqrt(float(self.precision.square().mean()) * self.values.shape[1])

    def without(self, hidden: Tensor) -> "Rays":
        """The same without some rays."""
        return Rays(self.projection, self.values, self.precision * ~hidden)

    def less(self, offsets: Tensor) -> "Rays":
        """The same with something taken from every value."""
        return Rays(self.projection, self.values - offsets, self.precision)

    def residual(self, image: Tensor) -> Tensor:
        """What the image leaves unexplained, (1, views, detectors)."""
        left: Tensor = self.values - self.projection(image)
        return left

    def misfit(self, image: Tensor) -> float:
        """The mean square of that over the known rays, in variances of their noise."""
        known = self.precision > 0
        return float((self.residual(image) * self.precision)[known].square().mean())

    def explain(self, image: Tensor, damping: float) -> Tensor:
        """An image near to this one that explains the rays better."""
        return least_squares(
            self._seen, self._weighted, image, damping, iterations=STEPS, precondition=self._inverse(damping)
        )

    def smooth(self, image: Tensor, weight: float, rounds: int) -> Tensor:
        """The image with little total variation that explains the rays, from this one on."""
        split = SPLIT * weight
        side = torch.fft.fftfreq(image.shape[1]), torch.fft.rfftfreq(image.shape[2])
        down, across = ((2 - 2 * torch.cos(2 * math.pi * f)).to(image) for f in side)
        inverse = self._inverse(split * (down[:, None] + across))
        solve = partial(least_squares, iterations=STEPS, precondition=inverse)
        return tv_least_squares(self._seen, self._weighted, image, weight, split=split, rounds=rounds, solve=solve)

    def back(self, values: Tensor) -> Tensor:
        """The adjoint of the projection: each value along its ray."""
        return adjoint(self.projection, self.blank)(values)

    def _seen(self, image: Tensor) -> Tensor:
        seen: Tensor = self.precision * self.projection(image)
        return seen

    def _curvatures(self) -> Tensor:
        """Of the squared misfit along each wave of the image, were all rays known alike and all angles there."""
        height, width = self.blank.shape[1:]
        down, across = torch.fft.fftfreq(height), torch.fft.rfftfreq(width)
        waves = torch.hypot(down[:, None], across).clamp(min=0.5 / height).to(self.values)
        return self.knowledge**2 / (math.pi * waves)

    def _inverse(self, damping: float | Tensor) -> Callable[[Tensor], Tensor]:
        def inverse(residual: Tensor) -> Tensor:
            spectrum = torch.fft.rfft2(residual) / (self._curvature + damping)
            image: Tensor = torch.fft.irfft2(spectrum, s=residual.shape[1:])
            return image

        return inverse
