"""`dipcli inpaint`: what is missing is filled in, and what is known is written as it was."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from dipcli.errors import InputError
from tests.commands import pixels_of, record_of, save_hole, save_noisy, sentence_of


@pytest.fixture
def mask(tmp_path):
    save_hole(tmp_path / "mask.png")
    return tmp_path / "mask.png"


@pytest.fixture
def hole(mask):
    return pixels_of(mask) > 0


def test_the_path_of_the_output_is_all_that_stdout_says(inpaint, noisy, mask, tmp_path):
    done = inpaint(noisy, "--mask", mask, "-o", tmp_path / "whole.png")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'whole.png'}\n"
    assert pixels_of(tmp_path / "whole.png").shape == (20, 24, 3)


def test_known_pixels_of_8_bits_come_back_bit_for_bit(inpaint, noisy, mask, hole, tmp_path):
    inpaint(noisy, "--mask", mask, "-o", tmp_path / "whole.png")
    before, after = pixels_of(noisy), pixels_of(tmp_path / "whole.png")
    assert after.dtype == np.uint8
    assert (after[~hole] == before[~hole]).all()
    assert (after[hole] != before[hole]).any()


def test_known_pixels_of_16_bits_come_back_bit_for_bit(inpaint, mask, hole, tmp_path):
    deep = np.random.default_rng(0).integers(0, 65536, (20, 24), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert inpaint(tmp_path / "deep.png", "--mask", mask, "-o", tmp_path / "whole.png").exit_code == 0
    after = pixels_of(tmp_path / "whole.png")
    assert after.dtype == np.uint16
    assert (after[~hole] == deep[~hole]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_of_floats_what_is_no_number_is_missing_without_a_mask(inpaint, hole, tmp_path, dtype):
    values = np.random.default_rng(0).normal(300, 70, (20, 24)).astype(dtype)
    values[hole] = np.nan
    tifffile.imwrite(tmp_path / "holed.tif", values)
    done = inpaint(tmp_path / "holed.tif", "-o", tmp_path / "whole.tif")
    assert done.exit_code == 0, done.stderr
    after = tifffile.imread(tmp_path / "whole.tif")
    assert after.dtype == dtype
    assert (after[~hole] == values[~hole]).all()
    assert np.isfinite(after).all()


def test_what_lies_under_the_mask_does_not_matter(inpaint, noisy, mask, hole, tmp_path):
    other = pixels_of(noisy).copy()
    other[hole] = 0
    for folder, values in (("a", pixels_of(noisy)), ("b", other)):
        (tmp_path / folder).mkdir()
        Image.fromarray(values).save(tmp_path / folder / "same.png")
        inpaint(tmp_path / folder / "same.png", "--mask", mask, "-o", tmp_path / f"{folder}.png")
    assert (pixels_of(tmp_path / "a.png") == pixels_of(tmp_path / "b.png")).all()


def test_a_jpeg_is_written_as_png_with_its_known_pixels(inpaint, noisy, mask, hole, tmp_path):
    Image.open(noisy).save(tmp_path / "photo.jpg")
    inpaint(tmp_path / "photo.jpg", "--mask", mask, "-o", tmp_path / "whole.png")
    assert (pixels_of(tmp_path / "whole.png") == pixels_of(tmp_path / "photo.jpg"))[~hole].all()


def test_inverted_black_is_missing(inpaint, noisy, hole, tmp_path):
    Image.fromarray(np.where(hole, 0, 255).astype(np.uint8)).save(tmp_path / "inverted.png")
    flags = ("--mask", tmp_path / "inverted.png", "--mask-invert")
    assert inpaint(noisy, *flags, "-o", tmp_path / "whole.png").exit_code == 0
    is_same = pixels_of(tmp_path / "whole.png") == pixels_of(noisy)
    assert is_same[~hole].all()
    assert not is_same[hole].all()


def test_transparent_pixels_are_filled_and_become_opaque(inpaint, hole, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (20, 24, 4), dtype=np.uint8)
    pixels[..., 3] = np.where(hole, 0, 200)
    Image.fromarray(pixels).save(tmp_path / "glass.png")
    assert inpaint(tmp_path / "glass.png", "--mask", "alpha", "-o", tmp_path / "whole.png").exit_code == 0
    after = pixels_of(tmp_path / "whole.png")
    assert (after[..., 3] == 255).all()
    assert (after[~hole, :3] == pixels[~hole, :3]).all()


def test_saturated_pixels_are_found_and_filled(inpaint, tmp_path):
    random = np.random.default_rng(0)
    pixels = np.tile(np.linspace(90, 150, 48).astype(np.uint8), (48, 1))
    pixels[random.random((48, 48)) < 0.1] = 255
    struck = pixels == 255
    Image.fromarray(pixels).save(tmp_path / "struck.png")
    flags = ("--mask", "auto-saturated", "-o", tmp_path / "whole.png")
    assert inpaint(tmp_path / "struck.png", *flags).exit_code == 0
    after = pixels_of(tmp_path / "whole.png")
    assert (after[~struck] == pixels[~struck]).all()
    assert (after[struck] < 200).all()


def test_blending_changes_known_pixels_near_the_seam_alone(inpaint, noisy, mask, hole, tmp_path):
    inpaint(noisy, "--mask", mask, "--blend", "2", "-o", tmp_path / "whole.png")
    differs = (pixels_of(tmp_path / "whole.png") != pixels_of(noisy)).any(2)
    near = np.zeros_like(hole)
    near[1:9, 3:18] = True  # the hole is 3:7, 5:16
    assert not differs[~near].any()
    assert differs[near & ~hole].any()


def test_denoising_changes_the_known_pixels_too(inpaint, noisy, mask, hole, tmp_path):
    inpaint(noisy, "--mask", mask, "--denoise", "--sigma", "0.1", "-o", tmp_path / "whole.png")
    assert (pixels_of(tmp_path / "whole.png") != pixels_of(noisy))[~hole].mean() > 0.5


def test_noisy_known_pixels_are_warned_about(inpaint, noisy, mask, tmp_path):
    done = inpaint(noisy, "--mask", mask, "--sigma", "0.1", "-o", tmp_path / "whole.png")
    assert "--denoise restores them too" in done.stderr
    assert "--denoise restores them too" in record_of(tmp_path / "whole.png")["warnings"][0]


def test_the_record_says_what_was_missing_and_how_it_was_filled(inpaint, noisy, mask, hole, tmp_path):
    inpaint(noisy, "--mask", mask, "-o", tmp_path / "whole.png")
    record = record_of(tmp_path / "whole.png")
    assert record["command"] == "inpaint"
    assert record["options"]["mask"] == str(mask)
    assert record["decisions"]["missing"].startswith(f"{hole.mean():.1%} of the values, strokes")
    assert record["decisions"]["recipe"] == "strokes"
    assert record["classical"]["method"].startswith("filling")
    assert "%" in record["decisions"]["filling"]
    assert "engine" not in record
    assert record["metrics"] == {}


def test_the_decisions_are_said(inpaint, noisy, mask, tmp_path):
    done = inpaint(noisy, "--mask", mask, "-o", tmp_path / "whole.png")
    assert "of the values, strokes" in done.stderr
    assert "recipe strokes" in done.stderr


@pytest.mark.parametrize("recipe", ["scattered", "strokes", "holes"])
def test_the_recipe_can_be_chosen(inpaint, noisy, mask, tmp_path, recipe):
    flags = ("--recipe", recipe, "--width", "8,8", "-o", tmp_path / "whole.png")
    assert inpaint(noisy, "--mask", mask, *flags).exit_code == 0
    record = record_of(tmp_path / "whole.png")
    assert record["decisions"]["recipe"] == recipe
    assert ("engine" in record) == (recipe == "holes")
    if recipe == "holes":
        assert record["engine"]["prior"]["seed_kind"] == "meshgrid"
        assert record["decisions"]["network"].endswith(
            "of what was missing, by known values that were hidden from it"
        )


def test_with_a_reference_the_missing_pixels_are_scored(inpaint, noisy, mask, hole, tmp_path):
    holed = pixels_of(noisy).copy()
    holed[hole] = 0
    Image.fromarray(holed).save(tmp_path / "holed.png")
    inpaint(tmp_path / "holed.png", "--mask", mask, "--reference", noisy, "-o", tmp_path / "whole.png")
    metrics = record_of(tmp_path / "whole.png")["metrics"]
    expected = {
        "psnr_db",
        "ssim",
        "classical_psnr_db",
        "missing_psnr_db",
        "classical_missing_psnr_db",
        "data_range",
    }
    assert set(metrics) == expected
    difference = pixels_of(tmp_path / "whole.png")[hole] / 255 - pixels_of(noisy)[hole] / 255
    assert metrics["missing_psnr_db"] == pytest.approx(-10 * np.log10((difference**2).mean()), abs=0.05)
    # The known pixels are exact: all of the error is on the missing ones.
    assert metrics["psnr_db"] == pytest.approx(metrics["missing_psnr_db"] - 10 * np.log10(hole.mean()), abs=1e-3)


def test_a_mask_of_another_size_is_one_sentence(inpaint, noisy, tmp_path):
    save_hole(tmp_path / "mask.png", (20, 23))
    done = inpaint(noisy, "--mask", tmp_path / "mask.png", "-o", tmp_path / "whole.png")
    assert "the mask is 23x20, but the picture is 24x20" in sentence_of(done, 2)
    assert not list(tmp_path.glob("whole*"))


def test_a_mask_that_is_not_there_is_one_sentence(inpaint, noisy, tmp_path):
    done = inpaint(noisy, "--mask", tmp_path / "nowhere.png", "-o", tmp_path / "whole.png")
    assert "nowhere.png: there is no such file" in sentence_of(done)


def test_without_anything_missing_the_convention_is_said(inpaint, noisy, tmp_path):
    sentence = sentence_of(inpaint(noisy, "-o", tmp_path / "whole.png"), 2)
    assert "noisy.png: nothing is missing; give --mask a file, where white means missing" in sentence


def test_a_picture_without_transparency_is_one_sentence(inpaint, noisy, tmp_path):
    done = inpaint(noisy, "--mask", "alpha", "-o", tmp_path / "whole.png")
    assert "noisy.png: has no transparency to be a mask" in sentence_of(done, 2)


def test_a_picture_without_saturated_pixels_is_one_sentence(inpaint, noisy, tmp_path):
    done = inpaint(noisy, "--mask", "auto-saturated", "-o", tmp_path / "whole.png")
    assert "noisy.png: --mask auto-saturated (salt and pepper) marks nothing" in sentence_of(done)


@pytest.fixture
def folders(tmp_path):
    """Two pictures, one of them in a sub-folder, and their masks: of other formats, and of other places."""
    holes = {}
    for name, mask in (("a.png", "a.bmp"), ("sub/b.png", "sub/b.png")):
        for folder, file in (("in", name), ("masks", mask)):
            (tmp_path / folder / file).parent.mkdir(parents=True, exist_ok=True)
            if folder == "in":
                save_noisy(tmp_path / folder / file)
            else:
                hole = np.roll(save_hole(tmp_path / folder / file), len(holes), axis=0)
                Image.fromarray(hole.astype(np.uint8) * np.uint8(255)).save(tmp_path / folder / file)
                holes[name] = hole
    return holes


def test_a_folder_of_masks_goes_with_a_folder_of_pictures(inpaint, folders, tmp_path):
    done = inpaint("-r", tmp_path / "in", "--mask", tmp_path / "masks", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    for name, hole in folders.items():
        is_same = pixels_of(tmp_path / "out" / name) == pixels_of(tmp_path / "in" / name)
        assert is_same[~hole].all()
        assert not is_same[hole].all()


def test_a_picture_whose_mask_is_not_in_the_folder_does_not_stop_the_others(inpaint, folders, tmp_path):
    (tmp_path / "masks" / "a.bmp").unlink()
    done = inpaint("-r", tmp_path / "in", "--mask", tmp_path / "masks", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stdout == f"{tmp_path / 'out' / 'sub' / 'b.png'}\n"
    assert "there is no mask of this name; white means missing" in done.stderr


def test_one_mask_serves_all_frames_of_a_stack(inpaint, mask, hole, tmp_path):
    pages = np.random.default_rng(0).integers(0, 255, (2, 20, 24), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "stack.tif", pages, photometric="minisblack")
    assert inpaint(tmp_path / "stack.tif", "--mask", mask, "-o", tmp_path / "whole.tif").exit_code == 0
    after = tifffile.imread(tmp_path / "whole.tif")
    assert (after == pages)[:, ~hole].all()
    assert len(record_of(tmp_path / "whole.tif")["frames"]) == 2


def test_a_signal_is_filled(inpaint, tmp_path):
    signal = np.sin(np.linspace(0, 20, 300)).astype(np.float32)
    signal[100:110] = np.nan
    np.save(tmp_path / "signal.npy", signal)
    assert inpaint(tmp_path / "signal.npy", "-o", tmp_path / "whole.npy").exit_code == 0
    after = np.load(tmp_path / "whole.npy")
    assert (after == signal).sum() == 290
    assert np.isfinite(after).all()


@pytest.mark.parametrize("flags", [("--blend", "-1"), ("--recipe", "cracks"), ("--classical", "2")])
def test_options_that_do_not_fit_are_a_usage_error(inpaint, noisy, mask, tmp_path, flags):
    assert inpaint(noisy, "--mask", mask, "-o", tmp_path / "whole.png", *flags).exit_code == 2
    assert not (tmp_path / "whole.png").exists()


def test_neither_the_picture_nor_the_mask_is_touched(inpaint, noisy, mask, tmp_path):
    before = noisy.read_bytes(), mask.read_bytes()
    inpaint(noisy, "--mask", mask, "-o", tmp_path / "whole.png")
    assert (noisy.read_bytes(), mask.read_bytes()) == before


def test_white_paper_is_filled_with_white(inpaint, tmp_path):
    page = np.full((64, 64), 255, np.uint8)
    page[30:35, 30:50] = 0
    Image.fromarray(page).save(tmp_path / "page.png")
    mask = np.zeros((64, 64), np.uint8)
    mask[:3, :3] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    inpaint(tmp_path / "page.png", "--mask", tmp_path / "mask.png", "-o", tmp_path / "whole.png")
    assert pixels_of(tmp_path / "whole.png")[:3, :3].min() > 200


def test_the_record_has_the_options_that_were_used(inpaint, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 24), dtype=np.uint8)).save(tmp_path / "a.png")
    mask = np.zeros((24, 24), np.uint8)
    mask[4:8, 4:8] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    inpaint(
        tmp_path / "a.png",
        "--mask",
        tmp_path / "m.png",
        "-o",
        tmp_path / "b.png",
        "--recipe",
        "holes",
        "--width",
        "4",
    )
    record = record_of(tmp_path / "b.png")
    assert record["decisions"]["recipe"] == "holes"
    assert (record["options"]["classical"], record["options"]["tv_weight"]) == (None, 0.0)


def test_what_lies_under_the_mask_of_floats_does_not_matter(inpaint, tmp_path):
    random = np.random.default_rng(0)
    clean = np.tile(np.linspace(0.1, 0.9, 24, dtype=np.float32), (20, 1))
    hole = random.random(clean.shape) < 0.3
    Image.fromarray(hole.astype(np.uint8) * np.uint8(255)).save(tmp_path / "m.png")
    tifffile.imwrite(tmp_path / "a.tif", np.where(hole, np.float32(-9999), clean))
    inpaint(tmp_path / "a.tif", "--mask", tmp_path / "m.png", "-o", tmp_path / "b.tif")
    assert np.abs(tifffile.imread(tmp_path / "b.tif") - clean).max() < 0.2


def test_a_page_without_anything_missing_does_not_stop_a_stack(inpaint, tmp_path):
    pages = np.random.default_rng(0).random((5, 20, 24), dtype=np.float32)
    pages[1, 5:8, 5:8] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    assert inpaint(tmp_path / "a.tif", "-o", tmp_path / "b.tif").exit_code == 0


def save_scratched(path, scene):
    """A picture with two white strokes; returns where these are."""
    values = (scene(3, 96, 120).numpy() * 255).astype(np.uint8)
    scratch = np.zeros((96, 120), bool)
    scratch[20:22, 8:100] = scratch[10:90, 60:62] = True
    values[:, scratch] = 255
    Image.fromarray(values.transpose(1, 2, 0)).save(path)
    return scratch


def test_scratches_are_found_shown_and_filled_in(program, scene, tmp_path):
    scratch = save_scratched(tmp_path / "print.png", scene)
    done = program(
        "inpaint", tmp_path / "print.png", "--mask", "auto-scratches", "--show-mask", "-o", tmp_path / "whole.png"
    )
    assert done.exit_code == 0
    mask = pixels_of(tmp_path / "whole.mask.png") > 0
    assert mask[scratch].mean() > 0.8
    assert mask[~scratch].mean() < 0.06
    assert "--mask auto-scratches marks" in done.stderr
    assert "look at it with --show-mask" in done.stderr
    assert pixels_of(tmp_path / "whole.png")[scratch].mean() < 220
    assert record_of(tmp_path / "whole.png")["outputs"]["mask"].endswith("whole.mask.png")


def test_the_mask_that_was_shown_can_be_given(program, scene, tmp_path):
    save_scratched(tmp_path / "print.png", scene)
    flags = ("--mask", "auto-scratches", "--show-mask", "-o", tmp_path / "one.png")
    program("inpaint", tmp_path / "print.png", *flags)
    program("inpaint", tmp_path / "print.png", "--mask", tmp_path / "one.mask.png", "-o", tmp_path / "other.png")
    np.testing.assert_array_equal(pixels_of(tmp_path / "one.png"), pixels_of(tmp_path / "other.png"))


def test_a_picture_without_scratches_is_said(program, noisy, tmp_path):
    done = program("inpaint", noisy, "--mask", "auto-scratches", "--show-mask", "-o", tmp_path / "whole.png")
    assert "marks nothing as missing; there is nothing to fill in" in sentence_of(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["noisy.png"]


def test_the_mask_is_there_before_anything_is_computed(program, scene, tmp_path, monkeypatch):
    save_scratched(tmp_path / "print.png", scene)

    def fail(*_):
        assert (tmp_path / "whole.mask.png").is_file()
        raise InputError("print.png: looked at.")

    monkeypatch.setattr("dipcli.pipeline.process.compute", fail)
    flags = ("--mask", "auto-scratches", "--show-mask", "-o", tmp_path / "whole.png")
    assert "looked at" in program("inpaint", tmp_path / "print.png", *flags).stderr
    monkeypatch.undo()
    monkeypatch.setenv("DIPCLI_REPORT", "0")
    assert program("inpaint", tmp_path / "print.png", *flags).exit_code == 0


def test_a_mask_of_another_is_not_written_over(program, scene, tmp_path):
    save_scratched(tmp_path / "print.png", scene)
    (tmp_path / "whole.mask.png").write_bytes(b"mine")
    flags = ("--mask", "auto-scratches", "--show-mask", "-o", tmp_path / "whole.png")
    assert program("inpaint", tmp_path / "print.png", *flags).exit_code == 2
    assert (tmp_path / "whole.mask.png").read_bytes() == b"mine"


def test_more_than_scratches_cover_must_be_looked_at(program, scene, tmp_path, monkeypatch):
    save_scratched(tmp_path / "print.png", scene)
    monkeypatch.setattr("dipcli.pictures.mask_option.MUCH", 0.001)
    flags = ("--mask", "auto-scratches", "-o", tmp_path / "whole.png")
    assert "more than scratches usually cover" in sentence_of(program("inpaint", tmp_path / "print.png", *flags))
    assert program("inpaint", tmp_path / "print.png", *flags, "--show-mask").exit_code == 0
