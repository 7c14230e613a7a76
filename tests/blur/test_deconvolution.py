"""Known kernels: what was blurred comes back, borders included, and clipped values are not mask."""

import numpy as np
import pytest
import torch
from blurs import SOFT, blur, hook, middle_of, shapes
from skimage.restoration import richardson_lucy

from dipcli.blur.blur import convolve
from dipcli.blur.deconvolution import (
    Torus,
    deconvolve_richardson_lucy,
    deconvolve_tv,
    deconvolve_wiener,
    inside,
)
from dipcli.metrics import psnr_db

METHODS = {
    "tv": lambda frame, kernel: deconvolve_tv(frame, kernel, 3e-4).picture,
    "wiener": lambda frame, kernel: deconvolve_wiener(frame, kernel, 0.0),
    "rl": deconvolve_richardson_lucy,
}
every_method = pytest.mark.parametrize("method", METHODS)


@every_method
@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_is_nearer_than_the_frame_and_not_shifted(method, channels):
    clean = shapes(60, 70, channels)
    frame = blur(clean, hook())
    found = inside(METHODS[method](frame, hook()), hook())
    truth = middle_of(clean, frame)
    gain = {"tv": 10, "wiener": 5, "rl": 3}[method]
    assert psnr_db(found, truth) > psnr_db(frame, truth) + gain


@every_method
def test_the_picture_is_wider_than_the_frame_by_the_kernel(method):
    frame = torch.rand(1, 30, 40)
    assert METHODS[method](frame, SOFT).shape == (1, 36, 46)


@every_method
def test_a_constant_stays_what_it_is(method):
    found = METHODS[method](torch.full((1, 30, 32), 0.4), hook())
    assert float((inside(found, hook()) - 0.4).abs().max()) < 0.01


@every_method
def test_a_kernel_of_one_pixel_changes_next_to_nothing(method):
    frame = shapes(40, 44)
    point = torch.zeros(3, 3)
    point[1, 1] = 1
    assert psnr_db(inside(METHODS[method](frame, point), point), frame) > 35


@every_method
def test_the_frame_is_left_as_it_was(method):
    frame = torch.rand(1, 30, 32)
    before = frame.clone()
    METHODS[method](frame, SOFT)
    assert torch.equal(frame, before)


@pytest.mark.parametrize("method", ["tv", "rl"])
def test_what_is_not_believed_cannot_change_the_picture(method):
    frame = blur(shapes(50, 50), SOFT)
    mask = torch.ones(frame.shape[1:], dtype=torch.bool)
    mask[10:14, 20:30] = False
    other = torch.where(mask, frame, torch.zeros_like(frame))
    run = {
        "tv": lambda x: deconvolve_tv(x, SOFT, 3e-4, mask=mask, rounds=200).picture,
        "rl": lambda x: deconvolve_richardson_lucy(x, SOFT, mask=mask),
    }[method]
    # The start differs there, and is forgotten.
    assert float((run(frame) - run(other)).abs().max()) < 0.02


def test_total_variation_explains_the_frame():
    frame = blur(shapes(50, 50), hook())
    picture, misfit, _ = deconvolve_tv(frame, hook(), 3e-4)
    errors = convolve(picture, hook()) - frame
    assert misfit == pytest.approx(float(errors.square().mean().sqrt()), rel=1e-3)
    assert misfit < 0.01


def test_more_weight_gives_less_variation():
    frame = blur(shapes(50, 50), hook()) + 0.02 * torch.randn(1, 42, 42)
    weak, strong = (deconvolve_tv(frame, hook(), weight).picture for weight in (1e-3, 1e-2))
    assert float(strong.diff(dim=2).abs().mean()) < float(weak.diff(dim=2).abs().mean())


def test_richardson_lucy_is_scikit_images_far_from_the_border():
    clean = shapes(70, 70)
    frame = blur(clean, SOFT)
    ours = inside(deconvolve_richardson_lucy(frame, SOFT, rounds=10), SOFT)[0]
    theirs = richardson_lucy(frame[0].double().numpy(), SOFT.double().numpy(), num_iter=10, clip=False)
    assert np.abs(ours.numpy() - theirs)[16:-16, 16:-16].max() < 0.05


def test_richardson_lucy_gives_nothing_negative():
    assert float(deconvolve_richardson_lucy(torch.rand(1, 30, 30), SOFT).min()) >= 0


def test_slopes_on_the_torus_are_forward_differences():
    torus = Torus(torch.rand(1, 16, 18), SOFT)
    image = torch.rand(1, *torus.shape)
    down, right = torus.ifft(torus.slopes * torus.fft(image))
    assert float((down - (image.roll(-1, 1) - image)).abs().max()) < 1e-5
    assert float((right - (image.roll(-1, 2) - image)).abs().max()) < 1e-5


def test_what_is_clipped_is_at_least_so_bright():
    clean = shapes(60, 70) + 0.3
    clean[:, 26:34, 30:38] = 3.0
    light = blur(clean, hook())
    frame = light.clamp(max=1)
    hidden = frame[0] >= 1
    found = deconvolve_tv(frame, hook(), 3e-4, mask=~hidden, clipped=hidden).picture
    dark = deconvolve_tv(frame, hook(), 3e-4, mask=~hidden).picture
    assert float(convolve(found, hook())[0][hidden].min()) > 0.98
    assert float(convolve(dark, hook())[0][hidden].min()) < 0.9
