"""Patterns, what cannot be told from them, and how far predictions are from them."""

import math

import pytest
import torch
from laws import assert_matches

from dipcli.diffraction.diffraction import MISFITS, Fraunhofer, from_magnitude_and_phase
from dipcli.grid import embed, middle
from dipcli.symmetries import flip, move
from tests.mixing import RandomMixing

every_misfit = pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS)


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))


def test_the_pattern_is_the_square_of_numpys_transform():
    import numpy as np

    image = drawn(1, 8, 10)
    padded = np.zeros((16, 20), complex)
    padded[4:12, 5:15] = image[0]
    expected = np.abs(np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(padded), norm="ortho"))) ** 2
    assert_matches(Fraunhofer((16, 20))(image)[0], torch.from_numpy(expected), tolerance=1e-12)


@pytest.mark.parametrize(
    "twin",
    [
        lambda x: x * 1j,
        flip,
        lambda x: torch.roll(x, (2, -1), (1, 2)),
        lambda x: move(flip(x), (3.0, 5.0)) * math.e ** (0.3j),
    ],
)
def test_the_pattern_is_the_same_under_its_symmetries(twin):
    image = embed(drawn(1, 8, 10), (16, 20))
    optics = Fraunhofer((16, 20))
    assert_matches(optics(twin(image)), optics(image), tolerance=1e-12)


def test_a_near_field_tells_an_object_from_its_moved_copy():
    image = embed(drawn(1, 8, 10), (16, 20))
    optics = Fraunhofer((16, 20), curvature=0.02)
    assert_matches(optics(1j * image), optics(image), tolerance=1e-12)
    assert not torch.allclose(optics(torch.roll(image, 2, 1)), optics(image), rtol=0.1)


def test_random_mixing_is_the_same_for_the_same_seed_and_even():
    image = drawn(1, 8, 8).to(torch.complex64)
    first = RandomMixing((8, 8), 500)(image)
    assert torch.equal(first, RandomMixing((8, 8), 500)(image))
    assert float(first.mean()) == pytest.approx(float(image.abs().square().mean()), rel=0.2)


@pytest.mark.parametrize(("box", "space"), [((8, 10), (16, 20)), ((7, 8), (16, 17)), ((4, 5, 6), (8, 10, 12))])
def test_the_middle_pixel_stays_in_the_middle(box, space):
    image = torch.zeros(1, *box)
    image[0][tuple(n // 2 for n in box)] = 1
    padded = embed(image, space)
    assert padded[0][tuple(n // 2 for n in space)] == 1
    assert torch.equal(middle(padded, box), image)


def test_phases_are_not_bounded():
    object_ = from_magnitude_and_phase(torch.ones(1, 2), torch.tensor([[0.5, 0.5 + 6 * math.pi]]))
    assert_matches(object_[:, 0], object_[:, 1], tolerance=1e-5)


@every_misfit
def test_the_brightness_of_a_prediction_does_not_matter(misfit):
    intensity = drawn(1, 6, 6).abs().square()
    prediction = drawn(1, 6, 6, seed=1).abs().square()
    assert_matches(misfit(7 * prediction, intensity), misfit(prediction, intensity), tolerance=1e-5)


@every_misfit
def test_the_misfit_of_the_truth_is_nothing(misfit):
    intensity = drawn(1, 6, 6).abs().square()
    assert abs(float(misfit(3 * intensity, intensity))) < 1e-5


@every_misfit
def test_the_scale_that_is_not_differentiated_is_the_best_one(misfit):
    intensity = drawn(1, 6, 6).abs().square()
    prediction = drawn(1, 6, 6, seed=1).abs().square().requires_grad_()
    (gradient,) = torch.autograd.grad(misfit(prediction, intensity), prediction)
    assert (
        abs(float((gradient * prediction.detach()).sum())) < 1e-5
    )  # a change of brightness alone changes nothing


@every_misfit
@pytest.mark.parametrize("hidden", [0.0, 1e6, math.nan])
def test_what_is_hidden_has_no_influence(misfit, hidden):
    intensity = drawn(1, 6, 6).abs().square()
    weight = torch.ones(1, 6, 6, dtype=torch.float64)
    weight[0, 2, 3] = 0
    changed = torch.where(weight > 0, intensity, torch.full_like(intensity, hidden))
    prediction = drawn(1, 6, 6, seed=1).abs().square()
    assert torch.equal(misfit(prediction, changed, weight), misfit(prediction, intensity, weight))
