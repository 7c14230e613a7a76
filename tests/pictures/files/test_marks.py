"""Masks as people draw them: labels, strokes on a transparent layer, paint on a copy of the picture."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from dipcli.errors import OptionError
from dipcli.pictures.files.images import load_picture
from dipcli.pictures.files.masks import hide_masked

SIDE = (64, 80)
BORDER = 2  # pixels by which strokes grow for their soft edges
HOLE = np.zeros(SIDE, bool)
HOLE[10:18, 8:60] = HOLE[30:50, 60:70] = True
LABELS = HOLE.astype(np.uint8)
LABELS[10:18, 30:60] = 2
LABELS[30:50] *= 3


def photograph():
    down, right = np.mgrid[: SIDE[0], : SIDE[1]]
    waves = [120 + 60 * np.sin(right / 9), 110 + 50 * np.cos(down / 11), 90 + 40 * np.sin((right + down) / 13)]
    noise = np.random.default_rng(0).normal(0, 4, (*SIDE, 3))
    return np.clip(np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)


def painted(colour=(255, 0, 0)):
    copy = photograph()
    copy[HOLE] = colour
    return copy


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(photograph()).save(tmp_path / "photo.png")
    return load_picture(tmp_path / "photo.png")


def save(path, array, **options):
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, array, **options)
    else:
        Image.fromarray(array).save(path, **options)
    return path


def layer(colour, opacity):
    colours = np.broadcast_to(np.asarray(colour, np.uint8), (*SIDE, 3))
    return np.dstack([colours, np.asarray(opacity, np.uint8)])


def marked(photo, path, **options):
    """Where the picture is missing, and what was said of it."""
    hidden = hide_masked(photo, path, **options)
    return np.isnan(hidden.frames[0][0]), " ".join(hidden.warnings)


def assert_grown(found, most=BORDER):
    """All of the hole is marked, and little beside it."""
    near = np.pad(HOLE, most)
    around = np.any(
        [np.roll(near, (i, j), (0, 1)) for i in range(-most, most + 1) for j in range(-most, most + 1)], 0
    )
    assert found[HOLE].all()
    assert not found[~around[most:-most, most:-most]].any()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64", "float32"])
@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_every_label_is_missing(tmp_path, photo, dtype, suffix):
    found, said = marked(photo, save(tmp_path / f"m{suffix}", LABELS.astype(dtype)))
    assert (found == HOLE).all()
    assert "read as labels: everything but 0 is missing (up to 3)" in said


@pytest.mark.parametrize("last", [200, 255])
def test_labels_may_end_anywhere(tmp_path, photo, last):
    labels = np.where(LABELS == 3, last, LABELS).astype(np.uint8)
    assert (marked(photo, save(tmp_path / "m.png", labels))[0] == HOLE).all()


def test_what_is_negative_is_no_label(tmp_path, photo):
    assert (marked(photo, save(tmp_path / "m.npy", LABELS.astype(int) * 2 - 1))[0] == HOLE).all()


def test_dark_colours_of_a_table_are_labels(tmp_path, photo):
    image = Image.fromarray(LABELS, "P")
    image.putpalette([0, 0, 0, 64, 0, 0, 128, 0, 0, 64, 128, 0, *[0] * 756])
    image.save(tmp_path / "m.png")
    assert (marked(photo, tmp_path / "m.png")[0] == HOLE).all()


@pytest.mark.parametrize(("name", "options"), [("m.jpg", {"quality": 60}), ("m.webp", {"quality": 40})])
def test_in_a_compressed_mask_white_counts_from_the_middle_up(tmp_path, photo, name, options):
    path = save(tmp_path / name, HOLE.astype(np.uint8) * np.uint8(250), **options)
    assert (marked(photo, path)[0] == HOLE).mean() > 0.99


def test_soft_edges_of_a_white_drawing_are_no_labels(tmp_path, photo):
    large = Image.fromarray(HOLE.astype(np.uint8) * np.uint8(255)).resize((160, 128))
    found, said = marked(photo, save(tmp_path / "m.png", np.asarray(large.resize(SIDE[::-1]))))
    assert (found == HOLE).mean() > 0.99
    assert not said


@pytest.mark.parametrize("opacity", [255, 120])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (255, 0, 0)])
def test_what_is_drawn_on_a_transparent_layer_is_missing(tmp_path, photo, colour, opacity):
    path = save(tmp_path / "m.png", layer(colour, HOLE * opacity))
    found, said = marked(photo, path)
    assert (found == HOLE).all()
    assert "what is drawn on its transparent layer is missing" in said
    assert (marked(photo, path, invert=True)[0] == ~HOLE).all()


@pytest.mark.parametrize("colour", [(0, 0, 0), photograph()], ids=["black", "photo"])
def test_what_was_erased_is_missing(tmp_path, photo, colour):
    found, said = marked(photo, save(tmp_path / "m.png", layer(colour, ~HOLE * 255)))
    assert (found == HOLE).all()
    assert "its transparent parts are missing" in said


def test_a_drawing_in_black_and_white_may_be_transparent_at_its_border(tmp_path, photo):
    opacity = np.full(SIDE, 255)
    opacity[:, :5] = 0
    drawing = np.repeat(HOLE[..., None] * np.uint8(255), 3, -1)
    assert (marked(photo, save(tmp_path / "m.png", layer(drawing, opacity)))[0] == HOLE).all()


@pytest.mark.parametrize("colour", [(255, 0, 0), (12, 13, 11), (255, 255, 255)])
def test_where_a_copy_was_painted_over_is_missing(tmp_path, photo, colour):
    found, said = marked(photo, save(tmp_path / "m.png", painted(colour)))
    assert (found == HOLE).all()
    assert "a copy of the picture; where it was painted over is missing" in said


def test_a_copy_may_have_been_compressed(tmp_path, photo):
    path = save(tmp_path / "m.jpg", painted(), quality=92, subsampling=0)
    assert_grown(marked(photo, path)[0], most=10)


def test_a_gray_picture_may_have_been_painted_on_in_colour(tmp_path):
    gray = np.asarray(Image.fromarray(photograph()).convert("L"))
    picture = load_picture(save(tmp_path / "gray.png", gray))
    copy = np.repeat(gray[..., None], 3, -1)
    copy[HOLE] = (255, 0, 0)
    assert (marked(picture, save(tmp_path / "m.png", copy))[0] == HOLE).all()


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (255, 0, 255)])
def test_strokes_on_the_picture_itself_are_missing(tmp_path, colour):
    path = save(tmp_path / "a.png", painted(colour))
    found, said = marked(load_picture(path), path)
    assert_grown(found, most=BORDER + 1)
    assert f"its strokes of rgb{colour} are missing" in said


def test_a_picture_without_strokes_is_no_mask_of_itself(tmp_path, photo):
    with pytest.raises(OptionError, match=r"photo.png: is the picture itself, with nothing painted on it"):
        hide_masked(photo, tmp_path / "photo.png")


def test_strokes_on_white_paper_are_missing(tmp_path, photo):
    paper = np.full((*SIDE, 3), 255, np.uint8)
    paper[HOLE] = (200, 30, 30)
    found, said = marked(photo, save(tmp_path / "m.png", paper))
    assert (found == HOLE).all()
    assert "coloured strokes on white are missing" in said


def test_a_mask_of_a_dark_picture_is_no_copy_of_it(tmp_path):
    stars = np.zeros((*SIDE, 3), np.uint8)
    stars[::7, ::5] = (200, 220, 255)
    picture = load_picture(save(tmp_path / "stars.png", stars))
    path = save(tmp_path / "m.png", HOLE.astype(np.uint8) * np.uint8(255))
    assert (marked(picture, path)[0] == HOLE).all()


def test_the_truth_values_of_an_array_are_read_as_they_are(tmp_path, photo):
    assert (marked(photo, save(tmp_path / "m.tif", HOLE))[0] == HOLE).all()
    one_bit = save(tmp_path / "scan.tif", ~HOLE, photometric="miniswhite", metadata=None)
    assert (marked(photo, one_bit)[0] == HOLE).all()
