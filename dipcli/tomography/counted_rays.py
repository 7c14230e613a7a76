"""Rays of an emission, as positron emission tomography counts them, and the images that explain their counts."""

from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor, nn

from dipcli.classical.least_squares import adjoint
from dipcli.tomography.beam import Beam, projection_of

LEAST = 1e-3  # what is expected of a ray, in counts, and of a pixel, of a bright one: nothing is impossible
DARK = 0.02  # of the usual pixel's share of all rays: what is hardly seen stays dark
STEPS = 3  # of expectation maximisation, each time that counts are explained
FEWEST_VIEWS = 8  # of a subset


@final
class EmissionProjection(nn.Module):
    """Image (1, side, side) -> expected counts (1, views, detectors): sensitivity · integrals + background."""

    def __init__(self, projection: Beam, sensitivity: Tensor, background: Tensor) -> None:
        super().__init__()
        self.geometry = projection.geometry
        self.projection = projection
        self.sensitivity: Tensor
        self.background: Tensor
        self.register_buffer("sensitivity", sensitivity, persistent=False)
        self.register_buffer("background", background, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """The counts."""
        expected: Tensor = self.sensitivity * self.projection(image).clamp(min=0) + self.background
        return expected.clamp(min=LEAST)


@final
class CountedRays:
    """Counts (1, views, detectors), where they are known, and what they are expected to be of an image."""

    def __init__(self, projection: EmissionProjection, counts: Tensor, known: Tensor) -> None:
        self.projection, self.counts = projection, counts
        self.known = known & (projection.sensitivity > 0)
        side = projection.geometry.side
        self.blank = counts.new_zeros((1, side, side))
        self._weights = projection.sensitivity * self.known
        self._back = adjoint(projection.projection, self.blank)
        reach = self._back(self._weights).clamp(min=0)
        self._seen = reach > DARK * float(reach.median())
        self._reach = torch.where(self._seen, reach, torch.ones_like(reach))

    @property
    def precision(self) -> Tensor:
        """One over the deviation of each count, as it was measured; 0 where it is not known."""
        return self.known / self.counts.clamp(min=1).sqrt()

    def without(self, hidden: Tensor) -> "CountedRays":
        """The same without some rays."""
        return CountedRays(self.projection, self.counts, self.known & ~hidden)

    def residual(self, image: Tensor) -> Tensor:
        """What the image leaves unexplained, (1, views, detectors), in counts."""
        left: Tensor = self.counts - self.projection(image)
        return left

    def misfit(self, image: Tensor) -> float:
        """The mean deviance of the known counts: about 1 for the truth, where they are many."""
        expected, counts = self.projection(image)[self.known], self.counts[self.known]
        ratio = torch.special.xlogy(counts, counts.clamp(min=LEAST) / expected)
        return float(2 * (expected - counts + ratio).double().mean())

    def expected_share(self, image: Tensor) -> Tensor:
        """Of each pixel, what the counts along its rays say of it; the image itself where it explains them."""
        ratio = self.counts / self.projection(image)
        return (image * self._back(self._weights * ratio)).clamp(min=0) * self._seen

    def round(self, image: Tensor) -> Tensor:
        """One of expectation maximisation.

        Source: Shepp and Vardi, Maximum likelihood reconstruction for emission tomography, 1982, doi
        10.1109/TMI.1982.4307558.
        """
        return self.expected_share(image) / self._reach

    def explain(self, image: Tensor, damping: float) -> Tensor:
        """An image near to this one that explains the counts better.

        Twice the negative logarithm of the likelihood, and damping · |x - image|², fall with each step.
        Source: De Pierro, A modified expectation maximization algorithm for penalized likelihood estimation in
        emission tomography, 1995, doi 10.1109/42.370409.
        """
        found = image.clamp(min=LEAST)
        linear = self._reach - damping * image
        for _ in range(STEPS):
            share = self.expected_share(found)
            root = (linear.square() + 4 * damping * share).sqrt()
            # Of two equal forms of the root that which takes no difference of what is alike.
            found = torch.where(linear > 0, 2 * share / (linear + root), (root - linear) / (2 * damping))
            found = found.clamp(min=LEAST) * self._seen
        return found

    def subsets(self, count: int) -> "list[CountedRays]":
        """So many interleaved parts of the views."""
        whole = self.projection
        parts = []
        for first in range(count):
            views = slice(first, None, count)
            geometry = whole.geometry.with_angles(whole.geometry.angles[views])
            counts, known, gain, background = (
                each[:, views] for each in (self.counts, self.known, whole.sensitivity, whole.background)
            )
            parts.append(CountedRays(EmissionProjection(projection_of(geometry), gain, background), counts, known))
        return parts


def maximising_rounds(rays: CountedRays, n_subsets: int) -> Iterator[Tensor]:
    """The images of expectation maximisation, each after all the subsets; with one subset it is MLEM.

    Source: Hudson and Larkin, Accelerated image reconstruction using ordered subsets of projection data, 1994, doi
    10.1109/42.363108.
    """
    most = max(1, rays.counts.shape[1] // FEWEST_VIEWS)
    parts = rays.subsets(min(n_subsets, most)) if min(n_subsets, most) > 1 else [rays]
    signal = ((rays.counts - rays.projection.background) * rays.known).sum().clamp(min=1)
    ones = torch.ones_like(rays.blank)
    expected = (rays.projection.sensitivity * rays.projection.projection(ones) * rays.known).sum()
    image = ones * (signal / expected)
    while True:
        for part in parts:
            image = part.round(image)
        yield image
