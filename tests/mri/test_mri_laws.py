"""The laws of all problems, for those whose measurement is complex."""

import inspect
from dataclasses import replace

import pytest
import test_laws
import torch
from laws import assert_differentiable
from problems import COMPLEX, PROBLEMS

LAWS = {
    name.removeprefix("test_"): law
    for name, law in vars(test_laws).items()
    if name.startswith("test_") and [*inspect.signature(law).parameters] == ["name"]
}
TOLD_APART = "the_objective_can_be_differentiated"  # makes the measurement real

every_problem = pytest.mark.parametrize("name", COMPLEX)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    for name, build in COMPLEX.items():
        monkeypatch.setitem(PROBLEMS, name, build)


@every_problem
@pytest.mark.parametrize("law", sorted(LAWS.keys() - {TOLD_APART}))
def test_the_law_holds(name, law):
    LAWS[law](name)


@every_problem
@pytest.mark.parametrize("hidden_value", [0.9, float("nan")])
def test_hidden_values_cannot_change_the_result(name, hidden_value):
    test_laws.test_hidden_values_cannot_change_the_result(name, hidden_value)


@every_problem
def test_the_objective_can_be_differentiated(name):
    problem = COMPLEX[name]()
    exact = replace(problem, measurement=problem.measurement.to(torch.complex128))

    def objective(image):
        return sum(exact.terms({"image": image}, exact.predict({"image": image})).values())

    assert_differentiable(objective, 0.3 + 0.4 * torch.rand(problem.unknowns["image"].shape))


def test_the_laws_are_found():
    assert len(LAWS) >= 8
    assert TOLD_APART in LAWS
