"""What is read of a JPEG file before it is decoded, and one sentence for files that are none."""

import sys

import numpy as np
import pytest
import torch
from jpegs import SAMPLINGS, write_jpeg
from laws import assert_matches
from PIL import Image

from dipcli.errors import InputError
from dipcli.pictures.files.jpeg import read_jpeg


def sentence_about(path):
    with pytest.raises(InputError) as failure:
        read_jpeg(path)
    sentence = str(failure.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def colours(pixels):
    return Image.fromarray(pixels((32, 40, 3)))


@pytest.mark.parametrize(
    ("sampling", "n_coefficients"),
    # Blocks of 8 x 8 that cover 37 x 51 pixels, and for 4:2:2 and 4:2:0 half as many of them, rounded up.
    [("gray", 35), ("444", 35 + 2 * 35), ("422", 35 + 2 * 20), ("420", 35 + 2 * 12)],
)
def test_every_block_of_every_component_is_read(scene, tmp_path, sampling, n_coefficients):
    n_channels, options = SAMPLINGS[sampling]
    write_jpeg(tmp_path / "a.jpg", scene(n_channels, 37, 51), **options)
    assert read_jpeg(tmp_path / "a.jpg").centres.shape == (64 * n_coefficients,)


def test_cells_are_as_wide_as_the_quantisation_steps(scene, tmp_path):
    write_jpeg(tmp_path / "a.jpg", scene(1, 16, 16), quality=50)
    with Image.open(tmp_path / "a.jpg") as picture:
        steps = torch.tensor(picture.quantization[0], dtype=torch.float32)
    widths = 2 * 255 * read_jpeg(tmp_path / "a.jpg").half_widths
    assert_matches(widths.reshape(4, 64), steps.expand(4, 64))


def test_colours_have_a_table_of_their_own(scene, tmp_path):
    write_jpeg(tmp_path / "a.jpg", scene(3, 16, 16), quality=50, subsampling=0)
    brightness, red, blue = read_jpeg(tmp_path / "a.jpg").half_widths.reshape(3, -1)
    assert torch.equal(red, blue)
    assert not torch.equal(brightness, red)


def test_an_orientation_that_exif_does_not_know_is_upright(scene, tmp_path):
    original = write_jpeg(tmp_path / "a.jpg", scene(1, 24, 40), quality=50)
    write_jpeg(tmp_path / "b.jpg", scene(1, 24, 40), quality=50, orientation=9)
    assert read_jpeg(tmp_path / "b.jpg").share_inside(original) > 0.99


def test_a_name_with_spaces_and_umlauts_is_read(scene, tmp_path):
    write_jpeg(tmp_path / "schöne Fotos.jpg", scene(1, 16, 16))
    assert read_jpeg(tmp_path / "schöne Fotos.jpg").centres.shape == (256,)


def test_the_content_and_not_the_name_says_what_is_jpeg(scene, tmp_path):
    write_jpeg(tmp_path / "a.png", scene(1, 16, 16))
    assert read_jpeg(tmp_path / "a.png").centres.shape == (256,)


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.webp", "a.tif"])
def test_another_format_is_named(colours, tmp_path, name):
    colours.save(tmp_path / name)
    assert "not JPEG; leave --jpeg out" in sentence_about(tmp_path / name)


def test_a_png_that_is_named_jpg_is_still_no_jpeg(colours, tmp_path):
    colours.save(tmp_path / "a.jpg", "PNG")
    assert "is PNG, not JPEG" in sentence_about(tmp_path / "a.jpg")


def test_a_jpeg_of_printing_colours_is_named(colours, tmp_path):
    colours.convert("CMYK").save(tmp_path / "a.jpg")
    assert "is a JPEG of CMYK values" in sentence_about(tmp_path / "a.jpg")


def test_a_jpeg_of_red_green_and_blue_is_named(colours, tmp_path):
    colours.save(tmp_path / "a.jpg", keep_rgb=True)
    assert "stores its colours in another way" in sentence_about(tmp_path / "a.jpg")


def test_without_jpeglib_the_extra_is_named(colours, tmp_path, monkeypatch):
    colours.save(tmp_path / "a.jpg")
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    assert "--jpeg needs jpeglib; pip install 'dipcli[jpeg]'" in sentence_about(tmp_path / "a.jpg")


def test_without_jpeglib_another_format_is_still_named(colours, tmp_path, monkeypatch):
    colours.save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    assert "is PNG, not JPEG" in sentence_about(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "is empty"), (b"dear diary", "not a picture"), (None, "there is no such file")],
    ids=["empty", "text", "missing"],
)
def test_what_is_no_picture_cannot_be_read(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    assert problem in sentence_about(tmp_path / "a.jpg")


def test_a_file_that_ends_in_its_header_cannot_be_read(colours, tmp_path):
    colours.save(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:100])
    sentence_about(tmp_path / "a.jpg")


def test_coefficients_are_those_of_the_file_even_where_clipping_hides_them(tmp_path):
    board = torch.from_numpy(np.indices((16, 16)).sum(0) % 2).float()[None]
    original = write_jpeg(tmp_path / "a.jpg", board, quality=10)
    encoding = read_jpeg(tmp_path / "a.jpg")
    assert encoding.share_inside(original) == 1
    assert float(encoding.centres.abs().max()) > 1


def test_a_camera_s_jpeg_with_a_preview_is_a_jpeg(tmp_path):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8))
    picture.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[picture])
    read_jpeg(tmp_path / "a.jpg")
