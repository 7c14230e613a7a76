"""What the README tells a user to type works."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cli.conftest import save_hole, save_noisy
from PIL import Image, ImageOps
from typer.testing import CliRunner

from dipcli.cli.app import app

TEXT = (Path(__file__).parents[1] / "README.md").read_text()


def block(heading: str) -> list[str]:
    """The lines of the one fenced block under a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    fences = re.findall(r"```\n(.*?)\n```", section, flags=re.S)
    assert len(fences) == 1
    return str(fences[0]).splitlines()


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_each_set_up_is_one_line(heading):
    assert len(block(heading)) == 1


@pytest.mark.parametrize("line", block("One-liners"))
def test_every_one_liner_runs(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / "noisy.png")
    save_noisy(tmp_path / "truth.png", seed=1)
    for name in ("photo.png", "small.png", "snail.jpg"):
        save_noisy(tmp_path / name)
    save_hole(tmp_path / "scratches.png")
    with Image.open(tmp_path / "photo.png") as photo, Image.open(tmp_path / "scratches.png") as hole:
        Image.merge("RGBA", (*photo.split(), ImageOps.invert(hole.convert("L")))).save(tmp_path / "logo.png")
    for folder in ("scans", "pages", "masks"):
        (tmp_path / folder).mkdir()
    save_noisy(tmp_path / "scans" / "a.png")
    save_noisy(tmp_path / "pages" / "a.png")
    save_hole(tmp_path / "masks" / "a.png")
    stack = np.random.default_rng(0).random((16, 16, 16), dtype=np.float32)
    tifffile.imwrite(tmp_path / "noisy.tif", stack, photometric="minisblack")
    words = shlex.split(line.split(">")[0])[1:]
    done = CliRunner().invoke(app, [*words, "--iterations", "2", "--runs", "1", "--width", "4,4"])
    assert done.exit_code == 0, done.output
