"""`dipcli upscale`: a larger picture in the format of the small one."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.commands import pixels_of, record_of, save_noisy, sentence_of


@pytest.fixture
def small(tmp_path):
    """A 20 x 16 colour picture: a ramp."""
    ramp = np.linspace(40, 220, 16 * 20 * 3).reshape(16, 20, 3)
    Image.fromarray(ramp.round().astype(np.uint8)).save(tmp_path / "small.png")
    return tmp_path / "small.png"


def test_the_path_of_the_output_is_all_that_stdout_says(upscale, small, tmp_path):
    done = upscale(small, "-o", tmp_path / "large.png")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'large.png'}\n"


def test_without_a_factor_each_side_is_doubled(upscale, small, tmp_path):
    upscale(small, "-o", tmp_path / "large.png")
    after = pixels_of(tmp_path / "large.png")
    assert after.shape == (32, 40, 3)
    assert after.dtype == np.uint8


@pytest.mark.parametrize(("factor", "shape"), [("1.5", (24, 30, 3)), ("1.3", (21, 26, 3)), ("3", (48, 60, 3))])
def test_each_side_grows_by_the_factor(upscale, small, tmp_path, factor, shape):
    assert upscale(small, "--factor", factor, "-o", tmp_path / "large.png").exit_code == 0
    assert pixels_of(tmp_path / "large.png").shape == shape
    assert record_of(tmp_path / "large.png")["decisions"]["size"] == f"{shape[1]}x{shape[0]}"


def test_reduced_again_the_output_is_the_input(upscale, small, tmp_path):
    upscale(small, "-o", tmp_path / "large.png")
    with Image.open(tmp_path / "large.png") as large:
        again = np.asarray(large.resize((20, 16), Image.Resampling.BICUBIC))
    rmse = np.sqrt(np.mean((again / 255 - pixels_of(small) / 255) ** 2))
    assert rmse < 0.01
    # Pillow rounds to 8 bits twice more.
    assert record_of(tmp_path / "large.png")["metrics"]["consistency_rmse"] == pytest.approx(rmse, abs=2 / 255)


def test_the_record_says_what_was_done(upscale, small, tmp_path):
    upscale(small, "--kernel", "lanczos3", "-o", tmp_path / "large.png")
    record = record_of(tmp_path / "large.png")
    assert record["command"] == "upscale"
    assert (record["options"]["factor"], record["options"]["kernel"]) == (2.0, "lanczos3")
    assert record["decisions"] == {"size": "40x32", "kernel": "lanczos3", "noise": "hardly any"}
    assert record["classical"] == {"method": "patch groups"}
    assert set(record["metrics"]) == {"consistency_rmse"}
    assert record["input"]["shape"] == [16, 20, 3]


@pytest.mark.parametrize("kernel", ["box", "bilinear", "hamming", "bicubic", "lanczos2"])
def test_every_kernel_runs(upscale, small, tmp_path, kernel):
    flags = ("--kernel", kernel, "--factor", "1.5")
    assert upscale(small, *flags, "-o", tmp_path / "large.png").exit_code == 0
    assert record_of(tmp_path / "large.png")["metrics"]["consistency_rmse"] < 0.02


def test_sixteen_bits_stay_sixteen(upscale, tmp_path):
    deep = np.linspace(9000, 50000, 16 * 20).reshape(16, 20).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert upscale(tmp_path / "deep.png", "--factor", "1.5", "-o", tmp_path / "large.png").exit_code == 0
    after = pixels_of(tmp_path / "large.png")
    assert after.dtype == np.uint16
    assert after.shape == (24, 30)
    assert len(np.unique(after)) > 256


def test_floats_stay_floats_on_their_own_scale(upscale, tmp_path):
    values = np.linspace(-300, 900, 16 * 20, dtype=np.float32).reshape(16, 20)
    tifffile.imwrite(tmp_path / "small.tif", values)
    assert upscale(tmp_path / "small.tif", "--factor", "1.5", "-o", tmp_path / "large.tif").exit_code == 0
    after = tifffile.imread(tmp_path / "large.tif")
    assert (after.dtype, after.shape) == (np.float32, (24, 30))
    assert after.mean() == pytest.approx(300, abs=20)


def test_transparency_grows_too(upscale, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (16, 20, 4), dtype=np.uint8)
    pixels[..., 3] = np.where(np.arange(20) < 10, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "glass.png")
    assert upscale(tmp_path / "glass.png", "--factor", "1.5", "-o", tmp_path / "large.png").exit_code == 0
    alpha = pixels_of(tmp_path / "large.png")[..., 3]
    assert alpha.shape == (24, 30)
    assert (alpha[:, :13] == 0).all()
    assert (alpha[:, -13:] == 255).all()


def test_the_printed_size_stays_the_same(upscale, small, tmp_path):
    Image.open(small).save(tmp_path / "print.png", dpi=(100, 200))
    upscale(tmp_path / "print.png", "--factor", "1.5", "-o", tmp_path / "large.png")
    with Image.open(tmp_path / "large.png") as large:
        assert large.info["dpi"] == pytest.approx((150, 300), abs=0.1)


def test_the_pixels_of_a_tiff_become_smaller(upscale, tmp_path):
    values = np.linspace(0, 255, 16 * 20).reshape(16, 20).astype(np.uint8)
    tifffile.imwrite(tmp_path / "small.tif", values, resolution=(10, 20), resolutionunit="CENTIMETER")
    upscale(tmp_path / "small.tif", "--factor", "1.5", "-o", tmp_path / "large.tif")
    with tifffile.TiffFile(tmp_path / "large.tif") as tiff:
        assert tiff.pages[0].get_resolution("CENTIMETER") == pytest.approx((15, 30))


def test_missing_values_are_tolerated(upscale, tmp_path):
    values = np.linspace(0, 1, 16 * 20, dtype=np.float32).reshape(16, 20)
    values[4:6, 5:9] = np.nan
    np.save(tmp_path / "small.npy", values)
    done = upscale(tmp_path / "small.npy", "--factor", "1.5", "-o", tmp_path / "large.npy")
    assert done.exit_code == 0, done.stderr
    assert "not finite" in done.stderr
    assert np.isfinite(np.load(tmp_path / "large.npy")).all()


@pytest.mark.parametrize(
    ("shape", "flags", "expected"),
    [
        ((40,), ("--factor", "2.5"), (100,)),
        ((2, 16, 18), ("--factor", "1.25"), (2, 20, 22)),
        ((16, 16, 17), ("--factor", "1.25", "--volume"), (20, 20, 21)),
    ],
    ids=["signal", "stack", "volume"],
)
def test_signals_stacks_and_volumes_grow(upscale, tmp_path, shape, flags, expected):
    np.save(tmp_path / "small.npy", np.random.default_rng(0).random(shape, dtype=np.float32))
    done = upscale(tmp_path / "small.npy", *flags, "-o", tmp_path / "large.npy")
    assert done.exit_code == 0, done.stderr
    assert np.load(tmp_path / "large.npy").shape == expected


def test_the_spread_has_the_size_of_the_output(program, small, tmp_path):
    flags = ("--factor", "1.5", "--iterations", "2", "--runs", "2")
    program("upscale", small, *flags, "-o", tmp_path / "large.png")
    assert tifffile.imread(tmp_path / "large.spread.tif").shape == (24, 30, 3)


def test_a_large_reference_scores_the_output(upscale, small, tmp_path):
    large = save_noisy(tmp_path / "truth.png", (32, 40, 3))
    assert upscale(small, "--reference", large, "-o", tmp_path / "large.png").exit_code == 0
    expected = {"consistency_rmse", "psnr_db", "ssim", "classical_psnr_db", "data_range"}
    assert set(record_of(tmp_path / "large.png")["metrics"]) == expected


def test_a_reference_of_the_input_s_size_is_refused(upscale, small, tmp_path):
    done = upscale(small, "--reference", small, "-o", tmp_path / "large.png", "--log-level", "warning")
    assert "the reference is 20x16 with 3 channel(s), but the result will be 40x32" in sentence_of(done, 2)
    assert not list(tmp_path.glob("large*"))


@pytest.mark.parametrize(
    "flags",
    [("--factor", "1"), ("--factor", "0.5"), ("--factor", "twice"), ("--kernel", "gauss"), ("--mask", "m.png")],
)
def test_options_that_do_not_fit_are_a_usage_error(upscale, small, tmp_path, flags):
    assert upscale(small, "-o", tmp_path / "large.png", *flags).exit_code == 2
    assert not (tmp_path / "large.png").exists()


def test_a_factor_of_one_says_what_to_give(upscale, small, tmp_path):
    done = upscale(small, "--factor", "1", "-o", tmp_path / "large.png")
    assert "--factor 1 enlarges nothing; give a number above 1." in done.stderr


def test_a_factor_that_adds_no_pixel_is_one_sentence(upscale, small, tmp_path):
    done = upscale(small, "--factor", "1.01", "-o", tmp_path / "large.png")
    assert "small.png: --factor 1.01 adds no pixel to a side of 16" in sentence_of(done, 2)


def test_a_folder_is_upscaled_into_another(upscale, tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        save_noisy(tmp_path / "in" / name, (16, 17, 3))
    assert upscale("-r", tmp_path / "in", "--factor", "1.5", "-o", tmp_path / "out").exit_code == 0
    assert [pixels_of(tmp_path / "out" / name).shape for name in ("a.png", "sub/b.png")] == [(24, 26, 3)] * 2


def test_the_input_is_never_touched(upscale, small, tmp_path):
    before = small.read_bytes()
    upscale(small, "--factor", "1.5", "-o", tmp_path / "large.png")
    assert small.read_bytes() == before
