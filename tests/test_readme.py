"""What the README tells a user to type works."""

import doctest
import math
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from patterns import as_cxi, simulated
from PIL import Image, ImageOps
from projections import as_exchange, noisy_sinogram, photon_counts, sinogram, true_slice
from scan_files import as_cfl, as_fastmri, as_npy
from scans import full_kspace, sampled_kspace
from sensors import save_sensors
from typer.testing import CliRunner
from voices import save_wav, voice

from dipcli.cli.app import app
from dipcli.tomography.beam import projection_of
from dipcli.tomography.projection import Geometry
from tests.commands import save_hole, save_noisy
from tests.sample_scan import main

SAMPLES = Path(__file__).parents[1] / "sample_data"
TEXT = (Path(__file__).parents[1] / "README.md").read_text()


def block(heading: str) -> list[str]:
    """The lines of the one fenced block under a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    fences = re.findall(r"```\n(.*?)\n```", section, flags=re.S)
    assert len(fences) == 1
    return str(fences[0]).splitlines()


# What makes each command quick; most have networks.
FEW = {"simulate": ("--overwrite",), "phase-retrieve": ("--starts", "2", "--cycles", "20", "--rounds", "1")}
QUICK_STARTS = {**FEW, "deblur": ("--kernel", "gauss:1", "--method", "wiener", "--keep")}
AT_ONCE = ("--iterations", "2", "--width", "4,4", "--preset", "instant")


def save_patterns(folder: Path) -> None:
    """A pattern with its truth, a mask for it, and a folder of frames."""
    counts, truth = simulated(n_axes=3)
    as_cxi(folder / "scan.cxi", counts, truth)
    (folder / "frames").mkdir()
    for number, frame in enumerate(counts):
        tifffile.imwrite(folder / "frames" / f"{number:03}.tif", frame.astype(np.int32))
    np.save(folder / "mask.npy", np.zeros(counts.shape, np.uint8))


def save_scratched(path: Path) -> None:
    """A picture with two white strokes."""
    values = np.tile(np.linspace(60, 160, 120, dtype=np.uint8), (96, 1))
    values[20:22, 8:100] = values[10:90, 60:62] = 255
    Image.fromarray(values).save(path)


def save_scans(folder: Path) -> None:
    """An accelerated scan in two formats, another one in a folder, and a full one."""
    (folder / "study").mkdir()
    as_fastmri(folder / "scan.h5", sampled_kspace(slices=2))
    as_npy(folder / "scan.npy", sampled_kspace()[0])
    as_fastmri(folder / "study" / "a.h5", sampled_kspace(slices=3))
    as_cfl(folder / "full.cfl", full_kspace())


def save_sinograms(folder: Path) -> None:
    """A sinogram, its true slice, and a file of Data Exchange."""
    np.save(folder / "sinogram.npy", noisy_sinogram())
    np.save(folder / "slice.npy", true_slice())
    fan = Geometry(torch.arange(60) * (math.pi / 30), 48, 23.5, source=300.0)
    np.save(folder / "fan.npy", projection_of(fan)(torch.from_numpy(true_slice())[None])[0].numpy())
    np.save(folder / "prompts.npy", np.random.default_rng(0).poisson(9 * sinogram() + 2))
    np.save(folder / "randoms.npy", np.full((30, 48), 2.0))
    counts = np.stack([photon_counts(), photon_counts()], axis=1)
    as_exchange(folder / "tooth.h5", counts, flat=2e4, theta=np.arange(30) * 6.0)


def quick_starts() -> list[list[str]]:
    """The commands of each quick start, without what is said of them."""
    section = TEXT.split("\n## Quick starts\n")[1].split("\n## ")[0]
    fences = re.findall(r"```\n(.*?)\n```", section, flags=re.S)
    return [[line.partition("  # ")[0] for line in fence.splitlines()] for fence in fences]


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_each_set_up_is_one_line(heading):
    assert len(block(heading)) == 1


def test_the_lines_on_many_inputs_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").mkdir()
    for name in ("a.png", "b.png"):
        save_noisy(tmp_path / "scans" / name)
    for line in block("Many inputs"):
        words = shlex.split(line)[1:]
        few = [] if words[0] == "status" else ["--iterations", "2", "--runs", "1", "--width", "4,4"]
        done = CliRunner().invoke(app, [*words, *few])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "clean" / "b.png").is_file()


@pytest.mark.parametrize("lines", quick_starts(), ids=lambda lines: lines[0].split()[1])
def test_every_quick_start_runs(lines, tmp_path, monkeypatch):
    (tmp_path / "sample_data").symlink_to(SAMPLES)
    monkeypatch.chdir(tmp_path)
    assert len(lines) == 6
    for line in lines:
        words = shlex.split(line)[1:]
        few = QUICK_STARTS.get(words[0], AT_ONCE) if "-o" in words else ()
        done = CliRunner().invoke(app, [*words, *few])
        assert done.exit_code == 0, (line, done.output)


def test_the_strip_is_there():
    assert "![Six samples before and after](sample_data/strip.png)" in TEXT
    with Image.open(SAMPLES / "strip.png") as strip:
        assert strip.width > 2 * strip.height


@pytest.mark.parametrize("line", block("One-liners"))
def test_every_one_liner_runs(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / "noisy.png")
    save_noisy(tmp_path / "truth.png", seed=1)
    for name in ("photo.png", "small.png", "snail.jpg"):
        save_noisy(tmp_path / name)
    save_noisy(tmp_path / "shaken.png", (48, 52, 3))
    save_scratched(tmp_path / "print.png")
    save_hole(tmp_path / "scratches.png")
    with Image.open(tmp_path / "photo.png") as photo, Image.open(tmp_path / "scratches.png") as hole:
        Image.merge("RGBA", (*photo.split(), ImageOps.invert(hole.convert("L")))).save(tmp_path / "logo.png")
        Image.composite(Image.new("RGB", photo.size, "red"), photo, hole.convert("L")).save(
            tmp_path / "painted.png"
        )
    save_scans(tmp_path)
    save_patterns(tmp_path)
    save_sinograms(tmp_path)
    save_wav(tmp_path / "talk.wav", voice(1))
    save_sensors(tmp_path / "sensors.csv")
    for folder in ("scans", "pages", "masks"):
        (tmp_path / folder).mkdir()
    save_noisy(tmp_path / "scans" / "a.png")
    save_noisy(tmp_path / "pages" / "a.png")
    save_hole(tmp_path / "masks" / "a.png")
    stack = np.random.default_rng(0).random((16, 16, 16), dtype=np.float32)
    tifffile.imwrite(tmp_path / "series.tif", stack, photometric="minisblack")
    words = shlex.split(line.split(">")[0])[1:]
    done = CliRunner().invoke(
        app, [*words, *FEW.get(words[0], ("--iterations", "2", "--runs", "1", "--width", "4,4"))]
    )
    assert done.exit_code == 0, done.output


def test_the_examples_in_python_are_true(monkeypatch):
    monkeypatch.chdir(SAMPLES.parent)
    section = TEXT.split("\n## In Python\n")[1].split("\n## ")[0]
    example = doctest.DocTestParser().get_doctest(section, {}, "README.md", None, None)
    assert len(example.examples) > 5
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0


def test_the_sample_scan_is_what_its_maker_makes(tmp_path):
    main(tmp_path)
    for name in ("mri.npy", "mri_truth.npy"):
        np.testing.assert_allclose(np.load(tmp_path / name), np.load(SAMPLES / name), atol=1e-5)
