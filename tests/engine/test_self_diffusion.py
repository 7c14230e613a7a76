"""Self-diffusion: the estimate becomes the seed, with noise that falls to nothing."""

from dataclasses import replace

import pytest
import torch
from laws import assert_matches
from steps import TINY, tiny_descent, tiny_problem

from dipcli.errors import OptionError
from dipcli.mri.presets import recipes_of
from dipcli.options.engine import PriorOptions
from dipcli.options.overrides import Overrides
from dipcli.pictures.presets import inpaint_options
from dipcli.priors.prior import build_prior

FED = replace(TINY, seed_kind="estimate", jitter=0.0)
SCHEDULE = {"descent": "self-diffusion", "diffusion_steps": 3, "diffusion_iterations": 4}


def seeds(n_steps):
    """The seed after each step, and the estimate of that step."""
    torch.manual_seed(0)
    descent = tiny_descent(prior=FED, **SCHEDULE)
    for _ in range(n_steps):
        step = next(descent)
        yield descent.state()["priors"]["image"]["seed"][0], step.estimate["image"]


def test_the_seed_changes_each_few_iterations_alone():
    found = [seed for seed, _ in seeds(12)]
    changed = [i + 1 for i in range(1, 12) if not torch.equal(found[i], found[i - 1])]
    assert changed == [4, 8, 12]


def test_the_noise_falls_to_nothing():
    found = [float((seed - estimate).std()) for seed, estimate in seeds(12)]
    assert found[3] > found[7] > found[11] == pytest.approx(0, abs=1e-6)


def test_the_last_seed_is_the_estimate():
    *_, (seed, estimate) = seeds(12)
    assert_matches(seed, estimate)


def test_a_network_that_is_not_fed_back_keeps_its_seed():
    prior = build_prior(tiny_problem().unknowns["image"], TINY)
    before = prior.seed.clone()
    prior.feed(torch.zeros(1, 16, 16), 1.0)
    assert torch.equal(prior.seed, before)


def test_the_option_brings_its_schedule():
    given = {"descent": "self-diffusion", "diffusion_steps": 20}
    for options in inpaint_options("fast", "cpu", Overrides(given)).values():
        assert options.engine.prior.seed_kind == "estimate"
        assert (options.engine.stopping.stop, options.engine.stopping.iterations) == ("never", 20 * 50)


@pytest.mark.parametrize("preset", ["fast", "balanced", "paper"])
def test_mri_has_a_network_that_can_be_fed_and_fits_it(preset):
    recipes = recipes_of(preset, "cpu", Overrides({"descent": "self-diffusion"}))
    assert set(recipes) == {"sense", "coil"}
    for options in recipes.values():
        assert (options.engine.prior.prior, options.engine.prior.seed_kind) == ("skip", "estimate")
        assert options.reconstruction.classical != 1


def test_a_seed_that_nothing_feeds_is_refused():
    with pytest.raises(OptionError, match="--descent self-diffusion"):
        inpaint_options("fast", "cpu", Overrides({"seed_kind": "estimate"}))


def test_a_network_that_cannot_be_fed_an_image_is_refused():
    with pytest.raises(OptionError, match="--prior skip"):
        PriorOptions(prior="siren", seed_kind="estimate")
