"""Memory layout and compilation are measured without leaving a trace."""

from dataclasses import replace

import pytest
import torch
from steps import SHAPE, TINY, assert_same_state

from dipcli.engine import tuning
from dipcli.engine.tuning import Tuning, tune
from dipcli.options.engine import DescentOptions, EngineOptions, StoppingOptions
from dipcli.priors.prior import build_prior
from dipcli.problem import Unknown


def priors(shape=SHAPE):
    return {"image": build_prior(Unknown(shape), TINY)}


def options(iterations=10, **descent):
    return EngineOptions(TINY, DescentOptions(**descent), StoppingOptions(iterations=iterations))


@pytest.fixture
def measured(monkeypatch):
    """Let the measurements be these seconds, one after the other."""

    def pretend(*seconds):
        answers = iter(seconds)
        monkeypatch.setattr(tuning, "_seconds_per_step", lambda priors: next(answers))

    return pretend


def test_measuring_leaves_the_random_state():
    networks = priors()
    before = torch.get_rng_state()
    tune(networks, options())
    assert torch.equal(torch.get_rng_state(), before)


def test_measuring_leaves_the_weights():
    networks = priors()
    before = {name: value.clone() for name, value in networks["image"].state_dict().items()}
    tune(networks, options(iterations=10**7, compile="off"))
    assert_same_state({**networks["image"].state_dict()}, before)


def test_measuring_leaves_no_gradient():
    networks = priors()
    tune(networks, options())
    assert all(p.grad is None for p in networks["image"].parameters())


def test_short_runs_stay_as_they_are():
    assert tune(priors(), options()) == Tuning("contiguous", compiled=False)


def test_what_is_demanded_is_not_measured(measured):
    measured()
    chosen = tune(priors(), options(memory_format="channels_last", compile="on"))
    assert chosen == Tuning("channels_last", compiled=True)


@pytest.mark.parametrize(("other", "expected"), [(0.5, "channels_last"), (1.5, "contiguous")])
def test_long_runs_take_the_faster_layout(measured, other, expected):
    measured(1.0, other)
    assert tune(priors(), options(iterations=1000, compile="off")).memory_format == expected


def test_a_layout_that_is_not_chosen_is_undone(measured):
    measured(1.0, 1.5)
    networks = priors()
    tune(networks, options(iterations=1000, compile="off"))
    assert all(p.is_contiguous() for p in networks["image"].parameters())


def test_channels_last_lays_out_the_weights():
    networks = priors()
    Tuning("channels_last").apply(networks)
    weights = [p for p in networks["image"].network.parameters() if p.ndim == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


@pytest.mark.parametrize("shape", [(1, 20), (1, 16, 16), (1, 16, 16, 16)], ids=str)
def test_layouts_hardly_change_the_estimate(shape):
    network = {"image": build_prior(Unknown(shape), replace(TINY, jitter=0.0))}
    before = network["image"]().detach()
    Tuning("channels_last").apply(network)
    torch.testing.assert_close(network["image"]().detach(), before, rtol=1e-4, atol=1e-5)
