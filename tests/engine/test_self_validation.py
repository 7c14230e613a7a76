"""An autoencoder of the iterates: what it learns, what surprises it, and that nobody notices it."""

import pytest
import torch
from steps import assert_same_state, step_at

from dipcli.engine.self_validation import SIDES, SelfValidation, autoencoder_for, reduced
from dipcli.engine.stopper import LEARNING
from dipcli.options.engine import StoppingOptions


def iterates(n_steps, *, noise=lambda i: 0.0, shape=(1, 32, 32)):
    """One picture, with fresh noise of the given deviation in each step."""
    generator = torch.Generator().manual_seed(4)
    picture = torch.rand(shape, generator=generator)
    return [picture + noise(i) * torch.randn(shape, generator=generator) for i in range(n_steps)]


def scores(stopper, pictures, first=1):
    return [stopper.score(step_at(i, picture)) for i, picture in enumerate(pictures, first)]


def stopper():
    return SelfValidation(StoppingOptions())


def test_the_error_falls_while_the_iterates_are_alike():
    found = scores(stopper(), iterates(220))
    assert found[:LEARNING] == [None] * LEARNING
    assert found[-1] < found[160] < found[LEARNING]


def test_the_error_rises_when_each_iterate_has_noise_of_its_own():
    found = scores(stopper(), iterates(300, noise=lambda i: 0.004 * max(0, i - 180)))
    lowest = min(range(LEARNING, 300), key=lambda i: found[i])
    assert 150 < lowest < 250
    assert found[-1] > 2 * found[lowest]


def test_an_iterate_that_was_never_seen_is_a_surprise():
    pictures = iterates(LEARNING + 50)
    usual, odd = (scores(stopper(), [*pictures, last])[-1] for last in (pictures[0], pictures[0] + 1))
    assert odd > 1.1 * usual


@pytest.mark.parametrize("shape", [(2, 5000), (3, 33, 47), (1, 200, 90), (1, 20, 40, 17), (1, 3, 3)])
def test_copies_of_any_picture_are_small_and_can_be_squeezed(shape):
    small = reduced(torch.rand(shape))
    assert all(1 < side <= SIDES[len(shape) - 1] for side in small.shape[1:])
    assert autoencoder_for(small.shape)(small[None]).shape[1:] == small.shape


def test_a_copy_keeps_the_noise_of_the_picture():
    noise = torch.randn(1, 256, 256, generator=torch.Generator().manual_seed(1))
    assert float(reduced(noise).std()) == pytest.approx(1, abs=0.1)  # 1,024 draws: standard error 0.02


def test_watching_draws_no_global_random_number():
    before = torch.get_rng_state()
    scores(stopper(), iterates(3))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_rewound_self_validation_continues_bit_for_bit():
    pictures, watched = iterates(LEARNING + 20, noise=lambda i: 0.1), stopper()
    scores(watched, pictures[:-12])
    state = watched.state()
    first = scores(watched, pictures[-12:])
    watched.load_state(state)
    assert scores(watched, pictures[-12:]) == first
    assert None not in first[-5:]
    other = stopper()
    other.load_state(state)
    assert_same_state(other.state(), state)


def test_a_fresh_state_can_be_gone_back_to():
    watched, pictures = stopper(), iterates(5)
    state = watched.state()
    scores(watched, pictures)
    first = watched.state()
    watched.load_state(state)
    scores(watched, pictures)
    assert_same_state(watched.state(), first)
