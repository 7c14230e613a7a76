"""The running average of the estimate."""

import pytest
import torch
from laws import assert_matches

from dipcli.engine.averaging import RunningAverage


def after(average, tensors):
    for tensor in tensors:
        average.update({"image": tensor})
    return average.value()["image"]


def test_the_average_is_the_weighted_mean_of_all_iterates():
    tensors = [torch.rand(1, 4, 4) for _ in range(20)]
    weights = torch.tensor([0.9 ** (19 - i) for i in range(20)])
    expected = (weights.reshape(-1, 1, 1, 1) * torch.stack(tensors)).sum(0) / weights.sum()
    assert_matches(after(RunningAverage(0.9), tensors), expected)


@pytest.mark.parametrize("n_steps", [1, 2, 50])
def test_the_empty_start_leaves_no_bias(n_steps):
    constant = torch.full((1, 4, 4), 0.7)
    assert_matches(after(RunningAverage(0.99), [constant] * n_steps), constant, tolerance=1e-5)


def test_a_decay_of_zero_is_the_latest_iterate():
    tensors = [torch.rand(1, 4, 4) for _ in range(3)]
    assert torch.equal(after(RunningAverage(0.0), tensors), tensors[-1])


def test_every_unknown_has_its_own_average():
    average = RunningAverage(0.5)
    average.update({"image": torch.zeros(1, 2), "kernel": torch.ones(1, 3)})
    assert {name: tuple(value.shape) for name, value in average.value().items()} == {
        "image": (1, 2),
        "kernel": (1, 3),
    }


def test_the_value_stays_when_the_average_goes_on():
    average = RunningAverage(0.5)
    value = after(average, [torch.zeros(1, 2)])
    after(average, [torch.ones(1, 2)])
    assert torch.equal(value, torch.zeros(1, 2))


def test_iterates_are_left_as_they_were():
    tensor = torch.full((1, 2), 0.3)
    after(RunningAverage(0.5), [tensor, torch.ones(1, 2)])
    assert torch.equal(tensor, torch.full((1, 2), 0.3))


def test_a_rewound_average_continues_bit_for_bit():
    average = RunningAverage(0.9)
    after(average, [torch.rand(1, 4) for _ in range(3)])
    state, tail = average.state(), [torch.rand(1, 4) for _ in range(3)]
    first = after(average, tail)
    average.load_state(state)
    assert torch.equal(after(average, tail), first)
