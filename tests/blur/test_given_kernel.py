"""A kernel that was given is tried both ways round before it is believed."""

import pytest
import torch
from blurs import blur, hook, middle_of, shapes
from noises import gaussian

from dipcli.blur.blur import disk_kernel, gaussian_kernel, motion_kernel
from dipcli.blur.deblurring import state_deblurring
from dipcli.blur.options import DeblurOptions
from dipcli.metrics import psnr_db

TURNED = "turned by 180 degrees, and was"


@pytest.fixture(scope="module")
def sharp():
    return shapes(100, 108)


def state(frame, kernel, **options):
    return state_deblurring(frame, DeblurOptions(method="tv", **options), kernel)


@pytest.mark.parametrize("sigma", [0.0, 0.02])
def test_a_kernel_for_correlation_is_turned_and_that_is_said(sharp, sigma):
    frame = blur(sharp, hook())
    frame = gaussian(frame, sigma) if sigma else frame
    right, turned = (state(frame, kernel) for kernel in (hook(), hook().flip(0, 1)))
    assert right.warnings == ()
    assert TURNED in " ".join(turned.warnings)
    assert turned.decisions["kernel"] == "given, 9x9, turned by 180 degrees"
    assert torch.equal(right.finished({}).picture, turned.finished({}).picture)
    assert torch.equal(turned.finished({}).objects["kernel"], hook())


def test_the_residuals_both_ways_round_are_recorded(sharp):
    decision = state(blur(sharp, hook()), hook()).decisions["kernel_residual"]
    assert "as given" in decision
    assert "turned by 180 degrees" in decision


@pytest.mark.parametrize("kernel", [disk_kernel(3), motion_kernel(7, 30), gaussian_kernel(1.2)])
def test_an_even_kernel_is_neither_turned_nor_doubted(sharp, kernel):
    frame = blur(sharp, kernel)
    statement = state(frame, kernel)
    assert statement.warnings == ()
    assert psnr_db(statement.finished({}).picture, middle_of(sharp, frame)) > psnr_db(
        frame, middle_of(sharp, frame)
    )


@pytest.mark.parametrize("kernel", [motion_kernel(15, 30), hook(), disk_kernel(5)])
def test_a_sharp_picture_comes_back_whatever_kernel_is_given(sharp, kernel):
    statement = state(sharp, kernel)
    assert "The input is returned" in statement.finished({}).warnings[0]
    assert torch.equal(statement.finished({}).picture, sharp)


def test_a_kernel_that_explains_nothing_may_be_used_all_the_same(sharp):
    statement = state(sharp, motion_kernel(15, 30), keep=True)
    assert statement.warnings
    assert "returned" not in " ".join(statement.warnings)
    assert not torch.equal(statement.finished({}).picture, sharp)


def test_a_wrong_kernel_is_said(sharp):
    statement = state(blur(sharp, motion_kernel(11, 90)), motion_kernel(21, 0))
    assert "The input is returned" in statement.finished({}).warnings[0]
