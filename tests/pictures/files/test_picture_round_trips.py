import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from dipcli.pictures.files.images import load_picture, plain_picture, read_picture, save_picture

SIDE = (24, 20)
SHAPES = {"gray": SIDE, "gray and alpha": (*SIDE, 2), "rgb": (*SIDE, 3), "rgba": (*SIDE, 4)}


def round_trip(path, suffix=""):
    picture = load_picture(path)
    out = path.with_name(f"out{suffix or path.suffix}")
    save_picture(out, picture.frames, picture)
    return picture, out


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("kind", SHAPES)
def test_a_png_returns_bit_by_bit(tmp_path, pixels, kind, dtype):
    array = pixels(SHAPES[kind], dtype)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(array))
    picture, out = round_trip(tmp_path / "a.png")
    written = np.asarray(imagecodecs.png_decode(out.read_bytes()))
    assert written.dtype == dtype
    np.testing.assert_array_equal(written, array)
    assert picture.stored_shape == array.shape
    assert picture.stored_dtype == dtype
    assert picture.frames[0].dtype == np.float32
    assert picture.frames[0].shape == (3 if "rgb" in kind else 1, *SIDE)
    assert (picture.alpha is not None) == (kind in ("gray and alpha", "rgba"))


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_tiff_returns_bit_by_bit(tmp_path, pixels, kind, dtype):
    array = pixels(SHAPES[kind], dtype)
    options = {"photometric": "rgb" if "rgb" in kind else "minisblack", "metadata": None}
    if "a" in kind.removeprefix("gray"):
        options |= {"extrasamples": ["unassalpha"], "planarconfig": "contig"}
    tifffile.imwrite(tmp_path / "a.tif", array, **options)
    picture, out = round_trip(tmp_path / "a.tif")
    with tifffile.TiffFile(out) as tiff:
        written = tiff.asarray()
        assert tiff.series[0].axes == ("YX" if kind == "gray" else "YXS")
        assert len(tiff.pages[0].extrasamples) == (picture.alpha is not None)
    assert written.dtype == dtype
    np.testing.assert_array_equal(written, array)
    assert picture.frames[0].shape == (3 if "rgb" in kind else 1, *SIDE)


def test_a_float64_tiff_keeps_its_type_at_single_precision(tmp_path, pixels):
    array = pixels(SIDE, "float64") * 5000 - 1000
    tifffile.imwrite(tmp_path / "a.tif", array)
    picture, out = round_trip(tmp_path / "a.tif")
    written = tifffile.imread(out)
    assert written.dtype == np.float64
    np.testing.assert_allclose(written, array, atol=5000 * 2**-23)
    assert (picture.encoding.low, picture.encoding.high) == (array.min(), array.max())


@pytest.mark.parametrize("compression", ["zlib", "lzw", "zstd"])
def test_a_compressed_tiff_is_written_compressed(tmp_path, compression):
    array = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    tifffile.imwrite(tmp_path / "a.tif", array, compression=compression, predictor=True)
    _, out = round_trip(tmp_path / "a.tif")
    with tifffile.TiffFile(out) as tiff:
        assert tiff.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        np.testing.assert_array_equal(tiff.asarray(), array)


def test_a_jpeg_is_written_with_full_colour_resolution(tmp_path):
    y, x = np.mgrid[:64, :48]
    array = np.stack([x * 5, y * 3, 255 - x - y], axis=-1).astype(np.uint8)
    Image.fromarray(array).save(tmp_path / "a.jpg", quality=95, subsampling=0)
    picture, out = round_trip(tmp_path / "a.jpg")
    with Image.open(out) as image, Image.open(tmp_path / "a.jpg") as original:
        assert image.layer[0][1:3] == (1, 1)
        difference = np.asarray(image).astype(int) - np.asarray(original)
    assert np.abs(difference).max() <= 4
    assert picture.frames[0].shape == (3, 64, 48)


@pytest.mark.parametrize("kind", ["gray", "rgb"])
def test_a_bmp_returns_bit_by_bit(tmp_path, pixels, kind):
    Image.fromarray(pixels(SHAPES[kind])).save(tmp_path / "a.bmp")
    _, out = round_trip(tmp_path / "a.bmp")
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels(SHAPES[kind]))


@pytest.mark.parametrize("kind", ["rgb", "rgba"])
def test_a_lossless_webp_returns_bit_by_bit(tmp_path, pixels, kind):
    Image.fromarray(pixels(SHAPES[kind])).save(tmp_path / "a.webp", lossless=True, exact=True)
    _, out = round_trip(tmp_path / "a.webp")
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels(SHAPES[kind]))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(40,), SIDE, (*SIDE, 1), (*SIDE, 3), (*SIDE, 4), (5, *SIDE), (5, *SIDE, 3)])
def test_an_array_returns_bit_by_bit(tmp_path, pixels, shape, dtype):
    np.save(tmp_path / "a.npy", pixels(shape, dtype))
    _, out = round_trip(tmp_path / "a.npy")
    written = np.load(out)
    assert written.dtype == dtype
    np.testing.assert_array_equal(written, pixels(shape, dtype))


