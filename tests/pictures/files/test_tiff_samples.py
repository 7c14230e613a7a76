"""Samples of TIFF: packed bits, opacity and other channels, thumbnails, and files that are no pictures."""

import numpy as np
import pytest
import tifffile

from dipcli.errors import InputError
from dipcli.pictures.files.images import load_picture, save_picture

SIDE = (24, 30)


def values(bits, shape=SIDE):
    dtype = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(0).integers(0, 2**bits, shape).astype(dtype)


def returned(path, picture):
    """What is written of a picture that was not changed."""
    save_picture(path, picture.frames, picture)
    with tifffile.TiffFile(path) as tiff:
        return tiff.asarray(), tiff.pages[0]


@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
def test_packed_samples_are_read_over_their_own_range_and_return(tmp_path, bits):
    stored = values(bits)
    stored[0, :2] = 0, 2**bits - 1
    tifffile.imwrite(tmp_path / "a.tif", stored, bitspersample=bits, metadata=None)
    picture = load_picture(tmp_path / "a.tif")
    np.testing.assert_allclose(picture.frames[0][0], stored / (2**bits - 1), atol=1e-2 if bits < 8 else 1e-4)
    assert (picture.frames[0].min(), picture.frames[0].max()) == (0, 1)
    assert picture.stored_dtype == f"uint{bits}"
    array, page = returned(tmp_path / "b.tif", picture)
    np.testing.assert_array_equal(array, stored)
    assert page.bitspersample == bits


def test_packed_colours_return(tmp_path):
    stored = values(12, (*SIDE, 3))
    tifffile.imwrite(tmp_path / "a.tif", stored, bitspersample=12, photometric="rgb", metadata=None)
    np.testing.assert_array_equal(
        returned(tmp_path / "b.tif", load_picture(tmp_path / "a.tif"))[0],
        stored,
    )


def test_packed_samples_fill_the_range_of_another_format(tmp_path):
    stored = values(4)
    tifffile.imwrite(tmp_path / "a.tif", stored, bitspersample=4, metadata=None)
    picture = load_picture(tmp_path / "a.tif")
    save_picture(tmp_path / "b.png", picture.frames, picture)
    np.testing.assert_array_equal(load_picture(tmp_path / "b.png").stored[0, 0], stored * np.uint8(17))


def test_in_packed_samples_white_may_be_zero(tmp_path):
    stored = values(4)
    tifffile.imwrite(tmp_path / "a.tif", stored, bitspersample=4, photometric="miniswhite", metadata=None)
    np.testing.assert_allclose(load_picture(tmp_path / "a.tif").frames[0][0], 1 - stored / 15, atol=1e-6)


EXTRA = {
    "near infrared": ((0,), 4, False),
    "opacity": ((2,), 3, True),
    "premultiplied opacity": ((1,), 3, True),
    "infrared, then opacity": ((0, 2), 4, True),
    "opacity, then infrared": ((2, 0), 4, True),
}
NAMES = ("unspecified", "assocalpha", "unassalpha")


@pytest.mark.parametrize(("extra", "n_channels", "has_alpha"), EXTRA.values(), ids=EXTRA)
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_only_what_is_called_opacity_is_opacity(tmp_path, extra, n_channels, has_alpha, planes):
    stored = values(8, (*SIDE, 3 + len(extra)))
    opacity = stored[..., 3 + [kind > 0 for kind in extra].index(True)] if has_alpha else None
    written = stored if planes == "contig" else np.moveaxis(stored, -1, 0)
    extra_names = [NAMES[kind] for kind in extra]
    tifffile.imwrite(tmp_path / "a.tif", written, photometric="rgb", planarconfig=planes, extrasamples=extra_names)
    picture = load_picture(tmp_path / "a.tif")
    assert picture.frames[0].shape == (n_channels, *SIDE)
    assert (picture.alpha is not None) == has_alpha
    if opacity is not None:
        np.testing.assert_array_equal(np.rint(picture.alpha[0] * 255), opacity)
    array, page = returned(tmp_path / "b.tif", picture)
    np.testing.assert_array_equal(array, stored)
    assert tuple(int(kind) for kind in page.extrasamples) == extra
    assert page.photometric == tifffile.PHOTOMETRIC.RGB


