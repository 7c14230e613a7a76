"""A fit that is left and gone on with ends as if it had never been left, bit for bit."""

import hashlib
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from steps import TINY, risky_problem, tiny_problem

from dipcli.engine.checkpoint import Keeper, from_bytes, to_bytes
from dipcli.engine.restore import restore
from dipcli.options.engine import DescentOptions, EngineOptions, StoppingOptions
from dipcli.pictures.published_losses import sparse_problem

CPU = torch.device("cpu")
STOPPING = StoppingOptions(warm_up=2, alpha=0.3, patience=6, averaging=0.8, iterations=30, window=4, held_out=0.2)
DESCENT = DescentOptions(memory_format="contiguous", compile="off", weight_noise=1e-3)


def engine(**stopping):
    return EngineOptions(replace(TINY, jitter=0.05), DESCENT, replace(STOPPING, **stopping))


def interruption(calls):
    """True from that call on."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def left_and_gone_on(options, calls, problem, device=CPU):
    """The result of a fit that is frozen to bytes and thawed again after every so many questions."""
    frozen, legs = None, 0
    while True:
        saved = []
        keeper = Keeper(saved.append, frozen=frozen, interrupted=interruption(calls))
        result = restore(problem, options, seed=3, keeper=keeper)
        if result.ending != "interrupted":
            return result, legs
        torch.manual_seed(legs)  # whatever happens elsewhere in between
        frozen = from_bytes(to_bytes(saved[-1]), device)
        legs += 1


@pytest.mark.parametrize("stop", ["emv", "wmv", "self-validation", "held-out", "never"])
@pytest.mark.parametrize("runs", [1, 2])
def test_a_fit_that_is_left_again_and_again_ends_as_if_it_never_was(stop, runs):
    assert_ends_alike(engine(stop=stop, runs=runs), tiny_problem())


def test_a_sampled_fit_that_is_left_again_and_again_ends_as_if_it_never_was():
    assert_ends_alike(engine(samples=2, runs=2), tiny_problem())


def test_a_fit_of_a_risk_that_is_left_again_and_again_ends_as_if_it_never_was():
    assert_ends_alike(engine(stop="zero-crossing"), risky_problem())


def test_a_self_diffusion_that_is_left_again_and_again_ends_as_if_it_never_was():
    descent = replace(DESCENT, descent="self-diffusion", diffusion_steps=6, diffusion_iterations=5)
    options = engine(stop="never")
    assert_ends_alike(replace(options, prior=replace(TINY, seed_kind="estimate"), descent=descent), tiny_problem())


def test_a_fit_of_errors_that_is_left_again_and_again_ends_as_if_it_never_was():
    assert_ends_alike(engine(), sparse_problem(tiny_problem()))


def assert_ends_alike(options, problem):
    expected = restore(problem, options, seed=3)
    result, legs = left_and_gone_on(options, 4, problem)
    assert legs >= 2
    assert (result.ending, result.iterations, result.best_iteration) == (
        expected.ending,
        expected.iterations,
        expected.best_iteration,
    )
    assert torch.equal(result.picture, expected.picture)
    if expected.spread is not None:
        assert torch.equal(result.spread, expected.spread)
    for one, other in zip(result.networks, expected.networks, strict=True):
        for name, tensors in one["image"].items():
            assert torch.equal(tensors, other["image"][name])


def test_a_state_is_saved_from_time_to_time_without_changing_the_result():
    saved = []
    keeper = Keeper(saved.append, is_time=lambda: True)
    result = restore(tiny_problem(), engine(), seed=3, keeper=keeper)
    assert len(saved) == result.iterations - 1
    assert torch.equal(result.picture, restore(tiny_problem(), engine(), seed=3).picture)


def test_a_file_that_is_cut_off_is_no_state():
    assert from_bytes(to_bytes({"a": torch.zeros(9)})[:-40], CPU) is None


@pytest.mark.parametrize("seed", range(20))
def test_a_file_with_one_byte_changed_is_no_state(seed):
    content = bytearray(to_bytes({"a": torch.zeros(9), "b": [1, "two"]}))
    rng = np.random.default_rng(seed)
    content[rng.integers(len(content))] ^= int(rng.integers(1, 256))
    assert from_bytes(bytes(content), CPU) is None


@pytest.mark.parametrize("pickle", [b"\x80\x02s.", b"", b"\x80\x02]q\x00.", b"(" * 100_000])
def test_whatever_is_in_a_file_it_is_a_state_or_none(pickle):
    content, changed = io.BytesIO(to_bytes({"a": torch.zeros(9)})), io.BytesIO()
    with zipfile.ZipFile(content) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            target.writestr(name, pickle if name.endswith("data.pkl") else source.read(name))
    whole = changed.getvalue()
    assert from_bytes(whole, CPU) is None
    assert from_bytes(whole + hashlib.sha256(whole).digest(), CPU) is None


def test_a_file_with_code_in_it_is_no_state():
    assert from_bytes(to_bytes({"a": print}), CPU) is None
