"""The program between other programs: pipes, xargs, GNU parallel, Snakemake."""

import io
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dipcli.cli.app import app
from dipcli.errors import Interrupted
from tests.commands import QUICK, save_noisy


def piped(*arguments, stdin):
    words = [str(argument) for argument in (*arguments, *QUICK)]
    return CliRunner().invoke(app, words, input=stdin)


def test_a_picture_goes_through_a_pipe(noisy, tmp_path):
    done = piped("denoise", "-", "-o", "-", stdin=noisy.read_bytes())
    assert done.exit_code == 0, done.stderr
    with Image.open(io.BytesIO(done.stdout_bytes)) as picture:
        assert (picture.format, picture.size) == ("PNG", (24, 20))
        assert not np.array_equal(np.asarray(picture), np.asarray(Image.open(noisy)))


def test_an_input_from_stdin_has_an_output_like_any_other(noisy, tmp_path):
    done = piped("denoise", "-", "-o", tmp_path / "clean.png", stdin=noisy.read_bytes())
    assert done.stdout == f"{tmp_path / 'clean.png'}\n"
    assert (tmp_path / "clean.run.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("-",), 2, "needs an --output"),
        (("-", "-o", "-", "--json"), 2, "for one input and one result"),
        (("-", "-o", "-"), 1, "nothing came from stdin"),
    ],
)
def test_a_pipe_that_does_not_fit_is_one_sentence(arguments, code, sentence):
    done = piped("denoise", *arguments, stdin=b"")
    assert (done.exit_code, done.stdout) == (code, "")
    assert sentence in done.stderr


def test_nothing_stays_of_a_stream_that_is_interrupted(noisy, tmp_path):
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "dipcli", "denoise", "-", "-o", tmp_path / "clean.png"],
        stdin=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
    )
    process.stdin.write(noisy.read_bytes()[:100])
    process.stdin.flush()
    while not list(tmp_path.glob("tmp/*/*/*/stdin")):
        assert process.poll() is None, "ended before"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == Interrupted.exit_code
    process.stdin.close()
    assert not list(tmp_path.glob("tmp/*"))


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A folder of scans to stand in, and `dipcli` on PATH."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "dipcli"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m dipcli "$@" {" ".join(QUICK)}\n')
    program.chmod(0o755)
    (tmp_path / "scans").mkdir()
    (tmp_path / "clean").mkdir()
    for name in "ab":
        save_noisy(tmp_path / "scans" / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    return tmp_path


def lines_of_readme(word):
    text = (Path(__file__).parents[2] / "README.md").read_text()
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line.startswith(f"{word} ") or f"| {word} " in line]


@pytest.mark.parametrize("tool", ["parallel", "xargs"])
def test_the_one_liner_of_the_readme_runs(many, tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not on this machine")
    (line,) = lines_of_readme(tool)
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (many / "clean").glob("*.png")) == ["a.png", "b.png"]


@pytest.fixture
def rule(many):
    """The README's rule, in a file for Snakemake."""
    text = (Path(__file__).parents[2] / "README.md").read_text()
    rule = textwrap.dedent(text[text.index("    rule denoise:") :].split("\n\n")[0])
    (many / "Snakefile").write_text(rule)
    return rule


def test_the_command_of_the_rule_of_the_readme_runs(many, rule):
    command = rule.split('shell: "')[1].rstrip('"\n')
    line = command.format(input="scans/a.png", output="clean/a.png", threads=1)
    subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert (many / "clean" / "a.png").is_file()


@pytest.mark.skipif(shutil.which("snakemake") is None, reason="snakemake is not on this machine")
def test_the_rule_of_the_readme_runs(many, rule):
    command = ["snakemake", "--cores", "1", "clean/a.png", "clean/b.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (many / "clean").glob("*.png")) == ["a.png", "b.png"]
