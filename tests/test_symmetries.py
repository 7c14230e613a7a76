"""What a pattern cannot tell apart is found, undone, and costs nothing in the error."""

import pytest
import torch
from laws import assert_matches

from dipcli.fourier import fft
from dipcli.symmetries import align, error, flip, move, symmetry_to

SHAPES = [(1, 24, 24), (1, 15, 20), (1, 12, 14, 16)]


def random_object(shape, seed=0):
    """An object in half of the field, without any symmetry of its own."""
    random = torch.Generator().manual_seed(seed)
    image = torch.zeros(shape, dtype=torch.complex128)
    inner = tuple(slice(n // 4, n // 4 + n // 2) for n in shape[1:])
    image[:, *inner] = torch.randn(1, *[n // 2 for n in shape[1:]], dtype=torch.complex128, generator=random)
    return image


COPIES = {
    "equal": lambda x: x,
    "turned": lambda x: x * 2.5j,
    "moved": lambda x: torch.roll(x, 3, 1),
    "between pixels": lambda x: move(x, (0.37, -1.5, 0.2)[: x.ndim - 1]),
    "flipped": flip,
    "everything": lambda x: move(flip(x), (3.37, 0.5, -0.2)[: x.ndim - 1]) * (0.3 - 2j),
}

every_copy = pytest.mark.parametrize("name", COPIES)
every_shape = pytest.mark.parametrize("shape", SHAPES)


@every_copy
@every_shape
def test_the_error_of_a_copy_is_nothing(name, shape):
    image = random_object(shape)
    assert error(COPIES[name](image), image) < 1e-6


@every_copy
@every_shape
def test_a_copy_has_the_same_pattern(name, shape):
    image = random_object(shape)
    copy = COPIES[name](image)
    pattern = fft(copy).abs()
    # At the highest frequency of an even side a shift between pixels is ambiguous.
    inner = tuple(slice(1, None) for _ in shape)[1:]
    expected = fft(image).abs() * float(copy.norm() / image.norm())
    assert_matches(pattern[:, *inner], expected[:, *inner], tolerance=1e-9)


@every_copy
def test_a_copy_is_aligned(name):
    image = random_object(SHAPES[0])
    assert_matches(align(COPIES[name](image), image), image, tolerance=1e-6)


def test_the_flip_of_an_object_with_a_symmetric_magnitude_is_told_by_its_phase():
    at = torch.arange(24) - 12.0
    disc = (at[:, None] ** 2 + at**2 < 30).double()
    image = (disc * torch.exp(1j * 0.05 * at[:, None] ** 2))[None]
    assert symmetry_to(flip(image), image).flipped
    assert not symmetry_to(image, image).flipped


def test_flipping_twice_changes_nothing():
    image = random_object((1, 15, 20))
    assert torch.equal(flip(flip(image)), image)


def test_unrelated_objects_have_an_error_near_1():
    assert error(random_object(SHAPES[0]), random_object(SHAPES[0], seed=1)) > 0.9


def test_single_precision_is_kept():
    image = random_object(SHAPES[0]).to(torch.complex64)
    copy = align(flip(image), image)
    assert copy.dtype == torch.complex64
    assert_matches(copy, image, tolerance=1e-5)  # float32 input


def test_an_object_of_zeros_is_no_accident():
    image = random_object(SHAPES[0])
    assert error(torch.zeros_like(image), image) == 1