@pytest.mark.parametrize("dtype", ["int16", "uint32", "int64", "float64", ">u2", ">f4"])
def test_an_array_of_another_type_keeps_it(tmp_path, pixels, dtype):
    array = (pixels(SIDE, "uint16") // 16).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    _, out = round_trip(tmp_path / "a.npy")
    assert np.load(out).dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_allclose(np.load(out), array, atol=4096 * 2**-23)


PRIVATE_FOLDER = HealthCheck.function_scoped_fixture  # each example writes over the last one's files


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[PRIVATE_FOLDER])
@given(data=st.data())
def test_any_array_of_finite_values_returns(tmp_path, data):
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "float32", "float64", "int16"]))
    side = st.integers(16, 18)
    shape = data.draw(st.one_of(st.tuples(side), st.tuples(side, side), st.tuples(side, side, side)))
    finite = {} if np.dtype(dtype).kind in "iu" else {"min_value": -1000, "max_value": 1000}
    array = data.draw(hnp.arrays(dtype, shape, elements=hnp.from_dtype(np.dtype(dtype), **finite)))
    np.save(tmp_path / "a.npy", array)
    picture = read_picture(tmp_path / "a.npy")
    save_picture(tmp_path / "b.npy", picture.frames, picture)
    written = np.load(tmp_path / "b.npy")
    assert (written.dtype, written.shape) == (array.dtype, array.shape)
    # A single-precision [0, 1] spread over the values, or the values themselves: exact for integers of 16 bits.
    tolerance = 0 if np.dtype(dtype).kind in "iu" else (np.ptp(array) + np.abs(array).max()) * 2.0**-23 + 1e-37
    np.testing.assert_allclose(written, array, rtol=0, atol=tolerance)
    assert all(frame.min() >= 0 and frame.max() <= 1 for frame in picture.frames)


def test_the_content_and_not_the_name_tells_the_format(tmp_path, pixels):
    (tmp_path / "a.jpg").write_bytes(imagecodecs.png_encode(pixels(SIDE, "uint16")))
    assert load_picture(tmp_path / "a.jpg").stored_dtype == "uint16"


def test_a_16_bit_picture_becomes_an_8_bit_jpeg(tmp_path):
    array = np.tile(np.arange(0, 65536, 1024, dtype=np.uint16), (64, 1))
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(array))
    _, out = round_trip(tmp_path / "a.png", ".jpg")
    with Image.open(out) as image:
        assert image.mode == "L"
        assert np.abs(np.asarray(image).astype(int) - array / 257).max() <= 3


def test_floats_become_a_16_bit_png_from_lowest_to_highest(tmp_path):
    array = np.linspace(-3, 5, 400, dtype=np.float32).reshape(20, 20)
    tifffile.imwrite(tmp_path / "a.tif", array)
    _, out = round_trip(tmp_path / "a.tif", ".png")
    written = np.asarray(imagecodecs.png_decode(out.read_bytes()))
    np.testing.assert_allclose(written, np.linspace(0, 65535, 400).reshape(20, 20), atol=1)


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".TIFF"])
def test_a_16_bit_colour_png_with_alpha_keeps_all_its_bits_elsewhere(tmp_path, pixels, suffix):
    array = pixels((*SIDE, 4), "uint16")
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(array))
    _, out = round_trip(tmp_path / "a.png", suffix)
    np.testing.assert_array_equal(np.load(out) if suffix == ".npy" else tifffile.imread(out), array)


def test_integers_are_rounded_to_the_nearest_and_clipped(tmp_path, pixels):
    Image.fromarray(pixels(SIDE)).save(tmp_path / "a.png")
    picture = load_picture(tmp_path / "a.png")
    frame = np.full((1, *SIDE), 0.5, np.float32)  # 127.5 rounds to even, 128
    frame[0, 0, :4] = [-0.2, 1.3, 99.6 / 255, 99.4 / 255]
    save_picture(tmp_path / "b.png", [frame], picture)
    with Image.open(tmp_path / "b.png") as image:
        assert np.asarray(image)[0, :5].tolist() == [0, 255, 100, 99, 128]


def test_frames_that_come_from_no_file_can_be_written(tmp_path, pixels):
    kernel = pixels((1, 7, 9), "float32")
    save_picture(tmp_path / "kernel.npy", [kernel], plain_picture([kernel]))
    np.testing.assert_array_equal(np.load(tmp_path / "kernel.npy"), kernel[0])
    volume = pixels((2, 5, 7, 9), "float32")
    save_picture(tmp_path / "volume.tif", [volume], plain_picture([volume]))
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "volume.tif"), np.moveaxis(volume, 0, -1))


def test_saving_does_not_change_the_frames(tmp_path, pixels):
    Image.fromarray(pixels(SIDE)).save(tmp_path / "a.png")
    picture = load_picture(tmp_path / "a.png")
    frame = pixels((1, *SIDE), "float32") * 2 - 0.5
    before = frame.copy()
    save_picture(tmp_path / "b.png", [frame], picture)
    np.testing.assert_array_equal(frame, before)
