import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import save_noisy


def sentences(done) -> list[str]:
    return [line for line in done.stderr.splitlines() if line]


def write_bad(path: Path) -> None:
    """A file for each name that the test below is given."""
    if path.stem == "empty":
        path.write_bytes(b"")
    elif path.stem == "text":
        path.write_text("not a picture")
    elif path.stem == "cut":
        save_noisy(path, (64, 64, 3))
        path.write_bytes(path.read_bytes()[:900])
    elif path.stem == "flat":
        Image.new("RGB", (20, 20), (9, 9, 9)).save(path)
    elif path.stem == "thin":
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 1), dtype=np.uint8)).save(path)
    elif path.stem == "nan":
        np.save(path, np.full((20, 20), np.nan, dtype=np.float32))
    elif path.stem == "folder":
        path.mkdir()


@pytest.mark.parametrize(
    "name", ["missing.png", "empty.png", "text.png", "cut.png", "flat.png", "thin.png", "nan.npy"]
)
def test_a_bad_file_is_one_sentence_and_exit_code_1(denoise, tmp_path, name):
    write_bad(tmp_path / name)
    done = denoise(tmp_path / name, "-o", tmp_path / f"out{Path(name).suffix}")
    assert done.exit_code == 1
    assert len(sentences(done)) == 1
    assert name in done.stderr
    assert done.stderr.rstrip().endswith(".")
    assert done.stdout == ""
    assert not list(tmp_path.glob("out*"))


def test_a_bad_file_does_not_stop_the_batch(denoise, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.png", "c.png"):
        save_noisy(tmp_path / "in" / name)
    (tmp_path / "in" / "b.png").write_bytes(b"")
    done = denoise("-r", tmp_path / "in", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert [Path(line).name for line in done.stdout.splitlines()] == ["a.png", "c.png"]
    assert re.search(r"3 inputs: 2 done.*, 1 failed, ", done.stderr)


def test_an_output_that_exists_is_kept_unless_told_otherwise(denoise, noisy, tmp_path):
    (tmp_path / "clean.png").write_bytes(b"mine")
    done = denoise(noisy, "-o", tmp_path / "clean.png")
    assert done.exit_code == 2
    assert "--overwrite" in done.stderr
    assert (tmp_path / "clean.png").read_bytes() == b"mine"
    assert denoise(noisy, "-o", tmp_path / "clean.png", "--overwrite").exit_code == 0


def test_an_input_is_never_an_output(denoise, noisy):
    done = denoise(noisy, "-o", noisy, "--overwrite")
    assert done.exit_code == 2
    assert "is an input" in done.stderr


def test_a_folder_without_pictures_is_said(denoise, tmp_path):
    (tmp_path / "in").mkdir()
    done = denoise("-r", tmp_path / "in", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "no pictures in this folder" in done.stderr


def test_a_folder_needs_the_recursive_flag(denoise, tmp_path):
    done = denoise(tmp_path, "-o", tmp_path / "out")
    assert done.exit_code == 2
    assert "-r" in done.stderr


def test_a_list_file_names_the_inputs(denoise, noisy, tmp_path):
    (tmp_path / "list.txt").write_text(f"# pictures\n{noisy}\n\n")
    assert denoise(f"@{tmp_path / 'list.txt'}", "-o", tmp_path / "clean.png").exit_code == 0


def test_a_reference_of_another_size_is_refused_before_the_run(denoise, noisy, tmp_path):
    other = save_noisy(tmp_path / "other.png", (30, 24, 3))
    done = denoise(noisy, "-o", tmp_path / "clean.png", "--reference", other)
    assert done.exit_code == 2
    assert "24x30" in done.stderr
    assert "24x20" in done.stderr
    assert not (tmp_path / "clean.png").exists()


def test_an_output_that_cannot_be_written_is_said(denoise, noisy, tmp_path):
    (tmp_path / "file").write_text("")
    done = denoise(noisy, "-o", tmp_path / "file" / "clean.png")
    assert done.exit_code == 1
    assert "this folder cannot be made" in done.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ("--width", "8,x"),
        ("--width", "8,8", "--skip-width", "4,4,4"),
        ("--prior", "siren", "--learn", "seed"),
        ("--device", "cuda:9"),
        ("--precision", "bf16"),
        ("--iterations", "0"),
        ("--unheard-of", "1"),
    ],
)
def test_options_that_do_not_fit_are_a_usage_error(program, noisy, tmp_path, flags):
    done = program("denoise", "--classical", "0.5", noisy, "-o", tmp_path / "clean.png", *flags)
    assert done.exit_code == 2
    assert not (tmp_path / "clean.png").exists()


def test_a_fit_that_diverges_names_the_flag_to_change(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "clean.png", "--learning-rate", "1e30", "--iterations", "200")
    assert done.exit_code == 1
    assert "noisy.png" in done.stderr
    assert "--learning-rate" in done.stderr
