"""`-` between BART's commands: a header goes through the pipe, and the values lie in a file that it names."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from dipcli.cli.app import app
from dipcli.mri.cfl import encode_cfl, images_of_cfl
from tests.scan_files import as_fastmri
from tests.scans import full_kspace, sampled_kspace

FLAGS = ("--preset", "instant", "--threads", "1")


@pytest.fixture
def mri(tmp_path, monkeypatch):
    """`mri(stdin, ...)` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda stdin, *words: CliRunner().invoke(app, ["mri", *words, *FLAGS], input=stdin)


def header_of(kspace, name="bart-abc123"):
    """What BART writes to a pipe, and its file."""
    values, header = encode_cfl(kspace, (13, 3, 0, 1))
    Path(name).write_bytes(values)
    return header + f"# Data\n{name}\n# Command\nphantom -k -\n# Creator\nBART v0.8.00\n".encode()


def left():
    return sorted(path.name for path in Path.cwd().glob("bart-*"))


def test_what_goes_in_as_bart_has_it_comes_out_so(mri):
    done = mri(header_of(sampled_kspace()), "-", "-o", "-")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout_bytes.decode().splitlines()
    assert lines[:2] == ["# Dimensions", "24 20 1 1 1 1 1 1 1 1 1 1 1 1 1 1"]
    assert lines[2] == "# Data"
    assert left() == [lines[3]]  # the input's is taken
    assert np.fromfile(lines[3], np.complex64).size == 480


def test_a_format_that_is_asked_for_goes_out(mri):
    done = mri(header_of(sampled_kspace()), "-", "-o", "-", "--format", "h5")
    with h5py.File(io.BytesIO(done.stdout_bytes)) as file:
        assert file["complex_image"].shape == (1, 24, 20)
    assert left() == []


def test_hdf5_goes_through_as_hdf5(mri, tmp_path):
    data = as_fastmri(tmp_path / "a.h5", sampled_kspace()).read_bytes()
    with h5py.File(io.BytesIO(mri(data, "-", "-o", "-").stdout_bytes)) as file:
        assert file["reconstruction"].shape == (1, 24, 20)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# Dimensions\n24 20 1 4\n", "names no data"),
        ("# Dimensions\n24 20 1 4\n# Data\nbart-gone\n", "names bart-gone, which is no file of a stream here"),
        ("# Dimensions\n24 20 1 4\n# Data\nmine.txt\n", "names mine.txt, which is no file of a stream here"),
    ],
)
def test_a_header_without_its_file_is_one_sentence(mri, text, sentence):
    Path("mine.txt").write_text("precious")
    done = mri(text.encode(), "-", "-o", "-")
    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert Path("mine.txt").read_text() == "precious"


@pytest.mark.skipif(shutil.which("bart") is None, reason="BART is not on this machine")
def test_a_scan_goes_from_bart_through_dipcli_to_bart(tmp_path):
    values, header = encode_cfl(full_kspace()[0], (3, 0, 1))
    (tmp_path / "full.cfl").write_bytes(values)
    (tmp_path / "full.hdr").write_bytes(header)
    program = f"{sys.executable} -m dipcli mri - -o - {' '.join(FLAGS)}"
    line = f"bart copy -- full - | {program} | bart copy -- - back && bart rss 8 full_images truth"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    before = "bart fft -u -i 3 full full_images"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{before} && {line}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.glob("bart-*"))
    truth = np.abs(images_of_cfl(tmp_path / "truth.cfl"))
    np.testing.assert_allclose(np.abs(images_of_cfl(tmp_path / "back.cfl")), truth, rtol=1e-4)
