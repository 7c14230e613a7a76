"""Salt and pepper are found, and nothing else is taken for them."""

import math

import numpy as np
import pytest
import torch
from noises import LAWS, impulses
from skimage import data

from dipcli.classical.impulse_noise import find_impulses


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_salt_and_pepper_are_found(scene, share):
    noisy, struck = impulses(scene(3, 64, 56), share)
    found = find_impulses(noisy)
    assert float((found & struck).sum() / struck.sum()) > 0.99
    assert float((found & struck).sum() / found.sum()) > 0.99


def part_of(name):
    """A photograph (channels, 256, 256), as a file has it."""
    values = np.atleast_3d(getattr(data, name)())[:256, 100:356].copy()
    return torch.from_numpy(values).permute(2, 0, 1).float() / 255


@pytest.fixture(scope="module")
def photograph():
    """One with much detail, black and white in it."""
    return part_of("astronaut")


@pytest.mark.parametrize("share", [0.003, 0.01, 0.05, 0.2, 0.5, 0.8])
def test_salt_and_pepper_are_found_in_a_photograph(photograph, share):
    noisy, struck = impulses(photograph, share)
    found = find_impulses(noisy)
    assert float((found & struck).sum() / struck.sum()) > 0.8
    assert float((found & ~struck).float().mean()) < 0.01


@pytest.mark.parametrize("share", [0.7, 0.8])
def test_many_impulses_leave_no_patch_behind_not_even_in_a_corner(share):
    noisy, struck = impulses((part_of("chelsea") * 0.9 + 0.05).clamp(0.02, 0.98), share)
    assert bool(find_impulses(noisy)[struck].all())


def test_impulses_beside_an_area_that_is_truly_black_are_found():
    picture = torch.full((1, 128, 128), 0.9)
    picture[:, 70:] = 0.0
    noisy, struck = impulses(picture, 0.05)
    found = find_impulses(noisy)
    assert float(found[struck][: int(struck[:, :68].sum())].float().mean()) > 0.97
    assert float(found[:, 74:].float().mean()) < 0.03  # the salt alone


@pytest.mark.parametrize("sigma", [15 / 255, 25 / 255])
def test_few_impulses_are_found_beside_noise(sigma):
    noisy, struck = impulses((LAWS["gaussian"](part_of("chelsea"), sigma) * 255).round() / 255, 0.05)
    found = find_impulses(noisy)
    assert float((found & struck).sum() / struck.sum()) > 0.75
    assert float((found & ~struck).float().mean()) < 0.01


@pytest.mark.parametrize("value", [0.0, 1.0], ids=["pepper", "salt"])
def test_few_of_one_kind_are_found_in_a_photograph(photograph, value):
    struck = torch.rand(photograph.shape) < 0.01
    found = find_impulses(photograph.masked_fill(struck, value))
    assert float((found & struck).sum() / struck.sum()) > 0.75
    assert float((found & ~struck).float().mean()) < 0.01


@pytest.mark.parametrize("name", ["astronaut", "camera", "chelsea", "coffee", "rocket", "grass", "brick", "page"])
@pytest.mark.parametrize("kind", ["clean", "gaussian", "shot", "speckle"])
def test_photographs_with_other_noise_have_no_impulses(name, kind):
    picture = part_of(name)
    noisy = picture if kind == "clean" else (LAWS[kind](picture, 0.2) * 255).round() / 255
    assert not bool(find_impulses(noisy).any())


def test_thin_lines_in_black_are_no_impulses(photograph):
    drawn = photograph.clone()
    drawn[:, ::16] = 0.0
    drawn[:, :, ::16] = 0.0
    assert not bool(find_impulses(drawn).any())


@pytest.mark.parametrize("value", [0.0, 1.0], ids=["pepper", "salt"])
def test_one_kind_alone_is_found(scene, value):
    clean = scene(1, 64, 64)
    struck = torch.rand(clean.shape) < 0.2
    assert torch.equal(find_impulses(clean.masked_fill(struck, value)), struck)


@pytest.mark.parametrize(
    ("kind", "level"),
    [("gaussian", 0.1), ("gaussian", 0.3), ("shot", 0.1), ("shot", 0.3), ("speckle", 0.2), ("speckle", 0.5)],
)
def test_clipped_noise_is_not_taken_for_impulses(scene, kind, level):
    assert not bool(find_impulses(LAWS[kind](scene(3, 64, 56), level)).any())


def test_a_clean_picture_has_no_impulses(scene):
    assert not bool(find_impulses(scene(3, 64, 56)).any())


def test_a_drawing_in_black_and_white_has_no_impulses(scene):
    assert not bool(find_impulses((scene(1, 64, 56) > 0.5).float()).any())


def test_an_area_that_is_truly_black_has_no_impulses_inside(scene):
    noisy, _ = impulses(scene(1, 64, 64), 0.1)
    noisy[:, 20:44, 20:44] = 0.0
    assert not bool(find_impulses(noisy)[:, 26:38, 26:38].any())


def test_missing_values_are_no_impulses(scene):
    noisy, _ = impulses(scene(1, 64, 64), 0.3)
    missing = torch.rand(noisy.shape) < 0.3
    assert not bool((find_impulses(noisy.masked_fill(missing, math.nan)) & missing).any())


@pytest.mark.parametrize("shape", [(1, 4000), (1, 20, 20, 20)], ids=["line", "volume"])
def test_impulses_are_found_on_lines_and_volumes(shape):
    noisy, struck = impulses(torch.full(shape, 0.5), 0.2)
    assert torch.equal(find_impulses(noisy), struck)


def test_the_picture_is_left_as_it_was(scene):
    noisy, _ = impulses(scene(1, 32, 32), 0.3)
    before = noisy.clone()
    find_impulses(noisy)
    assert torch.equal(noisy, before)


def test_black_bars_are_no_impulses(scene):
    image = scene(3, 96, 96)
    image[:, :14] = 0
    image[:, -14:] = 0
    assert not bool(find_impulses(image).any())


@pytest.mark.parametrize("shape", [(3, 96, 40), (1, 4000), (1, 50, 20, 20)])
def test_of_a_large_picture_bands_say_whether_there_are_any(monkeypatch, scene, shape):
    clean = scene(*shape) if len(shape) == 3 else scene(1, 200, 100).reshape(-1)[: math.prod(shape)].reshape(shape)
    clean = clean * 0.4 + 0.3
    noisy, struck = impulses(clean, 0.1)
    monkeypatch.setattr("dipcli.classical.impulse_noise.MOST_LOOKED_AT", math.prod(shape) * 7 // 8)
    monkeypatch.setattr("dipcli.classical.impulse_noise.N_BANDS", 3)
    found = find_impulses(noisy)
    assert float((found & struck).sum() / struck.sum()) > 0.95
    assert not find_impulses(clean).any()
