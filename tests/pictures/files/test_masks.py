"""What a mask hides, and one sentence for masks that do not fit."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from dipcli.errors import InputError, OptionError
from dipcli.pictures.files.images import load_picture
from dipcli.pictures.files.masks import CONVENTION, hide_masked, hide_transparent, mask_beside

SIDE = (20, 24)


@pytest.fixture
def photo(tmp_path, pixels):
    """A colour picture, as it is read."""
    Image.fromarray(pixels((*SIDE, 3))).save(tmp_path / "photo.png")
    return load_picture(tmp_path / "photo.png")


@pytest.fixture
def hole():
    """True on a rectangle that no turning or flipping maps to itself."""
    shape = np.zeros(SIDE, bool)
    shape[3:7, 5:16] = True
    return shape


def save_mask(path, hole, white=255, dtype=np.uint8):
    array = hole.astype(dtype) * np.array(white, dtype)
    np.save(path, array) if path.suffix == ".npy" else Image.fromarray(array).save(path)
    return path


def missing(picture):
    """Where each frame is missing, all channels alike."""
    gone = np.isnan(np.stack(picture.frames))
    assert (gone == gone[:, :1]).all()
    return gone[:, 0]


def sentence_of(function, *arguments, **options):
    with pytest.raises((InputError, OptionError)) as failure:
        function(*arguments, **options)
    sentence = str(failure.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_white_means_missing(tmp_path, photo, hole):
    assert (missing(hide_masked(photo, save_mask(tmp_path / "m.png", hole))) == hole).all()


def test_inverted_black_means_missing(tmp_path, photo, hole):
    path = save_mask(tmp_path / "m.png", ~hole)
    assert (missing(hide_masked(photo, path, invert=True)) == hole).all()


def test_what_is_known_stays_as_it_is(tmp_path, photo, hole):
    hidden = hide_masked(photo, save_mask(tmp_path / "m.png", hole))
    assert (hidden.frames[0][:, ~hole] == photo.frames[0][:, ~hole]).all()
    assert hidden.stored is photo.stored


def test_the_picture_that_is_given_is_left_as_it_was(tmp_path, photo, hole):
    hide_masked(photo, save_mask(tmp_path / "m.png", hole))
    assert np.isfinite(photo.frames[0]).all()


@pytest.mark.parametrize(("gray", "is_missing"), [(127, False), (128, True)])
def test_gray_from_the_middle_up_counts_as_white(tmp_path, photo, hole, gray, is_missing):
    values = np.where(hole, 255, 0).astype(np.uint8)
    values[0, 0] = gray
    Image.fromarray(values).save(tmp_path / "m.png")
    assert missing(hide_masked(photo, tmp_path / "m.png"))[0, 0, 0] == is_missing


@pytest.mark.parametrize("channel", range(3))
def test_in_a_colour_mask_any_bright_channel_counts(tmp_path, photo, hole, channel):
    values = np.zeros((*SIDE, 3), np.uint8)
    values[hole, channel] = 255
    Image.fromarray(values).save(tmp_path / "m.png")
    assert (missing(hide_masked(photo, tmp_path / "m.png")) == hole).all()


@pytest.mark.parametrize("name", ["m.png", "m.bmp", "m.tif", "m.npy"])
def test_a_mask_may_have_any_format(tmp_path, photo, hole, name):
    assert (missing(hide_masked(photo, save_mask(tmp_path / name, hole))) == hole).all()


@pytest.mark.parametrize(("white", "dtype"), [(True, bool), (65535, np.uint16), (1, np.float32), (7, np.int32)])
def test_a_mask_may_have_any_depth(tmp_path, photo, hole, white, dtype):
    assert (missing(hide_masked(photo, save_mask(tmp_path / "m.npy", hole, white, dtype))) == hole).all()


def test_a_mask_of_one_bit_is_read(tmp_path, photo, hole):
    Image.fromarray(hole).save(tmp_path / "m.png")
    assert (missing(hide_masked(photo, tmp_path / "m.png")) == hole).all()


def test_what_was_missing_before_stays_missing(tmp_path, hole):
    values = np.random.default_rng(0).random(SIDE, dtype=np.float32)
    values[0, 0] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", values)
    gone = missing(hide_masked(load_picture(tmp_path / "a.tif"), save_mask(tmp_path / "m.png", hole)))
    assert gone[0, 0, 0]
    assert gone.sum() == hole.sum() + 1


def test_a_mask_of_another_size_names_both_sizes(tmp_path, photo, hole):
    path = save_mask(tmp_path / "m.png", hole[:, :-1])
    sentence = sentence_of(hide_masked, photo, path)
    assert sentence == f"{path}: the mask is 23x20, but the picture is 24x20; give a mask of the same size."


def test_a_turned_mask_has_another_size(tmp_path, photo, hole):
    assert "the mask is 20x24" in sentence_of(hide_masked, photo, save_mask(tmp_path / "m.png", hole.T))


@pytest.mark.parametrize("invert", [False, True])
def test_a_mask_that_hides_nothing_names_the_convention(tmp_path, photo, hole, invert):
    path = save_mask(tmp_path / "m.png", np.full_like(hole, invert))
    sentence = sentence_of(hide_masked, photo, path, invert=invert)
    assert sentence.startswith(f"{path}: ")
    assert "marks nothing as missing" in sentence
    assert CONVENTION in sentence


@pytest.mark.parametrize("invert", [False, True])
def test_a_mask_that_hides_everything_names_the_convention(tmp_path, photo, hole, invert):
    path = save_mask(tmp_path / "m.png", np.full_like(hole, not invert))
    sentence = sentence_of(hide_masked, photo, path, invert=invert)
    assert "marks everything as missing" in sentence
    assert CONVENTION in sentence


def test_a_mask_that_is_not_there_is_named(tmp_path, photo):
    assert "m.png: there is no such file" in sentence_of(hide_masked, photo, tmp_path / "m.png")


def test_a_mask_of_one_frame_serves_all_frames(tmp_path, pixels, hole):
    np.save(tmp_path / "a.npy", pixels((5, *SIDE)))
    gone = missing(hide_masked(load_picture(tmp_path / "a.npy"), save_mask(tmp_path / "m.png", hole)))
    assert (gone == hole).all()
    assert len(gone) == 5


def test_a_mask_of_as_many_frames_hides_each_its_own(tmp_path, pixels, hole):
    holes = np.stack([np.roll(hole, shift, axis=1) for shift in range(5)])
    np.save(tmp_path / "a.npy", pixels((5, *SIDE)))
    gone = missing(hide_masked(load_picture(tmp_path / "a.npy"), save_mask(tmp_path / "m.npy", holes)))
    assert (gone == holes).all()


def test_a_mask_of_another_number_of_frames_is_refused(tmp_path, pixels, hole):
    np.save(tmp_path / "a.npy", pixels((5, *SIDE)))
    path = save_mask(tmp_path / "m.npy", np.stack([hole] * 6))
    sentence = sentence_of(hide_masked, load_picture(tmp_path / "a.npy"), path)
    assert "the mask is 6 frames of 24x20, but the picture is 5 frames of 24x20" in sentence


def test_a_volume_takes_a_mask_of_as_many_pages(tmp_path, pixels, hole):
    holes = np.stack([np.roll(hole, shift, axis=1) for shift in range(16)])
    np.save(tmp_path / "a.npy", pixels((16, *SIDE)))
    volume = load_picture(tmp_path / "a.npy", volume=True)
    assert (missing(hide_masked(volume, save_mask(tmp_path / "m.npy", holes))) == holes).all()


def test_a_signal_takes_a_mask_of_one_axis(tmp_path, pixels):
    np.save(tmp_path / "a.npy", pixels((40,)))
    hole = np.arange(40) < 7
    gone = missing(hide_masked(load_picture(tmp_path / "a.npy"), save_mask(tmp_path / "m.npy", hole)))
    assert (gone == hole).all()


@pytest.fixture
def glass(tmp_path, pixels, hole):
    """A picture that is transparent in the hole, and elsewhere more or less opaque."""
    values = pixels((*SIDE, 4))
    values[..., 3] = np.where(hole, values[..., 3] // 2, values[..., 3] // 2 + 128)
    Image.fromarray(values).save(tmp_path / "glass.png")
    return tmp_path / "glass.png"


def test_less_than_half_opaque_means_missing(glass, hole):
    assert (missing(hide_transparent(glass, load_picture(glass))) == hole).all()


def test_inverted_the_opaque_is_missing(glass, hole):
    assert (missing(hide_transparent(glass, load_picture(glass), invert=True)) == ~hole).all()


def test_what_was_transparent_becomes_opaque(glass):
    assert (hide_transparent(glass, load_picture(glass)).alpha == 1).all()


def test_a_picture_without_transparency_is_no_mask(tmp_path, photo):
    sentence = sentence_of(hide_transparent, tmp_path / "photo.png", photo)
    assert sentence.startswith(f"{tmp_path / 'photo.png'}: has no transparency")
    assert CONVENTION in sentence


@pytest.mark.parametrize(("alpha", "words"), [(255, "marks nothing"), (0, "marks everything")])
def test_transparency_everywhere_or_nowhere_is_said(tmp_path, pixels, alpha, words):
    values = pixels((*SIDE, 4))
    values[..., 3] = alpha
    Image.fromarray(values).save(tmp_path / "a.png")
    sentence = sentence_of(hide_transparent, tmp_path / "a.png", load_picture(tmp_path / "a.png"))
    assert f"the mask (transparent means missing) {words} as missing" in sentence


def test_the_mask_of_the_same_name_is_found(tmp_path):
    for name in ("a.png", "a.tif", "b.png"):
        (tmp_path / name).touch()
    assert mask_beside(tmp_path, "a.tif") == tmp_path / "a.tif"


def test_a_mask_with_another_suffix_is_found(tmp_path):
    for name in ("a.b.png", "ab.png", "a.bmp"):
        (tmp_path / name).touch()
    assert mask_beside(tmp_path, "a.jpg") == tmp_path / "a.bmp"


def test_a_mask_in_a_sub_folder_is_found(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.png").touch()
    (tmp_path / "sub" / "a.png").touch()
    assert mask_beside(tmp_path, "sub/a.jpg") == tmp_path / "sub" / "a.png"


def test_a_folder_is_no_mask(tmp_path):
    (tmp_path / "a.png").mkdir()
    sentence_of(mask_beside, tmp_path, "a.png")


@pytest.mark.parametrize("name", ["a.png", "sub/a.png"])
def test_a_mask_that_is_not_in_the_folder_names_the_convention(tmp_path, name):
    sentence = sentence_of(mask_beside, tmp_path, name)
    assert sentence == f"{tmp_path / name}: there is no mask of this name; {CONVENTION}."
