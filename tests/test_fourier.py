"""The Fourier transform is NumPy's, orthonormal and centred; complex images and their parts are the same thing."""

import numpy as np
import pytest
import torch
from laws import assert_matches

from dipcli.fourier import fft, ifft, to_complex, to_parts

CANCELLING = 1e-5  # the terms of an inner product are larger than their sum

every_shape = pytest.mark.parametrize(
    "shape", [(2, 8), (2, 7), (3, 6, 8), (3, 7, 5), (3, 6, 7), (2, 4, 5, 6), (1, 3, 5, 7)], ids=str
)


def drawn(shape):
    return torch.randn(shape, dtype=torch.complex64)


def by_numpy(transform, image):
    axes = tuple(range(1, image.ndim))
    moved = np.fft.ifftshift(image.numpy().astype(np.complex128), axes)
    return torch.from_numpy(np.fft.fftshift(transform(moved, axes=axes, norm="ortho"), axes))


@every_shape
def test_the_transform_is_numpys_with_its_centre_in_the_middle(shape):
    image = drawn(shape)
    assert_matches(fft(image).to(torch.complex128), by_numpy(np.fft.fftn, image))


@every_shape
def test_the_inverse_is_numpys_with_its_centre_in_the_middle(shape):
    spectrum = drawn(shape)
    assert_matches(ifft(spectrum).to(torch.complex128), by_numpy(np.fft.ifftn, spectrum))


@every_shape
def test_there_and_back_is_the_image(shape):
    image = drawn(shape)
    assert_matches(ifft(fft(image)), image)
    assert_matches(fft(ifft(image)), image)


@every_shape
def test_inner_products_are_kept(shape):
    one, other = drawn(shape), drawn(shape)
    left = torch.vdot(fft(one).flatten(), fft(other).flatten())
    assert_matches(left, torch.vdot(one.flatten(), other.flatten()), tolerance=CANCELLING)


@every_shape
def test_the_inverse_is_the_adjoint(shape):
    image, spectrum = drawn(shape), drawn(shape)
    left = torch.vdot(fft(image).flatten(), spectrum.flatten())
    assert_matches(left, torch.vdot(image.flatten(), ifft(spectrum).flatten()), tolerance=CANCELLING)


@pytest.mark.parametrize(("side", "middle"), [(6, 3), (7, 3)])
def test_a_constant_is_frequency_0_in_the_middle(side, middle):
    spectrum = fft(torch.ones(1, side, dtype=torch.complex64))
    expected = torch.zeros(1, side, dtype=torch.complex64)
    expected[0, middle] = side**0.5
    assert_matches(spectrum, expected)


def test_a_point_in_the_middle_has_a_constant_spectrum():
    image = torch.zeros(1, 4, 5, dtype=torch.complex64)
    image[0, 2, 2] = 1
    assert_matches(fft(image), torch.full((1, 4, 5), 20**-0.5, dtype=torch.complex64))


def test_channels_are_transformed_on_their_own():
    image = drawn((3, 6, 5))
    assert_matches(fft(image)[1], fft(image[1:2])[0])


def test_real_images_can_be_transformed():
    image = torch.randn(2, 6, 5)
    assert_matches(fft(image), fft(image.to(torch.complex64)))


def test_the_real_parts_come_first():
    parts = torch.arange(12.0).reshape(4, 1, 3)
    image = to_complex(parts)
    assert image.shape == (2, 1, 3)
    assert image[1, 0, 2] == 5 + 11j


def test_parts_and_complex_images_are_each_others_inverse():
    image = drawn((3, 4, 5))
    assert torch.equal(to_complex(to_parts(image)), image)
    parts = torch.randn(6, 4, 5)
    assert torch.equal(to_parts(to_complex(parts)), parts)
