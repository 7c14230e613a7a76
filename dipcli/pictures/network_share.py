"""How much of the network's answer belongs into the result: judged on the picture itself, by a coupled split.

With noise of a known law, y₁ = y + a·ε and y₂ = y - ε/a, where ε is drawn with the noise's own covariance, have
independent noise. Both answers are made from a part of y₁; how near to y₂ a mixture of them comes is an unbiased
estimate of its risk, up to a constant, and the best share of the network follows in closed form.
Source: Oliveira, Lei and Tibshirani, Unbiased risk estimation in the normal means problem via coupled bootstrap
techniques, 2021, arXiv 2111.09447; Pang et al., Recorrupted-to-Recorrupted, CVPR 2021. We differ in that only the
weight of a mixture is chosen.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from dipcli.classical.dct import draw_noise
from dipcli.engine.network_share import NetworkShare, earned_share
from dipcli.engine.restore import restore
from dipcli.grid import crop_middle
from dipcli.options.engine import EngineOptions
from dipcli.problem import Problem

SPLIT = 0.7  # a: the noise of what is fitted grows by √(1 + a²), that of what judges by √(1 + 1/a²)
SIDES = {1: 4096, 2: 192, 3: 40}  # of the part that is tried, for one, two and three axes
SEED = 7919  # of the noise that is added: of no other one here
WORTHWHILE = 0.02  # dB that the network must gain there, where there is more noise: about 0.05 dB of the result
MOST_ITERATIONS = 2000  # of the trial, however many a fit is given
LEAST_RISK = 0.08  # of the noise, in a classical estimate: where noise is overrated, the split denies that


class NoisyValues(NamedTuple):
    """Values (channels, *space), those in the `mask` with noise of the given `noise_power`, the others guessed."""

    values: Tensor
    power: Tensor
    mask: Tensor


def part_of_trial(shape: Sequence[int]) -> tuple[int, ...]:
    """Of values (channels, *space), the shape of the part that is tried."""
    return (shape[0], *(min(side, SIDES[len(shape) - 1]) for side in shape[1:]))


def network_share(
    noisy: NoisyValues,
    classical: Callable[[Tensor, Tensor], Tensor],
    problem: Callable[[NoisyValues, Tensor], Problem],
    engine: EngineOptions,
    worthwhile: float = WORTHWHILE,
) -> NetworkShare:
    """The share of the network in the estimate of what was measured, of noisy values.

    `classical` makes an estimate of values and their power, `problem` states what the network is fitted to, of
    noisy values and that estimate. The trial is of one run, in the middle of the values, and guessed ones are no
    judges. What gains fewer dB than is `worthwhile` has no share.
    """
    values, mask = (
        crop_middle(all_of_it, part_of_trial(all_of_it.shape)[1:]) for all_of_it in (noisy.values, noisy.mask)
    )
    power = noisy.power
    noise = draw_noise(values.shape, power, torch.Generator().manual_seed(SEED)) * mask
    fitted, judge = values + SPLIT * noise, values - noise / SPLIT
    louder = power * (1 + SPLIT**2)
    first = classical(fitted, louder)
    most = min(engine.stopping.iterations, MOST_ITERATIONS)
    once = replace(engine, stopping=replace(engine.stopping, iterations=most, runs=1, samples=0))
    image = restore(problem(NoisyValues(fitted, louder, mask), first), once).estimate["image"]
    change, left = (image - first)[mask], (judge - first)[mask]
    noise_energy = float(power.mean())
    least_risk = LEAST_RISK * noise_energy * (1 + SPLIT**2)
    return earned_share(change, left, noise_energy * (1 + 1 / SPLIT**2), least_risk, worthwhile)
