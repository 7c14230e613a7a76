"""`dipcli deblur`: the sharp picture, and its kernel beside it."""

import json

import numpy as np
import pytest
import torch
from blurs import blur, hook, middle_of, shapes
from PIL import Image

from tests.commands import pixels_of, record_of, sentence_of

FEW = ("--kernel-size", "9", "--restarts", "0", "--method", "tv", "--iterations", "3", "--threads", "1")


def save(path, picture):
    values = (picture.squeeze(0).numpy() * 255).round().clip(0, 255).astype(np.uint8)
    Image.fromarray(values).save(path)
    return path


@pytest.fixture
def deblur(program):
    """`deblur(path, ...)` with a small window and few iterations."""
    return lambda *arguments: program("deblur", *arguments, *FEW)


@pytest.fixture
def shaken(tmp_path):
    """A blurred gray picture of 100 x 92, its truth and its kernel in files beside it."""
    sharp = shapes(100, 108)
    blurred = blur(sharp, hook())
    save(tmp_path / "truth.png", middle_of(sharp, blurred))
    np.save(tmp_path / "hook.npy", hook().numpy())
    return save(tmp_path / "shaken.png", blurred)


def test_the_path_of_the_output_is_all_that_stdout_says(deblur, shaken, tmp_path):
    done = deblur(shaken, "-o", tmp_path / "sharp.png")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'sharp.png'}\n"


def test_the_kernel_lies_beside_the_picture(deblur, shaken, tmp_path):
    deblur(shaken, "-o", tmp_path / "sharp.png")
    kernel = np.load(tmp_path / "sharp.kernel.npy")
    assert kernel.shape[0] == kernel.shape[1]
    assert kernel.shape[0] % 2 == 1
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    shown = pixels_of(tmp_path / "sharp.kernel.png")
    assert shown.shape == kernel.shape
    assert shown.max() == 65535
    outputs = record_of(tmp_path / "sharp.png")["outputs"]
    assert {"picture", "history", "kernel_npy", "kernel_png"} == set(outputs)


def test_the_kernel_that_was_found_can_be_given(deblur, shaken, tmp_path):
    deblur(shaken, "-o", tmp_path / "sharp.png")
    done = deblur(shaken, "--kernel", tmp_path / "sharp.kernel.npy", "-o", tmp_path / "again.png")
    assert done.exit_code == 0, done.stderr
    apart = np.abs(pixels_of(tmp_path / "again.png").astype(int) - pixels_of(tmp_path / "sharp.png"))
    assert apart.max() <= 1
    record = record_of(tmp_path / "again.png")
    assert (record["ending"], record["iterations"], record["runs"]) == ("classical", 0, [])


@pytest.mark.parametrize("kernel", ["gauss:1.0", "motion:7,30", "disk:2"])
def test_kernels_can_be_drawn(deblur, shaken, tmp_path, kernel):
    done = deblur(shaken, "--kernel", kernel, "-o", tmp_path / "sharp.png")
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "sharp.png")["options"]["kernel"] == kernel


def test_a_turned_kernel_can_be_turned_back(deblur, shaken, tmp_path):
    np.save(tmp_path / "turned.npy", hook().flip(0, 1).numpy())
    deblur(shaken, "--kernel", tmp_path / "hook.npy", "-o", tmp_path / "one.png")
    deblur(shaken, "--kernel", tmp_path / "turned.npy", "--kernel-flip", "-o", tmp_path / "other.png")
    one, other = (pixels_of(tmp_path / name).astype(int) for name in ("one.png", "other.png"))
    assert np.abs(one - other).max() <= 1


def test_scores_are_given_up_to_shift_too(deblur, shaken, tmp_path):
    truth, kernel = tmp_path / "truth.png", tmp_path / "hook.npy"
    deblur(shaken, "-o", tmp_path / "sharp.png", "--reference", truth, "--reference-kernel", kernel)
    metrics = record_of(tmp_path / "sharp.png")["metrics"]
    assert metrics["psnr_up_to_shift_db"] > metrics["input_psnr_up_to_shift_db"] + 3
    assert metrics["psnr_up_to_shift_db"] >= metrics["psnr_db"] - 1  # the border does not count
    assert metrics["kernel_similarity"] > 0.7
    assert metrics["classical_psnr_up_to_shift_db"] > metrics["input_psnr_up_to_shift_db"]


def test_a_sharp_picture_comes_back_with_a_warning(deblur, tmp_path):
    sharp = save(tmp_path / "clear.png", shapes(90, 96))
    done = deblur(sharp, "-o", tmp_path / "out.png")
    assert done.exit_code == 0, done.stderr
    assert "No blur was found" in done.stderr
    assert any("No blur was found" in warning for warning in record_of(tmp_path / "out.png")["warnings"])
    assert np.abs(pixels_of(tmp_path / "out.png").astype(int) - pixels_of(sharp)).max() <= 1


def test_the_record_says_what_was_decided(deblur, shaken, tmp_path):
    deblur(shaken, "-o", tmp_path / "sharp.png")
    record = record_of(tmp_path / "sharp.png")
    assert record["command"] == "deblur"
    assert record["classical"] == {"method": "edges, tv"}
    assert record["decisions"]["kernel_of"] in {"edges and two networks", "edges"}
    assert record["options"]["kernel_size"] == 9


def test_the_record_on_stdout_is_the_one_beside_the_output(deblur, shaken, tmp_path):
    truth = ("--reference-kernel", tmp_path / "hook.npy")
    done = deblur(shaken, "--kernel", "disk:2", *truth, "--json", "-o", tmp_path / "sharp.png")
    assert json.loads(done.stdout) == record_of(tmp_path / "sharp.png")


@pytest.mark.parametrize("preset", ["fast", "balanced", "paper"])
def test_every_preset_runs(program, shaken, tmp_path, preset):
    flags = ("--preset", preset, "--width", "4,4", "--skip-width", "2", "--iterations", "2", "--kernel-size", "9")
    done = program("deblur", shaken, *flags, "--method", "tv", "-o", tmp_path / "sharp.png")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ("--kernel", "gauss:x"),
        ("--kernel", "motion:5"),
        ("--kernel", "disk:0"),
        ("--crop", "1,2"),
        ("--kernel-size", "1"),
        ("--prior", "mlp"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit_are_a_usage_error(program, shaken, tmp_path, flags):
    assert program("deblur", shaken, *flags, "-o", tmp_path / "sharp.png").exit_code == 2
    assert not (tmp_path / "sharp.png").exists()


def test_a_kernel_that_is_not_there_is_one_sentence(program, shaken, tmp_path):
    done = program("deblur", shaken, "--kernel", tmp_path / "none.npy", "-o", tmp_path / "sharp.png")
    assert "none.npy" in sentence_of(done)


def test_colour_and_depth_are_kept(deblur, tmp_path):
    sharp = torch.cat([shapes(80, 90), 1 - shapes(80, 90), shapes(80, 90) ** 2])
    values = (blur(sharp, hook()).movedim(0, -1).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "colour.png")
    assert deblur(tmp_path / "colour.png", "-o", tmp_path / "sharp.png").exit_code == 0
    assert pixels_of(tmp_path / "sharp.png").shape == values.shape


def test_a_folder_is_deblurred_into_another(deblur, shaken, tmp_path):
    (tmp_path / "in").mkdir()
    shaken.rename(tmp_path / "in" / "a.png")
    done = deblur("-r", tmp_path / "in", "--kernel", "gauss:1", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out" / "a.kernel.png").exists()
