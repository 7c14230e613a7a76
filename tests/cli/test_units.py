"""The result does not depend on the unit or the offset of the data, nor on what is stored for missing values."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image
from scans import sampled_kspace

from tests.commands import record_of

QUICK = ("--iterations", "2", "--runs", "1", "--threads", "1")
ALONE = ("--classical", "1", *QUICK)
SIDE = 40
SIGMA = 8.0


def counts(seed=0, side=SIDE):
    """A picture of about 300 counts, and the same with noise, rounded."""
    y, x = np.mgrid[:side, :side]
    clean = 300 + 60 * np.sin(x / 9) + 40 * np.cos(y / 11)
    return clean, np.rint(clean + np.random.default_rng(seed).normal(0, SIGMA, clean.shape))


def error(values, clean):
    return float(np.sqrt(np.mean((np.asarray(values, np.float64) - clean) ** 2)))


@pytest.fixture
def restored(program, tmp_path):
    """`restored(array, command, ...)`: the values that come back, by way of TIFF files."""

    def run(array, command="denoise", *flags):
        tifffile.imwrite(tmp_path / "a.tif", array)
        done = program(command, tmp_path / "a.tif", "-o", tmp_path / "b.tif", *(flags or ALONE), "--overwrite")
        assert done.exit_code == 0, done.stderr
        return tifffile.imread(tmp_path / "b.tif")

    return run


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64"])
def test_scaled_values_have_the_scaled_result(restored, dtype):
    _, noisy = counts()
    small, factor = (noisy - 150) / 2, 2 if dtype == "uint8" else 3
    small = np.rint(small).clip(0, 127).astype(dtype)
    once, scaled = restored(small), restored((small * np.dtype(dtype).type(factor)).astype(dtype))
    assert once.dtype == scaled.dtype == dtype
    is_whole = np.issubdtype(dtype, np.integer)
    assert np.abs(scaled.astype(float) - factor * once.astype(float)).max() <= (
        factor / 2 + 0.5 if is_whole else 0.02
    )


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
def test_shifted_values_have_the_shifted_result(restored, dtype):
    _, noisy = counts()
    once, shifted = (restored((noisy + offset).astype(dtype)).astype(float) for offset in (0, 1000))
    assert error(shifted - 1000, once) < SIGMA / 10


@pytest.mark.parametrize("dtype", ["uint16", "int32", "float32"])
def test_small_counts_in_many_bits_are_denoised(restored, dtype):
    clean, noisy = counts()
    assert error(restored(noisy.astype(dtype)), clean) < 0.6 * SIGMA


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("upscale", ("--factor", "2", *ALONE)),
        ("deblur", ("--kernel", "gauss:1", "--method", "tv", "--threads", "1")),
    ],
    ids=["upscale", "deblur"],
)
def test_other_restorations_follow_scale_and_offset(restored, command, flags):
    _, noisy = counts()
    once, other = (restored((a * noisy + b).astype(np.float32), command, *flags) for a, b in ((1, 0), (25, 700)))
    assert error((other - 700) / 25, once) < SIGMA / 10


def test_inpainting_follows_scale_and_offset(restored, tmp_path):
    clean, _ = counts()
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[10:14, 8:30] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    flags = ("--mask", tmp_path / "mask.png", *ALONE)
    once, other = (restored((a * clean + b).astype(np.float32), "inpaint", *flags) for a, b in ((1, 0), (25, 700)))
    assert error((other - 700) / 25, once) < 0.1


def test_without_noise_the_input_comes_back(program, tmp_path):
    clean, _ = counts()
    array = clean.astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", array)
    assert program("denoise", tmp_path / "a.tif", "-o", tmp_path / "b.tif", *QUICK).exit_code == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), array)
    record = record_of(tmp_path / "b.tif")
    assert record["decisions"]["network"].startswith("not fitted")
    assert any("the input comes back" in warning for warning in record["warnings"])


@pytest.mark.parametrize("code", [-9999.0, float(np.finfo(np.float32).min), float("nan")])
def test_declared_no_data_is_neither_denoised_nor_taken_for_a_height(program, tmp_path, code):
    clean, noisy = counts()
    heights = noisy.astype(np.float32)
    heights[:, :12] = code
    tags = [(42113, "s", 0, repr(code), True)]
    tifffile.imwrite(tmp_path / "a.tif", heights, extratags=tags, metadata=None)
    assert program("denoise", tmp_path / "a.tif", "-o", tmp_path / "b.tif", *ALONE).exit_code == 0
    found = tifffile.imread(tmp_path / "b.tif")
    np.testing.assert_array_equal(found[:, :12], heights[:, :12])
    assert error(found[:, 14:], clean[:, 14:]) < 0.6 * SIGMA


@pytest.mark.parametrize(("dtype", "code"), [("int16", -32768), ("float32", 1e20), ("uint16", 65535)])
def test_a_usual_code_far_from_all_values_counts_as_missing(restored, dtype, code):
    clean, noisy = counts()
    heights = noisy.astype(dtype)
    heights[5:15, 5:15] = code
    found = restored(heights)
    assert (found[5:15, 5:15] == np.array(code, dtype)).all()
    assert error(found[18:], clean[18:]) < 0.6 * SIGMA


def test_upscaling_keeps_no_data_where_it_was(restored):
    _, noisy = counts()
    heights = noisy.astype(np.float32)
    heights[:, :12] = -9999
    found = restored(heights, "upscale", "--factor", "2", *ALONE)
    assert (found[:, :24] == -9999).all()
    assert (found[:, 24:] > 0).all()


def test_inpainting_fills_no_data(restored):
    clean, noisy = counts()
    heights = noisy.astype(np.float32)
    heights[10:13, 10:20] = -9999
    assert error(restored(heights, "inpaint", *ALONE)[10:13, 10:20], clean[10:13, 10:20]) < 2 * SIGMA


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_hot_pixel_changes_nothing_elsewhere(restored, dtype):
    clean, noisy = counts()
    hot = noisy.astype(dtype)
    hot[20, 20] = 60000
    assert error(restored(hot), clean) < 0.6 * SIGMA


def test_bright_structure_is_no_hot_pixel(restored):
    _, noisy = counts()
    y, x = np.mgrid[:SIDE, :SIDE]
    star = 20000 * np.exp(-((x - 20) ** 2 + (y - 20) ** 2) / 2)
    assert restored((noisy + star).astype(np.float32))[20, 20] > 15000


def test_salt_far_above_all_values_is_removed(restored):
    clean, noisy = counts(side=64)
    struck = np.random.default_rng(1).random(noisy.shape) < 0.05
    assert error(restored(np.where(struck, 65000, noisy).astype(np.uint16)), clean) < 0.8 * SIGMA


def test_scores_are_on_the_scale_of_the_truth(program, tmp_path):
    clean, noisy = counts()
    noisy[3, 3] = 900
    tifffile.imwrite(tmp_path / "a.tif", noisy.astype(np.float32))
    tifffile.imwrite(tmp_path / "t.tif", clean.astype(np.float32))
    paths = (tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--reference", tmp_path / "t.tif")
    program("denoise", *paths, *ALONE)
    metrics, span = record_of(tmp_path / "b.tif")["metrics"], clean.max() - clean.min()
    assert metrics["data_range"] == pytest.approx(span, rel=1e-4)
    expected = 20 * np.log10(span / error(tifffile.imread(tmp_path / "b.tif"), clean))
    assert metrics["psnr_db"] == pytest.approx(expected, abs=0.01)


def test_a_reference_of_more_bits_is_on_the_same_scale(program, tmp_path):
    clean, noisy = counts()
    bits = np.rint((noisy - 150) / 2).clip(0, 255)
    Image.fromarray(bits.astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.rint((clean - 150) / 2 * 257).astype(np.uint16)).save(tmp_path / "t.png")
    paths = (tmp_path / "a.png", "-o", tmp_path / "b.png", "--reference", tmp_path / "t.png")
    done = program("denoise", *paths, *ALONE, "--json")
    assert json.loads(done.stdout)["metrics"]["psnr_db"] > 35


def test_sigma_is_in_the_unit_of_the_file(restored, tmp_path):
    _, noisy = counts()
    restored(noisy.astype(np.float32), "denoise", "--sigma", "8", *ALONE)
    assert record_of(tmp_path / "b.tif")["decisions"]["noise"] == "Gaussian, σ ≈ 8"
    restored(noisy.astype(np.uint16), "denoise", "--sigma", str(8 / 65535), *ALONE)
    assert record_of(tmp_path / "b.tif")["decisions"]["noise"] == "Gaussian, σ ≈ 0.000122"


def test_the_spread_is_in_the_unit_of_the_file(restored, tmp_path):
    _, noisy = counts()
    restored(noisy.astype(np.float32), "denoise", "--classical", "0", "--iterations", "3", "--runs", "2")
    assert 0.1 < tifffile.imread(tmp_path / "b.spread.tif").mean() < 300


def test_a_stack_has_one_law_and_its_spread_has_its_axes(program, tmp_path):
    planes = np.stack([counts(seed)[1] + 40 * seed for seed in range(3)]).astype(np.float32)
    details = {"axes": "TYX", "finterval": 2.5}
    tifffile.imwrite(tmp_path / "a.tif", planes, imagej=True, metadata=details, resolution=(5, 5))
    flags = ("--classical", "0.5", "--iterations", "3", "--runs", "2", "--threads", "1")
    assert program("denoise", tmp_path / "a.tif", "-o", tmp_path / "b.tif", *flags).exit_code == 0
    laws = {frame["decisions"]["noise"] for frame in record_of(tmp_path / "b.tif")["frames"]}
    assert len(laws) == 1
    with tifffile.TiffFile(tmp_path / "b.spread.tif") as spread:
        assert spread.series[0].axes == "TYX"
        assert spread.imagej_metadata["finterval"] == 2.5
        assert spread.pages[0].tags["XResolution"].value == (5, 1)


def test_strength_and_residual_add_up_to_the_input(restored, tmp_path):
    _, noisy = counts()
    array = noisy.astype(np.float32)
    whole = restored(array, "denoise", "--residual", *ALONE)
    np.testing.assert_allclose(whole + tifffile.imread(tmp_path / "b.residual.tif"), array, atol=0.01)
    half = restored(array, "denoise", "--strength", "0.5", *ALONE)
    np.testing.assert_allclose(half, (whole + array) / 2, atol=0.01)


def test_colours_alone_keep_the_brightness(program, tmp_path):
    colours = np.stack([counts(seed)[1] - 150 for seed in range(3)], axis=-1).clip(0, 255).astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", colours, photometric="rgb")
    assert program("denoise", tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--chroma-only", *ALONE).exit_code == 0
    found = tifffile.imread(tmp_path / "b.tif")
    np.testing.assert_allclose(found.mean(-1), colours.mean(-1), atol=0.05)
    assert (found[..., 0] - found[..., 1]).std() < 0.8 * (colours[..., 0] - colours[..., 1]).std()


def test_colours_of_a_gray_picture_are_refused(program, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", counts()[1].astype(np.float32))
    done = program("denoise", tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--chroma-only", *ALONE)
    assert done.exit_code == 2
    assert "has 1 channel(s)" in done.stderr


@pytest.mark.parametrize("command", ["denoise", "upscale"])
def test_the_instant_preset_fits_no_network(program, tmp_path, command):
    tifffile.imwrite(tmp_path / "a.tif", counts()[1].astype(np.float32))
    done = program(command, tmp_path / "a.tif", "-o", tmp_path / "b.tif", "--preset", "instant", "--threads", "1")
    assert done.exit_code == 0
    assert record_of(tmp_path / "b.tif")["ending"] == "classical"


def test_scaled_k_space_has_the_scaled_image(program, tmp_path):
    kspace, found = sampled_kspace()[0], []
    for factor in (1, 1e6):
        folder = tmp_path / f"{factor:g}"
        folder.mkdir()  # seeds follow the name of the file
        np.save(folder / "scan.npy", (factor * kspace).astype(np.complex64))
        done = program(
            "mri", folder / "scan.npy", "-o", folder / "image.npy", "--iterations", "2", "--threads", "1"
        )
        assert done.exit_code == 0, done.stderr
        found.append(np.load(folder / "image.npy"))
    np.testing.assert_allclose(found[1] / 1e6, found[0], rtol=0, atol=1e-3 * found[0].max())
