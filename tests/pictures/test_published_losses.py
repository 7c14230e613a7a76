"""Losses of published methods: the estimated risk follows the error, and errors that are few are taken out."""

import numpy as np
import pytest
import torch
from laws import assert_matches

from dipcli.engine.restore import restore
from dipcli.errors import OptionError
from dipcli.fidelities import mean_squared_error
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.options.overrides import Overrides
from dipcli.pictures.denoising import state_denoising
from dipcli.pictures.picture_problem import picture_problem
from dipcli.pictures.presets import denoise_options
from dipcli.pictures.published_losses import WithErrors, sparse_problem


def smooth_picture(side=64):
    axis = torch.linspace(0, 3, side)
    return (0.5 + 0.2 * torch.sin(axis[:, None]) * torch.cos(2 * axis[None]))[None]


def noisy_picture(law, side=64):
    random, clean = np.random.default_rng(1), smooth_picture(side).numpy()
    if law == "shot":
        return torch.from_numpy(random.poisson(clean * 30) / 30).float()
    return torch.from_numpy(clean + random.normal(0, 0.1, clean.shape)).float()


def sure(**given):
    return denoise_options("fast", "cpu", Overrides({"loss": "sure", **given}))


@pytest.mark.parametrize("law", ["gaussian", "shot"])
def test_the_estimated_risk_is_near_the_error(law):
    """Of 4,096 values: the standard error of a mean of squared noise is 2 % of its variance, 0.01."""
    noisy, options = noisy_picture(law), sure(classical=0.0, iterations=40, runs=1)
    problem = state_denoising(noisy, options).problem
    found = []

    def watch(moment):
        risk = sum(float(moment.step.terms[name]) for name in ("data", "divergence"))
        found.append((risk, float((moment.step.picture - smooth_picture()).square().mean())))

    restore(problem, options.engine, watch=watch)
    risks, errors = torch.tensor(found[20:]).T
    assert float(risks.mean()) == pytest.approx(float(errors.mean()), abs=1e-3)


def test_a_risk_is_of_a_network_that_is_fed_the_noisy_picture():
    options = sure()
    assert (options.engine.prior.seed_kind, options.engine.stopping.stop) == ("guide", "zero-crossing")
    problem = state_denoising(noisy_picture("gaussian"), options).problem
    assert torch.equal(problem.unknowns["image"].guide, problem.measurement)
    assert not problem.penalties


def test_what_is_given_goes_before_what_a_loss_brings():
    assert sure(stop="emv").engine.stopping.stop == "emv"
    assert sure(tv_weight=0.1).tv_weight == 0.1


@pytest.mark.parametrize("given", [{"prior": "siren"}, {"seed_kind": "uniform"}, {"from_guide": True}], ids=str)
def test_a_network_that_cannot_be_asked_has_no_risk(given):
    with pytest.raises(OptionError, match="--loss sure"):
        sure(**given)


def test_without_a_risk_there_is_none_to_watch():
    with pytest.raises(OptionError, match="--loss sure"):
        denoise_options("fast", "cpu", Overrides({"stop": "zero-crossing"}))


def test_errors_are_raised_and_lowered_squares():
    image, raised, lowered = torch.rand(3, 1, 4, 4)
    assert_matches(WithErrors()(image, raised, lowered), image + raised**2 - lowered**2)


def test_errors_that_are_few_are_taken_out_of_the_picture():
    clean, struck = smooth_picture(32), torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(1)) < 0.1
    problem = sparse_problem(picture_problem(torch.where(struck, torch.ones(()), clean), mean_squared_error))
    prior = PriorOptions(width=(8, 8, 8), skip_width=(0,), seed_channels=4, jitter=0.0)
    stopping = StoppingOptions(stop="never", averaging=0.0, iterations=300)
    result = restore(problem, EngineOptions(prior, DescentOptions(), stopping))
    raised = result.estimate["raised"].square()
    assert float(raised[struck].mean()) > 0.25  # they were raised by 0.5 on average
    assert float(raised[~struck].mean()) < 0.02


def test_the_network_beside_errors_is_fed_noise():
    options = denoise_options("fast", "cpu", Overrides({"loss": "sparse"}))
    assert options.engine.prior.seed_kind == "uniform"
    assert list(state_denoising(noisy_picture("gaussian"), options).problem.unknowns) == [
        "image",
        "raised",
        "lowered",
    ]
