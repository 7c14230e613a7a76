"""Colours under full transparency are no part of the picture, and come back as they were."""

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from dipcli.classical.dct import noise_power
from dipcli.errors import InputError
from dipcli.pictures.files.images import load_picture
from dipcli.pictures.files.transparency import fill_unseen, hide_unseen, unseen_of
from tests.commands import save_hole

RED = (220, 90, 60)


def disc(side=32, radius=11.5):
    y, x = np.mgrid[:side, :side]
    middle = (side - 1) / 2
    return np.clip(radius - np.hypot(x - middle, y - middle) + 0.5, 0, 1)


@pytest.fixture
def cut_out(tmp_path):
    """A noisy red disc; under its transparent ground all is black, but for one blue corner."""
    opacity = np.round(disc() * 255)
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[opacity > 0, :3] = RED
    noise = np.random.default_rng(0).normal(0, 12, (32, 32, 3))
    rgba[..., :3] = np.where(opacity[..., None] > 0, np.clip(rgba[..., :3] + noise, 0, 255), 0)
    rgba[:3, :3, 2] = 255
    rgba[..., 3] = opacity
    Image.fromarray(rgba).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_colours_that_nobody_sees_come_back_bit_by_bit(denoise, cut_out, tmp_path):
    assert denoise(cut_out, "-o", tmp_path / "o.png").exit_code == 0
    before, after = pixels_of(cut_out), pixels_of(tmp_path / "o.png")
    unseen = before[..., 3] == 0
    np.testing.assert_array_equal(after[unseen], before[unseen])
    np.testing.assert_array_equal(after[..., 3], before[..., 3])
    assert (after[~unseen] != before[~unseen]).any()


def test_the_ground_does_not_darken_the_edge(upscale, cut_out, tmp_path):
    assert upscale(cut_out, "-o", tmp_path / "o.png", "--classical", "1").exit_code == 0
    large = pixels_of(tmp_path / "o.png").astype(float)
    edge = (large[..., 3] > 20) & (large[..., 3] < 235)
    np.testing.assert_allclose(large[edge, :3].mean(0), RED, atol=12)


def test_holes_beside_the_ground_are_not_filled_from_it(inpaint, tmp_path):
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[:, 8:] = (*RED, 255)
    rgba[::2, 8::3, 0] -= 9
    Image.fromarray(rgba).save(tmp_path / "a.png")
    hole = np.zeros((32, 32), bool)
    hole[12:18, 4:12] = True
    Image.fromarray(hole).save(tmp_path / "m.png")
    done = inpaint(tmp_path / "a.png", "--mask", tmp_path / "m.png", "-o", tmp_path / "o.png")
    assert done.exit_code == 0, done.stderr
    filled = pixels_of(tmp_path / "o.png")[hole & (rgba[..., 3] > 0), :3].astype(float)
    np.testing.assert_allclose(filled.mean(0), RED, atol=20)


def test_transparency_that_is_the_mask_is_filled(inpaint, tmp_path):
    rgba = np.full((32, 32, 4), 255, np.uint8)
    rgba[..., 0] = np.arange(32) * 6
    rgba[..., 3][save_hole(tmp_path / "unused.png", (32, 32))] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert inpaint(tmp_path / "a.png", "--mask", "alpha", "-o", tmp_path / "o.png").exit_code == 0
    assert (pixels_of(tmp_path / "o.png")[..., 3] == 255).all()


def test_a_picture_that_nobody_sees_is_refused(tmp_path):
    rgba = np.random.default_rng(0).integers(0, 255, (20, 20, 4)).astype(np.uint8)
    rgba[..., 3] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="is transparent everywhere"):
        hide_unseen(tmp_path / "a.png", load_picture(tmp_path / "a.png"))


def test_filled_colours_are_those_around(cut_out):
    picture = fill_unseen(load_picture(cut_out))
    assert np.isfinite(picture.frames[0]).all()
    np.testing.assert_allclose(picture.frames[0][:, 0, 0] * 255, RED, atol=20)


def test_colours_that_were_multiplied_by_their_opacity_are_left(tmp_path):
    rgba = np.random.default_rng(0).integers(0, 255, (20, 20, 4)).astype(np.uint8)
    rgba[:5] = 0
    tifffile.imwrite(tmp_path / "a.tif", rgba, photometric="rgb", extrasamples=["assocalpha"], metadata=None)
    assert unseen_of(load_picture(tmp_path / "a.tif")) is None


def test_guesses_do_not_lower_the_power_of_the_noise():
    noise = torch.randn((1, 192, 192), generator=torch.Generator().manual_seed(0)) * 0.1
    mask = torch.zeros_like(noise, dtype=torch.bool)
    mask[:, 16:176, 16:176] = True
    smooth = torch.linspace(0, 1, 192).expand(1, 192, 192)
    power = noise_power(torch.where(mask, noise, smooth), 0.1, mask)
    torch.testing.assert_close(power, torch.full_like(power, 0.01))