def test_a_second_channel_beside_gray_is_no_opacity(tmp_path):
    stored = values(8, (*SIDE, 2))
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="minisblack", planarconfig="contig", extrasamples=["unspecified"]
    )
    picture = load_picture(tmp_path / "a.tif")
    assert picture.frames[0].shape == (2, *SIDE)
    assert picture.alpha is None


def test_inks_beside_opacity_become_colours(tmp_path):
    stored = values(8, (*SIDE, 5))
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="separated", extrasamples=["unassalpha"])
    picture = load_picture(tmp_path / "a.tif")
    assert picture.frames[0].shape == (3, *SIDE)
    np.testing.assert_array_equal(np.rint(picture.alpha[0] * 255), stored[..., 4])


def pages(path, *shown, below=False, metadata=None):
    """A TIFF of pages (array, options), all behind the first below it (in its SubIFDs) or beside it."""
    with tifffile.TiffWriter(path) as tiff:
        for number, (array, options) in enumerate(shown):
            more = {"subifds": len(shown) - 1} if below and not number else {}
            tiff.write(array, metadata=metadata, **options, **more)
    return path


REDUCED = {"subfiletype": 1}
SMALL, LARGE = values(8, (24, 32)), values(8, (96, 128))


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(("metadata", "mark"), [(None, REDUCED), (None, {}), ({}, REDUCED)])
def test_behind_a_thumbnail_the_picture_is_read(tmp_path, below, metadata, mark):
    path = pages(tmp_path / "a.tif", (SMALL, mark), (LARGE, {}), below=below, metadata=metadata)
    picture = load_picture(path)
    np.testing.assert_array_equal(picture.stored[0, 0], LARGE)
    assert picture.warnings == (f"{path}: its first page, 32x24, is a thumbnail; 128x96 was read.",)


@pytest.mark.parametrize("mark", [REDUCED, {}])
def test_a_thumbnail_behind_the_picture_is_no_matter(tmp_path, mark):
    picture = load_picture(pages(tmp_path / "a.tif", (LARGE, {}), (SMALL, mark)))
    np.testing.assert_array_equal(picture.stored[0, 0], LARGE)
    assert picture.warnings == ()


MOSAIC = {"photometric": tifffile.PHOTOMETRIC.CFA}
LINEAR = {"photometric": tifffile.PHOTOMETRIC.LINEAR_RAW}
DNG = {"extratags": [(50706, "B", 4, b"\1\4\0\0", True)]}


@pytest.mark.parametrize(
    "shown",
    [
        [(SMALL, REDUCED), (LARGE.astype(np.uint16), MOSAIC)],
        [(SMALL, REDUCED), (SMALL, REDUCED), (np.stack([LARGE] * 3, -1), LINEAR)],
        [(LARGE, MOSAIC)],
        [(LARGE, DNG)],
    ],
    ids=["mosaic", "linear", "mosaic alone", "DNG"],
)
def test_a_raw_file_is_to_be_developed_first(tmp_path, shown):
    path = pages(tmp_path / "a.dng", *shown, below=len(shown) > 1)
    with pytest.raises(InputError, match=r"a.dng: is a camera's raw file; develop it to a 16-bit TIFF first"):
        load_picture(path)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_values_are_refused(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", values(8).astype(dtype))
    with pytest.raises(
        InputError, match=rf"a.tif: its values are complex \({dtype}\), those of pictures are real"
    ):
        load_picture(tmp_path / "a.tif")


def test_a_value_without_axes_is_no_picture(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.uint8(7))
    with pytest.raises(InputError, match=r"a.tif: holds no picture"):
        load_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", [">u2", ">f4", ">i4"])
def test_an_array_of_another_machine_is_the_same_picture(tmp_path, dtype):
    stored = values(12)
    np.save(tmp_path / "ours.npy", stored.astype(np.dtype(dtype).newbyteorder("=")))
    np.save(tmp_path / "theirs.npy", stored.astype(dtype))
    ours, theirs = (load_picture(tmp_path / name) for name in ("ours.npy", "theirs.npy"))
    np.testing.assert_array_equal(ours.frames[0], theirs.frames[0])
    assert ours.encoding == theirs.encoding
