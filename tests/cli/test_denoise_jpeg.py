"""`dipcli denoise --jpeg`: the artefacts of compression are removed, within what the file says."""

import re
import sys

import numpy as np
import pytest
import torch
from jpegs import write_jpeg
from PIL import Image

from dipcli.pictures.files.jpeg import read_jpeg
from tests.commands import pixels_of, record_of, sentence_of


@pytest.fixture
def photo(tmp_path, scene):
    """A colour JPEG file of 24 x 32 pixels, and beside it the picture that it was made from."""
    clean = write_jpeg(tmp_path / "photo.jpg", scene(3, 24, 32), quality=30)
    pixels = (clean.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "truth.png")
    return tmp_path / "photo.jpg"


def test_the_path_of_the_output_is_all_that_stdout_says(denoise, photo, tmp_path):
    done = denoise("--jpeg", photo, "-o", tmp_path / "clean.png")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'clean.png'}\n"
    assert pixels_of(tmp_path / "clean.png").shape == (24, 32, 3)


def test_what_is_written_could_have_been_compressed_to_the_same_file(denoise, photo, tmp_path):
    denoise("--jpeg", photo, "-o", tmp_path / "clean.png")
    written = torch.tensor(pixels_of(tmp_path / "clean.png")).permute(2, 0, 1) / 255
    share = read_jpeg(photo).share_inside(written)
    assert share > 0.99
    assert record_of(tmp_path / "clean.png")["metrics"]["share_in_cells"] == pytest.approx(share)


def test_the_record_says_what_was_done(denoise, photo, tmp_path):
    denoise("--jpeg", photo, "-o", tmp_path / "clean.png")
    record = record_of(tmp_path / "clean.png")
    assert record["options"]["jpeg"] is True
    assert record["decisions"]["noise"].startswith("quantisation")
    assert record["decisions"]["loss"] == "distance to the quantisation cells"
    assert set(record["metrics"]) == {"share_in_cells"}


def test_the_result_is_nearer_to_the_truth_than_the_file(program, photo, tmp_path):
    flags = ("--iterations", "40", "--runs", "1", "--threads", "1", "--reference", tmp_path / "truth.png")
    assert program("denoise", "--jpeg", photo, "-o", tmp_path / "clean.png", *flags).exit_code == 0
    metrics = record_of(tmp_path / "clean.png")["metrics"]
    assert set(metrics) > {"share_in_cells", "psnr_db", "input_psnr_db", "classical_psnr_db"}
    assert metrics["psnr_db"] > metrics["input_psnr_db"]


def test_without_the_flag_a_jpeg_is_a_picture_like_others(denoise, photo, tmp_path):
    denoise(photo, "-o", tmp_path / "clean.png")
    record = record_of(tmp_path / "clean.png")
    assert "quantisation" not in record["decisions"]["noise"]
    assert record["metrics"] == {}


def test_a_gray_file_is_restored(denoise, scene, tmp_path):
    write_jpeg(tmp_path / "gray.jpg", scene(1, 24, 32), quality=30)
    assert denoise("--jpeg", tmp_path / "gray.jpg", "-o", tmp_path / "clean.png").exit_code == 0
    assert pixels_of(tmp_path / "clean.png").shape == (24, 32)


def test_a_file_that_lies_is_written_upright(denoise, scene, tmp_path):
    write_jpeg(tmp_path / "lying.jpg", scene(3, 24, 32), quality=30, orientation=6)
    assert denoise("--jpeg", tmp_path / "lying.jpg", "-o", tmp_path / "clean.png").exit_code == 0
    assert pixels_of(tmp_path / "clean.png").shape == (32, 24, 3)
    assert record_of(tmp_path / "clean.png")["metrics"]["share_in_cells"] > 0.99


def test_another_format_is_one_sentence(denoise, noisy, tmp_path):
    done = denoise("--jpeg", noisy, "-o", tmp_path / "clean.png")
    assert "noisy.png: is PNG, not JPEG; leave --jpeg out" in sentence_of(done)
    assert not list(tmp_path.glob("clean*"))


def test_printing_colours_are_one_sentence(denoise, photo, tmp_path):
    Image.open(photo).convert("CMYK").save(tmp_path / "print.jpg")
    done = denoise("--jpeg", tmp_path / "print.jpg", "-o", tmp_path / "clean.png")
    assert "--jpeg takes gray and YCbCr ones" in sentence_of(done)


def test_without_jpeglib_the_extra_is_named(denoise, photo, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    done = denoise("--jpeg", photo, "-o", tmp_path / "clean.png")
    assert "pip install 'dipcli[jpeg]'" in sentence_of(done)


def test_without_jpeglib_files_are_denoised_all_the_same(denoise, photo, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    assert denoise(photo, "-o", tmp_path / "clean.png").exit_code == 0


def test_a_file_of_another_format_does_not_stop_the_batch(denoise, photo, noisy, tmp_path):
    done = denoise("--jpeg", photo, noisy, "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stdout == f"{tmp_path / 'out' / 'photo.jpg'}\n"
    assert re.search(r"2 inputs: 1 done.*, 1 failed, ", done.stderr)
