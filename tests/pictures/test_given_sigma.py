"""A noise level that was given: above white it cannot be meant."""

import numpy as np
import pytest
import tifffile

from tests.commands import record_of, save_hole, save_noisy, sentence_of


@pytest.fixture
def source(tmp_path):
    save_hole(tmp_path / "mask.png")
    return save_noisy(tmp_path / "in.png")


@pytest.mark.parametrize("command", ["denoise", "inpaint", "upscale", "deblur"])
def test_a_level_in_grey_levels_is_refused_with_two_ways_out(program, source, tmp_path, command):
    flags = ("--mask", tmp_path / "mask.png") if command == "inpaint" else ()
    sentence = sentence_of(program(command, source, "-o", tmp_path / "out.png", "--sigma", "25", *flags), 2)
    assert "write --sigma 25/255" in sentence
    assert "leave it out" in sentence
    assert not (tmp_path / "out.png").exists()


def test_a_fraction_of_white_is_taken(denoise, source, tmp_path):
    done = denoise(source, "-o", tmp_path / "out.png", "--sigma", "25/255")
    assert done.exit_code == 0, done.stderr
    assert "σ ≈ 0.098" in record_of(tmp_path / "out.png")["decisions"]["noise"]


def test_of_values_on_a_range_of_their_own_the_unit_is_said(denoise, tmp_path):
    values = np.linspace(100, 900, 24 * 20).reshape(24, 20).astype(np.float32)
    tifffile.imwrite(tmp_path / "in.tif", values)
    done = denoise(tmp_path / "in.tif", "-o", tmp_path / "out.tif", "--sigma", "40", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "--sigma 40 is in the file's own units, whose values go from 100 to 900" in done.stderr
    sentence = sentence_of(denoise(tmp_path / "in.tif", "-o", tmp_path / "out.tif", "--sigma", "1000"), 2)
    assert "whose values go from 100 to 900; give less" in sentence
