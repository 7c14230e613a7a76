"""What holds for every problem, whatever its physics."""

import inspect
from dataclasses import replace

import pytest
import torch
from laws import assert_adjoint, assert_differentiable, assert_linear
from problems import LINEAR, PROBLEMS

from dipcli.engine.descent import Descent
from dipcli.engine.restore import restore
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.priors.prior import build_prior

SMALL = PriorOptions(width=(8, 8), skip_width=(2,), seed_channels=4)
ENGINE = EngineOptions(SMALL, DescentOptions(), StoppingOptions(stop="never", iterations=4))

every_problem = pytest.mark.parametrize("name", PROBLEMS)


def build(problem, prior=SMALL):
    return {name: build_prior(unknown, prior) for name, unknown in problem.unknowns.items()}


def mixed(tensor, weight, hidden_value):
    return torch.where(weight > 0, tensor, torch.full_like(tensor, hidden_value))


@every_problem
def test_unknowns_are_the_parameters_of_forward(name):
    problem = PROBLEMS[name]()
    assert list(inspect.signature(problem.operator.forward).parameters) == list(problem.unknowns)


@every_problem
def test_the_prediction_has_the_shape_of_the_measurement(name):
    problem = PROBLEMS[name]()
    estimate = {key: prior() for key, prior in build(problem).items()}
    assert problem.predict(estimate).shape == problem.measurement.shape


@every_problem
def test_the_objective_falls_in_thirty_steps(name):
    problem = PROBLEMS[name]()
    descent = Descent(problem, build(problem, replace(SMALL, jitter=0.0)), DescentOptions())
    objectives = [float(sum(next(descent).terms.values())) for _ in range(30)]
    assert objectives[-1] < 0.9 * objectives[0]


@every_problem
def test_the_same_seed_gives_the_same_result(name):
    first, second = (restore(PROBLEMS[name](), ENGINE, seed=3) for _ in range(2))
    assert torch.equal(first.picture, second.picture)


@every_problem
def test_another_seed_gives_another_result(name):
    first, second = (restore(PROBLEMS[name](), ENGINE, seed=seed) for seed in (3, 4))
    assert not torch.equal(first.picture, second.picture)


@every_problem
def test_the_measurement_stays_untouched(name):
    problem = PROBLEMS[name]()
    before = problem.measurement.clone()
    restore(problem, ENGINE)
    assert torch.equal(problem.measurement, before)


@every_problem
def test_estimates_have_the_shapes_of_the_unknowns(name):
    problem = PROBLEMS[name]()
    estimate = restore(problem, ENGINE).estimate
    assert {key: tuple(value.shape) for key, value in estimate.items()} == {
        key: unknown.shape for key, unknown in problem.unknowns.items()
    }


@every_problem
@pytest.mark.parametrize("hidden_value", [0.9, float("nan")])
def test_hidden_values_cannot_change_the_result(name, hidden_value):
    problem = PROBLEMS[name]()
    weight = (torch.rand_like(problem.measurement.abs()) > 0.3).float()
    plain = replace(problem, weight=weight, measurement=mixed(problem.measurement, weight, 0.1))
    other = replace(problem, weight=weight, measurement=mixed(problem.measurement, weight, hidden_value))
    assert torch.equal(restore(plain, ENGINE).picture, restore(other, ENGINE).picture)


@every_problem
def test_the_objective_can_be_differentiated(name):
    problem = PROBLEMS[name]()
    exact = replace(problem, measurement=problem.measurement.double())

    def objective(*values):
        estimate = dict(zip(problem.unknowns, values, strict=True))
        return sum(exact.terms(estimate, exact.predict(estimate)).values())

    points = [0.3 + 0.4 * torch.rand(unknown.shape) for unknown in problem.unknowns.values()]
    assert_differentiable(objective, *points)


@pytest.mark.parametrize("name", LINEAR)
def test_the_operator_is_linear(name):
    problem = PROBLEMS[name]()
    (unknown,) = problem.unknowns.values()
    assert_linear(problem.operator, unknown.shape)


@pytest.mark.parametrize("name", LINEAR)
def test_the_operator_has_the_adjoint_that_autograd_gives(name):
    problem = PROBLEMS[name]()
    (unknown,) = problem.unknowns.values()
    assert_adjoint(problem.operator, unknown.shape)


def test_unknowns_that_forward_does_not_name_are_refused():
    problem = PROBLEMS["denoising"]()
    with pytest.raises(ValueError, match="predicts from"):
        replace(problem, unknowns={"photo": problem.unknowns["image"]})


def test_a_penalty_on_a_stranger_is_refused():
    problem = PROBLEMS["denoising"]()
    with pytest.raises(ValueError, match="no unknowns"):
        replace(problem, penalties=(replace(problem.penalties[0], on="photo"),))


def test_terms_are_named_after_the_penalties():
    problem = PROBLEMS["denoising"]()
    estimate = {"image": torch.rand(1, 16, 20)}
    assert list(problem.terms(estimate, problem.predict(estimate))) == ["data", "total_variation"]
