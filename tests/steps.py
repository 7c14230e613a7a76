"""Small things to run the engine on: single steps, a scripted stopper, a problem that can be broken."""

from dataclasses import replace

import torch
from torch import nn

from dipcli.engine.averaging import RunningAverage
from dipcli.engine.descent import Descent, Step
from dipcli.engine.stopper import Stopper
from dipcli.fidelities import mean_squared_error
from dipcli.options.engine import DescentOptions, PriorOptions, StoppingOptions
from dipcli.penalties import stein_divergence
from dipcli.pictures.picture_problem import picture_problem
from dipcli.priors.prior import build_prior
from dipcli.problem import Problem, Response, Unknown

TINY = PriorOptions(width=(4,), skip_width=(2,), seed_channels=2)
SHAPE = (1, 16, 16)


def tiny_problem():
    measurement = torch.rand(SHAPE, generator=torch.Generator().manual_seed(2))
    return picture_problem(measurement, mean_squared_error, tv_weight=0.01)


def risky_problem(variance=0.01):
    """The estimated risk of a network that is fed the measurement."""
    problem = tiny_problem()
    own = replace(TINY, seed_kind="guide", seed_scale=0.3)
    risk = Response(stein_divergence(torch.full(SHAPE, variance)), "image")
    unknowns = {"image": Unknown(SHAPE, prior=own, guide=problem.measurement)}
    return replace(problem, unknowns=unknowns, responses=(risk,))


def tiny_descent(problem=None, prior=TINY, **options):
    problem = problem or tiny_problem()
    priors = {name: build_prior(unknown, prior) for name, unknown in problem.unknowns.items()}
    return Descent(problem, priors, DescentOptions(**options))


def step_at(iteration, picture, prediction=None):
    """A step that shows this picture."""
    prediction = picture if prediction is None else prediction
    return Step(iteration, {"data": torch.zeros(())}, {"image": picture}, prediction, picture)


class Scripted(Stopper):
    """Scores written down beforehand; the last one is repeated."""

    def __init__(self, scores, **options):
        super().__init__(StoppingOptions(**{"warm_up": 0, "margin": 0.0, "patience": 50, **options}))
        self._scores = list(scores)

    def score(self, step):
        return self._scores[min(step.iteration, len(self._scores)) - 1]


class Breakable(nn.Module):
    """The identity, times a factor that a test may spoil."""

    def __init__(self):
        super().__init__()
        self.factor = 1.0

    def forward(self, image):
        return image * self.factor


def breakable_problem():
    return Problem(
        measurement=torch.full(SHAPE, 0.5),
        operator=Breakable(),
        unknowns={"image": Unknown(SHAPE)},
        fidelity=mean_squared_error,
        picture=lambda estimate: estimate["image"],
    )


def average():
    return RunningAverage(0.9)


def assert_same_state(actual, expected):
    """Nested states are equal bit for bit, NaN included."""
    assert type(actual) is type(expected)
    if isinstance(actual, torch.Tensor):
        assert torch.equal(actual.nan_to_num(), expected.nan_to_num())
        assert torch.equal(actual.isnan(), expected.isnan())
    elif isinstance(actual, dict):
        assert actual.keys() == expected.keys()
        for key in actual:
            assert_same_state(actual[key], expected[key])
    elif isinstance(actual, list):
        for one, other in zip(actual, expected, strict=True):
            assert_same_state(one, other)
    else:
        assert actual == expected
