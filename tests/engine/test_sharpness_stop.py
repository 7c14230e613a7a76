"""Blur and sharpness against scikit-image and by hand, and when they have come to rest."""

import pytest
import torch
from skimage.measure import blur_effect
from steps import step_at

from dipcli.engine.sharpness_stop import WINDOW, Sharpness, blur, sharpness
from dipcli.options.engine import StoppingOptions


def picture(side=48):
    return torch.rand(side, side, generator=torch.Generator().manual_seed(1))


def smoothed(image, side):
    return torch.nn.functional.avg_pool2d(image[None], side, stride=1)[0]


def test_blur_is_the_published_measure_but_for_the_border():
    image = smoothed(picture(96), 3)
    assert float(blur(image)) == pytest.approx(blur_effect(image.numpy(), h_size=9), abs=0.05)


def test_what_is_smoothed_is_more_blurred_and_less_sharp():
    image = picture()
    assert float(blur(smoothed(image, 5))) > float(blur(image))
    assert float(sharpness(smoothed(image, 5))) < float(sharpness(image))


def test_sharpness_is_the_largest_rise_to_a_neighbour():
    image = torch.zeros(5, 5)
    image[2, 2] = 0.5  # eight pixels rise by 0.5, all others by nothing
    weights = torch.exp(-0.01 * torch.arange(25))
    expected = ((0.5 * weights[:8]).square().sum() / 25).sqrt()
    assert float(sharpness(image)) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("shape", [(40,), (9, 4), (6, 7, 8)], ids=str)
def test_both_are_of_any_number_of_axes(shape):
    image = torch.rand(shape)
    assert 0 <= float(blur(image)) <= 1
    assert float(sharpness(image)) > 0


def stopped_at(pictures):
    stopper = Sharpness(StoppingOptions(warm_up=0))
    verdicts = (stopper.update(step_at(i, image[None])) for i, image in enumerate(pictures, 1))
    return next((i for i, verdict in enumerate(verdicts, 1) if verdict.stop), None)


def test_a_picture_that_does_not_change_is_at_rest_after_two_windows():
    assert stopped_at([picture(16)] * (3 * WINDOW)) == 2 * WINDOW


def test_a_picture_that_becomes_sharper_is_not_at_rest():
    sharper = [(0.01 + 0.003 * i) * picture(16) for i in range(2 * WINDOW)]
    assert stopped_at(sharper) is None
    assert stopped_at([*sharper, *[sharper[-1]] * 2 * WINDOW]) > 2 * WINDOW


def test_a_rewound_stopper_judges_as_it_did_before():
    stopper, pictures = Sharpness(StoppingOptions()), [torch.rand(1, 16, 16) for _ in range(2 * WINDOW + 20)]
    for i, image in enumerate(pictures[:-10], 1):
        stopper.score(step_at(i, image))
    state = stopper.state()
    first = [stopper.score(step_at(i, image)) for i, image in enumerate(pictures[-10:])]
    stopper.load_state(state)
    assert [stopper.score(step_at(i, image)) for i, image in enumerate(pictures[-10:])] == first
