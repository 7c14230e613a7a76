"""Mixtures of answers, chosen by values that are known."""

import pytest
import torch

from dipcli.classical.smooth_filling import LAPLACIAN, fill_smoothly, fill_with_little_variation
from dipcli.pictures.filling_choice import FillingChoice, best_mixture

TRUTH = torch.rand(400, generator=torch.Generator().manual_seed(0))


def noisy(seed, level):
    return TRUTH + level * torch.randn(400, generator=torch.Generator().manual_seed(seed))


def misfit(shares, guesses):
    mixed = sum(share * guess for share, guess in zip(shares, guesses, strict=True))
    return float((mixed - TRUTH).square().mean())


def test_the_truth_gets_all():
    assert best_mixture([noisy(1, 0.1), TRUTH, noisy(2, 0.2)], TRUTH) == pytest.approx([0, 1, 0], abs=1e-3)


def test_independent_errors_are_averaged():
    shares = best_mixture([noisy(1, 0.1), noisy(2, 0.1)], TRUTH)
    assert shares == pytest.approx([0.5, 0.5], abs=0.1)


def test_shares_are_positive_and_sum_to_one_and_nothing_better_is_found_by_chance():
    guesses = [noisy(1, 0.1), noisy(2, 0.3), TRUTH + 0.5 * (TRUTH - 0.5), noisy(1, 0.12)]
    shares = best_mixture(guesses, TRUTH)
    assert min(shares) >= 0
    assert sum(shares) == pytest.approx(1)
    for _ in range(300):
        drawn = torch.rand(4).pow(3)
        assert misfit(shares, guesses) <= misfit((drawn / drawn.sum()).tolist(), guesses) + 1e-6


def test_equal_guesses_are_no_trouble():
    shares = best_mixture([TRUTH, TRUTH, TRUTH], TRUTH)
    assert sum(shares) == pytest.approx(1)


def test_the_choice_is_made_once(scene):
    picture, known = scene(1, 40, 40), torch.rand(1, 40, 40) > 0.3
    fill = FillingChoice(~known)
    first = fill(picture, known, 0.0)
    chosen = fill.filling
    second = fill(torch.rand(1, 40, 40), known, 0.0)
    assert fill.filling is chosen
    assert sum(chosen.shares.values()) == pytest.approx(1)
    assert torch.equal(first[known], picture[known])
    assert not torch.equal(first, second)


@pytest.mark.parametrize(("method", "name"), [("tv", "total variation"), ("pnp", "patch groups")])
def test_one_method_alone_has_all(scene, method, name):
    picture, known = scene(1, 40, 40), torch.rand(1, 40, 40) > 0.3
    fill = FillingChoice(~known, method)
    filled = fill(picture, known, 0.0)
    assert dict(fill.filling.shares) == {name: pytest.approx(1)}
    assert torch.equal(filled[known], picture[known])
    assert float((filled - picture)[~known].square().mean()) < float(picture.var()) / 4


def test_a_step_is_filled_without_a_slope_by_total_variation():
    step = (torch.arange(40) > 19).float().expand(1, 40, 40).clone()
    known = torch.ones_like(step) > 0
    known[:, 15:25, 15:25] = False
    filled = fill_with_little_variation(step, known, 0.0)
    assert (
        float((filled - step).abs().mean())
        < float((fill_smoothly(step, known, LAPLACIAN) - step).abs().mean()) / 2
    )
