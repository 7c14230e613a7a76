"""The descent: detached steps, and a state from which it resumes bit for bit."""

from dataclasses import replace

import pytest
import torch
from steps import TINY, assert_same_state, tiny_descent, tiny_problem

from dipcli.engine.descent import Descent
from dipcli.options.engine import DescentOptions, PriorOptions
from dipcli.priors.prior import build_prior

STILL = replace(TINY, jitter=0.0)


def pictures(descent, n_steps):
    return [next(descent).picture for _ in range(n_steps)]


def weights(descent):
    """The weights alone, by name."""
    return descent.state()["priors"]["image"]


def test_iterations_count_from_one():
    descent = tiny_descent()
    assert [next(descent).iteration for _ in range(3)] == [1, 2, 3]


def test_a_step_shows_the_estimate_from_before_the_weights_moved():
    problem = tiny_problem()
    prior = build_prior(problem.unknowns["image"], STILL)
    before = prior().detach()
    step = next(Descent(problem, {"image": prior}, DescentOptions()))
    assert torch.equal(step.estimate["image"], before)
    assert not torch.equal(prior().detach(), before)


def test_everything_in_a_step_is_detached():
    step = next(tiny_descent())
    tensors = [*step.terms.values(), *step.estimate.values(), step.prediction, step.picture]
    assert not [tensor for tensor in tensors if tensor.requires_grad]


@pytest.mark.parametrize("options", [{}, {"weight_noise": 0.02, "clip_gradient": 0.1}], ids=["plain", "langevin"])
def test_a_descent_resumes_bit_for_bit(options):
    descent = tiny_descent(**options)
    pictures(descent, 4)
    state = descent.state()
    first = pictures(descent, 4)
    descent.load_state(state)
    assert all(torch.equal(one, other) for one, other in zip(first, pictures(descent, 4), strict=True))


def test_another_descent_resumes_from_the_same_state():
    descent, other = tiny_descent(), tiny_descent()
    pictures(descent, 4)
    state = descent.state()
    first = pictures(descent, 4)
    other.load_state(state)
    assert all(torch.equal(one, another) for one, another in zip(first, pictures(other, 4), strict=True))


def test_a_state_does_not_change_with_the_descent():
    descent = tiny_descent()
    pictures(descent, 2)
    state, again = descent.state(), descent.state()
    pictures(descent, 2)
    assert_same_state(state, again)


def test_a_state_can_be_loaded_twice():
    descent = tiny_descent()
    pictures(descent, 2)
    state, again = descent.state(), descent.state()
    descent.load_state(state)
    pictures(descent, 2)
    assert_same_state(state, again)


def test_slowing_down_halves_the_learning_rate():
    descent = tiny_descent(learning_rate=0.08)
    descent.slow_down()
    assert [group["lr"] for group in descent.state()["optimisers"]["adam"]["param_groups"]] == [0.04]


def test_a_gradient_is_clipped_to_its_largest_norm():
    problem = tiny_problem()
    prior = build_prior(problem.unknowns["image"], TINY)
    next(Descent(problem, {"image": prior}, DescentOptions(clip_gradient=1e-4)))
    norm = torch.stack([p.grad.norm() for p in prior.parameters() if p.grad is not None]).norm()
    assert float(norm) <= 1e-4 * (1 + 1e-5)


def test_weight_noise_stirs_the_convolutions_alone():
    plain, stirred = (tiny_descent(weight_noise=noise) for noise in (0.0, 0.5))
    start = plain.state()
    for descent in (plain, stirred):
        descent.load_state(start)
        next(descent)
    before, after = weights(plain), weights(stirred)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {name for name in before if before[name].ndim > 2 and name != "seed"}


def test_reduced_precision_ends_with_the_network():
    step = next(tiny_descent(precision="bf16"))
    assert step.picture.dtype == step.prediction.dtype == step.terms["data"].dtype == torch.float32


def test_only_what_is_learnt_moves():
    descent = tiny_descent(prior=replace(TINY, prior="projector", learn="seed", jitter=0.0))
    before = weights(descent)
    next(descent)
    after = weights(descent)
    still = {name for name in before if before[name].ndim > 2 and name != "seed"}
    assert all(torch.equal(before[name], after[name]) for name in still)
    assert not torch.equal(before["seed"], after["seed"])


def test_langevin_noise_stirs_the_convolutions_and_not_the_seed():
    seeds = []
    for weight_noise in (0.0, 0.5):
        torch.manual_seed(0)
        prior = PriorOptions(width=(4,), learn="both", seed_kind="normal", seed_channels=2, jitter=0.0)
        descent = tiny_descent(prior=prior, weight_noise=weight_noise)
        next(descent)
        (weights,) = descent.state()["priors"].values()
        seeds.append(weights["seed"])
    assert torch.equal(*seeds)
