import sys

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from dipcli.errors import OptionError, OutputError
from dipcli.pictures.files.images import SUFFIXES, check_output, load_picture, read_picture, save_picture

SIDE = (24, 20)


def write_imagej(path, array, axes):
    tifffile.imwrite(path, array, imagej=True, metadata={"axes": axes})


def test_pages_are_frames(tmp_path, pixels):
    array = pixels((5, *SIDE))
    tifffile.imwrite(tmp_path / "a.tif", array, metadata=None, photometric="minisblack")
    picture = load_picture(tmp_path / "a.tif")
    assert [frame.shape for frame in picture.frames] == [(1, *SIDE)] * 5
    np.testing.assert_array_equal(np.rint(picture.frames[3][0] * 255), array[3])
    save_picture(tmp_path / "b.tif", picture.frames, picture)
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert len(tiff.pages) == 5
        np.testing.assert_array_equal(tiff.asarray(), array)


def test_channels_belong_to_one_frame(tmp_path, pixels):
    array = pixels((4, 3, *SIDE))
    write_imagej(tmp_path / "a.tif", array, "ZCYX")
    picture = load_picture(tmp_path / "a.tif")
    assert [frame.shape for frame in picture.frames] == [(3, *SIDE)] * 4
    np.testing.assert_array_equal(np.rint(picture.frames[2] * 255), array[2])


def test_a_volume_is_one_frame_with_depth(tmp_path, pixels):
    array = pixels((16, 2, *SIDE))
    write_imagej(tmp_path / "a.tif", array, "ZCYX")
    picture = load_picture(tmp_path / "a.tif", volume=True)
    assert [frame.shape for frame in picture.frames] == [(2, 16, *SIDE)]
    np.testing.assert_array_equal(np.rint(picture.frames[0] * 255), np.moveaxis(array, 1, 0))
    save_picture(tmp_path / "b.tif", picture.frames, picture)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), array)


def test_volumes_over_time_are_one_frame_each(tmp_path, pixels):
    write_imagej(tmp_path / "a.tif", pixels((2, 16, *SIDE)), "TZYX")
    picture = load_picture(tmp_path / "a.tif", volume=True)
    assert [frame.shape for frame in picture.frames] == [(1, 16, *SIDE)] * 2


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_a_stack_without_a_named_depth_can_be_a_volume(tmp_path, pixels, suffix):
    array = pixels((16, *SIDE))
    if suffix == ".npy":
        np.save(tmp_path / "a.npy", array)
    else:
        tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack")
    picture = load_picture(tmp_path / f"a{suffix}", volume=True)
    assert [frame.shape for frame in picture.frames] == [(1, 16, *SIDE)]
    save_picture(tmp_path / "b.npy", picture.frames, picture)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), array)


def test_planar_samples_are_colours(tmp_path, pixels):
    array = pixels((3, *SIDE))
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", planarconfig="separate")
    picture = load_picture(tmp_path / "a.tif")
    assert picture.frames[0].shape == (3, *SIDE)
    save_picture(tmp_path / "b.png", picture.frames, picture)
    with Image.open(tmp_path / "b.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.moveaxis(array, 0, -1))


def test_five_spectral_samples_are_five_channels(tmp_path, pixels):
    array = pixels((*SIDE, 5), "uint16")
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="minisblack", planarconfig="contig")
    picture = load_picture(tmp_path / "a.tif")
    assert picture.frames[0].shape == (5, *SIDE)
    assert picture.alpha is None
    save_picture(tmp_path / "b.tif", picture.frames, picture)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), array)


def test_a_stack_of_rgba_pages_has_an_alpha_for_each(tmp_path, pixels):
    array = pixels((3, *SIDE, 4))
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extrasamples=["assocalpha"], metadata=None)
    picture = load_picture(tmp_path / "a.tif")
    assert picture.alpha.shape == (3, *SIDE)
    save_picture(tmp_path / "b.tif", picture.frames, picture)
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), array)
        assert int(tiff.pages[0].extrasamples[0]) == 1


def test_white_is_zero_is_shown_as_seen(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "a.tif", pixels(SIDE), photometric="miniswhite")
    picture = load_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(np.rint(picture.frames[0][0] * 255), 255 - pixels(SIDE))


def test_a_palette_becomes_rgb_with_a_warning(tmp_path, pixels):
    image = Image.fromarray(pixels((*SIDE, 3))).quantize(16)
    image.save(tmp_path / "palette.png")
    picture = load_picture(tmp_path / "palette.png")
    assert picture.warnings == (f"{tmp_path / 'palette.png'}: palette converted to RGB.",)
    np.testing.assert_array_equal(
        np.rint(picture.frames[0] * 255), np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)
    )


def test_a_transparent_palette_becomes_rgba(tmp_path, pixels):
    image = Image.fromarray(pixels((*SIDE, 3))).quantize(16)
    image.save(tmp_path / "palette.png", transparency=3)
    picture = load_picture(tmp_path / "palette.png")
    assert "palette converted to RGBA." in picture.warnings[0]
    np.testing.assert_array_equal(picture.alpha[0] == 0, np.asarray(image) == 3)


