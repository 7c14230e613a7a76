"""A network for missing values: fitted to a reduced copy where gaps are wide, with the share that it earns."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from dipcli.classical.filling import double, halve
from dipcli.classical.smooth_filling import LAPLACIAN, fill_smoothly
from dipcli.pictures.filling_choice import LEAST, best_mixture
from dipcli.pictures.noise_model import StabilisedValues, value_problem
from dipcli.pictures.options import InpaintOptions
from dipcli.problem import Problem


@dataclass(frozen=True)
class GapNetwork:
    """A network beside a classical answer, judged on values that neither knew.

    values: with the classical answer by all that is known, `guess`: by all but the `hidden` positions (*space).
    halvings: of the sides, for the network; at wide gaps there is no detail to be had, and time to be saved.
    """

    values: StabilisedValues
    guess: StabilisedValues
    hidden: Tensor
    halvings: int

    def problem(self, options: InpaintOptions, picture: Callable[[Tensor], Tensor]) -> Problem:
        """What is fitted; `picture` makes what is looked at from its image in the size of the values."""
        image, mask, guide, hidden = self.values.values, self.values.mask, self.guess.classical, self.hidden
        pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[hidden.ndim - 1]
        for _ in range(self.halvings):
            guide, _ = halve(guide, torch.ones_like(mask))
            image, mask = halve(image, mask)
            hidden = pool(hidden.float()[None], 2, ceil_mode=True)[0] > 0
        reduced = replace(self.values, values=image, mask=mask)
        problem = value_problem(reduced, options, lambda small: picture(self.enlarged(small)), guide)
        return replace(problem, hidden=hidden)

    def enlarged(self, image: Tensor) -> Tensor:
        """What was fitted, (channels, *reduced), in the size of the values."""
        space = self.values.values.shape[1:]
        for left in reversed(range(self.halvings)):
            image = double(image, [-(-side // 2**left) for side in space])
        return image

    def share(self, image: Tensor) -> float:
        """How much of the network's answer is nearest to the hidden values when mixed with the guess of them."""
        scored = self.values.mask & self.hidden
        answers = [self.guess.classical, self._continued(image, self.guess.mask)]
        shares = best_mixture([answer[scored] for answer in answers], self.values.values[scored])
        return shares[1] if shares[1] >= LEAST else 0.0

    def mixed(self, image: Tensor, share: float) -> Tensor:
        """The picture, with this share of the network's answer."""
        return self.values.mixed(self._continued(image, self.values.mask), 1 - share)

    def _continued(self, image: Tensor, mask: Tensor) -> Tensor:
        """The network's answer, shifted within gaps by what it is off at their rims.

        Source: Pérez et al., Poisson image editing, 2003, doi 10.1145/882262.882269.
        """
        answer = self.enlarged(image)
        if self.values.power is not None:
            return answer
        return answer + fill_smoothly(self.values.values - answer, mask, LAPLACIAN)
