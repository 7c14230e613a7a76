"""A run can start from the network that another run ended with."""

from dataclasses import replace

import torch
from laws import assert_matches
from steps import TINY, tiny_problem

from dipcli.engine.restore import restore
from dipcli.options.engine import DescentOptions, EngineOptions, StoppingOptions
from dipcli.priors.prior import build_prior

STEADY = replace(TINY, jitter=0.0)


def fit(iterations, *, problem=None, seed=0, networks=(), runs=1, objectives=None):
    """A fit of so many iterations; `objectives` takes down each one's."""
    stopping = StoppingOptions(stop="never", averaging=0.0, iterations=iterations, runs=runs)
    engine = EngineOptions(STEADY, DescentOptions(memory_format="contiguous", compile="off"), stopping)

    def watch(moment):
        if objectives is not None:
            objectives.append(float(sum(moment.step.terms.values())))

    return restore(problem or tiny_problem(), engine, seed=seed, networks=networks, watch=watch)


def first_objective(**options):
    objectives = []
    fit(1, objectives=objectives, **options)
    return objectives[0]


def test_a_result_holds_the_network_of_each_run():
    result = fit(3, runs=2)
    assert len(result.networks) == 2
    for networks in result.networks:
        assert list(networks) == ["image"]
        assert set(networks["image"]) == set(build_prior(tiny_problem().unknowns["image"], STEADY).state_dict())


def test_the_network_of_a_result_makes_its_picture():
    """The network at the end is one step ahead of the estimate, from which that step was taken."""
    result = fit(1)
    after = fit(2)
    prior = build_prior(tiny_problem().unknowns["image"], STEADY)
    prior.load_state_dict(result.networks[0]["image"])
    assert_matches(prior().detach(), after.estimate["image"], tolerance=1e-5)


def test_a_warm_start_goes_on_where_the_other_ended():
    objectives = []
    fit(30, objectives=objectives)
    ended = fit(30)
    assert first_objective(networks=ended.networks) <= objectives[-1] * 1.01
    assert first_objective(networks=ended.networks) < 0.9 * first_objective()


def test_a_warm_start_does_not_depend_on_the_seed():
    ended = fit(5)
    one, other = (first_objective(networks=ended.networks, seed=seed) for seed in (1, 2))
    assert one == other
    assert first_objective(seed=1) != first_objective(seed=2)


def test_each_run_starts_from_its_own_predecessor():
    ended = fit(5, runs=2)
    objectives = []
    fit(1, networks=ended.networks, runs=2, objectives=objectives)
    assert objectives == [first_objective(networks=[networks]) for networks in ended.networks]


def test_runs_without_a_predecessor_start_cold():
    ended = fit(5)
    objectives, cold = [], []
    fit(1, networks=ended.networks, runs=2, objectives=objectives)
    fit(1, runs=2, objectives=cold)
    assert objectives[0] != cold[0]
    assert objectives[1] == cold[1]


def test_a_neighbours_problem_can_be_started_from():
    problem = tiny_problem()
    neighbour = replace(problem, measurement=0.9 * problem.measurement + 0.02)
    ended = fit(40, problem=neighbour)
    assert first_objective(problem=problem, networks=ended.networks) < 0.9 * first_objective(problem=problem)


def test_the_networks_that_are_started_from_stay_as_they_were():
    ended = fit(5)
    before = {name: value.clone() for name, value in ended.networks[0]["image"].items()}
    fit(5, networks=ended.networks)
    assert all(torch.equal(value, before[name]) for name, value in ended.networks[0]["image"].items())


def test_a_seed_that_shows_the_guide_is_the_new_problems_own():
    problem = tiny_problem()
    guides = [torch.rand(problem.unknowns["image"].shape) for _ in range(2)]
    options = replace(STEADY, seed_kind="guide")
    before, after = (build_prior(replace(problem.unknowns["image"], guide=guide), options) for guide in guides)
    own = after.seed.clone()
    after.take_over(before.state_dict())
    assert torch.equal(after.seed, own)
    assert not torch.equal(before.seed, own)
    assert all(
        torch.equal(after.network.state_dict()[name], value) for name, value in before.network.state_dict().items()
    )


def test_a_seed_that_was_drawn_comes_with_the_network_that_was_fitted_to_it():
    before, after = (build_prior(tiny_problem().unknowns["image"], STEADY) for _ in range(2))
    after.take_over(before.state_dict())
    assert torch.equal(after.seed, before.seed)