def test_a_transparent_colour_becomes_alpha(tmp_path, pixels):
    array = pixels(SIDE)
    Image.fromarray(array).save(tmp_path / "a.png", transparency=int(array[0, 0]))
    picture = load_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.alpha[0] == 0, array == array[0, 0])
    assert len(picture.warnings) == 1


def test_a_tiff_palette_becomes_rgb_with_a_warning(tmp_path, pixels):
    table = pixels((3, 256), "uint16")
    tifffile.imwrite(tmp_path / "a.tif", pixels(SIDE), photometric="palette", colormap=table)
    picture = load_picture(tmp_path / "a.tif")
    assert "palette converted to RGB." in picture.warnings[0]
    np.testing.assert_array_equal(np.rint(picture.frames[0] * 255), (table >> 8)[:, pixels(SIDE)])


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
def test_one_bit_becomes_8_bit_gray_with_a_warning(tmp_path, pixels, suffix):
    array = pixels(SIDE) > 127
    path = tmp_path / f"bits{suffix}"
    if suffix == ".npy":
        np.save(path, array)
    elif suffix == ".tif":
        tifffile.imwrite(path, array, photometric="minisblack")
    else:
        Image.fromarray(array).save(path)
    picture = load_picture(path)
    assert picture.warnings == (f"{path}: 1 bit per pixel read as 8-bit gray.",)
    assert picture.stored_dtype == "bool"
    assert picture.encoding.dtype == "uint8"
    np.testing.assert_array_equal(picture.frames[0][0], array)


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_becomes_rgb_with_a_warning(tmp_path, suffix):
    inks = np.zeros((*SIDE, 4), np.uint8)
    inks[:12, :, 0] = 255
    path = tmp_path / f"inks{suffix}"
    if suffix == ".jpg":
        Image.fromarray(inks, "CMYK").save(path, quality=100, subsampling=0)
    else:
        tifffile.imwrite(path, inks, photometric="separated")
    picture = load_picture(path)
    assert picture.warnings == (f"{path}: CMYK converted to RGB.",)
    assert picture.stored_shape == (*SIDE, 4)
    np.testing.assert_allclose(picture.frames[0][:, 0, 0], [0, 1, 1], atol=0.02)
    np.testing.assert_allclose(picture.frames[0][:, -1, 0], [1, 1, 1], atol=0.02)


def test_gray_of_2_bits_spans_black_to_white(tmp_path):
    Image.fromarray(np.tile(np.arange(4, dtype=np.uint8), (16, 5))).save(tmp_path / "a.png", bits=2)
    assert np.unique(load_picture(tmp_path / "a.png").frames[0]).size == 4


def test_values_that_are_not_finite_are_missing(tmp_path, pixels):
    array = pixels(SIDE, "float32")
    array[0, :3] = [np.nan, np.inf, -np.inf]
    tifffile.imwrite(tmp_path / "a.tif", array)
    picture = load_picture(tmp_path / "a.tif")
    assert picture.warnings == (f"{tmp_path / 'a.tif'}: 3 values that are not finite count as missing.",)
    assert np.isnan(picture.frames[0]).sum() == 3
    with pytest.raises(OutputError, match=r"b\.png: 3 values are not finite.*\.$"):
        save_picture(tmp_path / "b.png", picture.frames, picture)


def test_a_mask_of_one_value_or_a_small_kernel_can_be_read_all_the_same(tmp_path):
    np.save(tmp_path / "kernel.npy", np.ones((3, 5), np.float32))
    assert read_picture(tmp_path / "kernel.npy").frames[0].tolist() == [[[1.0] * 5] * 3]


def test_a_folder_walk_knows_the_suffixes():
    assert {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".npy"} <= set(SUFFIXES)


@pytest.mark.parametrize(
    ("shape", "suffix", "problem"),
    [
        ((40,), ".png", "a signal does not fit in PNG"),
        ((40,), ".tif", "a signal does not fit in TIFF"),
        ((5, *SIDE), ".png", "a stack does not fit in PNG"),
        ((*SIDE, 4), ".jpg", "JPEG cannot hold transparency"),
        (SIDE, ".xyz", "its name says no known format"),
        (SIDE, "", "its name says no known format"),
    ],
)
def test_an_output_that_does_not_fit_is_refused_before_anything_is_computed(
    tmp_path, pixels, shape, suffix, problem
):
    np.save(tmp_path / "a.npy", pixels(shape))
    picture = load_picture(tmp_path / "a.npy")
    with pytest.raises(OptionError, match=rf"out.*: {problem}.*\.$"):
        check_output(tmp_path / f"out{suffix}", picture)


def test_16_bit_colour_names_the_extra_that_it_needs(tmp_path, pixels, monkeypatch):
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(pixels((*SIDE, 3), "uint16")))
    picture = load_picture(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    for path, attempt in (
        (tmp_path / "b.png", check_output),
        (tmp_path / "a.png", lambda path, _: load_picture(path)),
    ):
        with pytest.raises(
            Exception, match=rf"{path.name}: .* without imagecodecs; pip install 'dipcli\[formats\]'\.$"
        ):
            attempt(path, picture)


def test_frames_of_another_number_are_a_programming_mistake(tmp_path, pixels):
    np.save(tmp_path / "a.npy", pixels((3, *SIDE)))
    picture = load_picture(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="frames and channels"):
        save_picture(tmp_path / "b.npy", [np.concatenate(picture.frames)], picture)
