"""What belongs to somebody else is never written over, and that is said before anything is computed."""

import json
import os
import stat

import numpy as np
import pytest
from scan_files import as_npy
from scans import sampled_kspace

from dipcli.batch.claims import may_write
from dipcli.blur.naming import BLURRED
from dipcli.diffraction.naming import patterns
from dipcli.mri.naming import scans
from dipcli.pictures.naming import PICTURES, SHOWING_MASKS
from dipcli.pipeline.item import Item
from tests.commands import QUICK, save_hole, save_noisy, sentence_of


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to stand in, with a noisy picture."""
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / "a.png")
    return tmp_path


def test_all_files_of_an_item_are_listed(tmp_path):
    item = Item(tmp_path / "a.png", tmp_path / "o.png", "a.png")
    names = {naming: {path.name for path in may_write(item, naming)} for naming in (PICTURES, BLURRED)}
    common = {
        "o.png",
        "o.run.json",
        "o.history.csv",
        "o.report.png",
        "o.failed.json",
        "o.checkpoint",
        "o.spread.tif",
        "o.residual.tif",
    }
    assert {path.name for path in may_write(item, SHOWING_MASKS)} == common | {"o.mask.png", "o.mask.tif"}
    kernels = {f"o.{name}#.{ending}" for name in ("kernel", "kernel_map") for ending in ("npy", "png")}
    assert names == {PICTURES: common, BLURRED: common | kernels}


NETWORK = ("--iterations", "3", "--runs", "2")
FIELDS = {
    "pictures": (PICTURES, "denoise", "a.png", ".png", "--classical", "0.5", *NETWORK),
    "blur": (BLURRED, "deblur", "a.png", ".png", "--kernel", "gauss:1", "--method", "wiener"),
    "mri": (scans("h5"), "mri", "a.npy", ".cfl", "--width", "4,4", "--keep-classical", "--keep-coils", *NETWORK),
    "diffraction": (patterns("cxi", recursive=False), "phase-retrieve", "p.npz", ".npz", "--starts", "2"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_every_file_that_is_written_was_listed(program, here, field):
    naming, command, source, ending, *flags = FIELDS[field]
    if field == "mri":
        as_npy(here / "a.npy", sampled_kspace()[0])
    if field == "diffraction":
        assert program("simulate", "cdi", "--size", "32", "-o", "p.npz").exit_code == 0
    output = here / "out" / f"o{ending}"
    done = program(command, source, "-o", output, *flags, "--threads", "1")
    assert done.exit_code == 0, done.stderr
    written = {path.name.replace("kernel.", "kernel#.") for path in output.parent.iterdir()}
    assert written <= {path.name for path in may_write(Item(output, output, ""), naming)}


@pytest.mark.parametrize("name", ["clean.history.csv", "clean.run.json", "clean.failed.json", "clean.spread.tif"])
def test_a_strangers_file_beside_the_output_is_kept(denoise, here, name):
    (here / name).write_text("mine")
    assert f"{name} exists; add --overwrite" in sentence_of(denoise("a.png", "-o", "clean.png"), 2)
    assert (here / name).read_text() == "mine"
    assert not (here / "clean.png").exists()
    assert denoise("a.png", "-o", "clean.png", "--overwrite").exit_code == 0


def test_a_strangers_output_is_not_resumed_over(denoise, here):
    (here / "clean.png").write_text("mine")
    assert "exists" in sentence_of(denoise("a.png", "-o", "clean.png", "--resume"), 2)
    assert (here / "clean.png").read_text() == "mine"


def test_what_was_written_without_a_record_is_resumed_over(denoise, here):
    """A process that is killed between picture and record leaves the mark of its checkpoints."""
    assert denoise("a.png", "-o", "clean.png").exit_code == 0
    expected = (here / "clean.png").read_bytes()
    (here / "clean.checkpoint").mkdir()
    (here / "clean.checkpoint" / "dipcli.checkpoint").write_text("")
    (here / "clean.run.json").unlink()
    (here / "clean.png").write_bytes(expected[:100])
    assert denoise("a.png", "-o", "clean.png", "--resume").exit_code == 0
    assert (here / "clean.png").read_bytes() == expected
    assert not (here / "clean.checkpoint").exists()


def test_a_checkpoint_that_was_killed_before_it_had_its_mark_is_no_obstacle(denoise, here):
    place = here / "clean.checkpoint"
    place.mkdir()
    (place / ".dipcli-host-1-abcd.tmp").write_text("")
    assert denoise("a.png", "-o", "clean.png", "--resume").exit_code == 0
    assert not place.exists()


@pytest.mark.parametrize("flags", [(), ("--overwrite",), ("--resume",)], ids=" ".join)
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_lies_in_the_place_of_checkpoints_is_kept(denoise, here, flags, kind):
    place = here / "clean.checkpoint"
    if kind == "folder":
        place.mkdir()
        (place / "0.pt").write_text("weights")
    else:
        place.write_text("mine")
    assert "is not of this program" in sentence_of(denoise("a.png", "-o", "clean.png", *flags), 2)
    assert (place / "0.pt").read_text() == "weights" if kind == "folder" else place.read_text() == "mine"


@pytest.mark.parametrize("number", ["", "0"])
def test_a_kernel_that_was_given_is_never_written_over(program, here, number):
    kernel = here / f"sharp.kernel{number}.npy"
    np.save(kernel, np.ones((3, 3), np.float32) / 9)
    before = kernel.read_bytes()
    done = program("deblur", "a.png", "--kernel", kernel.name, "-o", "sharp.png", "--overwrite", *QUICK)
    assert "is kept; name another" in sentence_of(done, 2)
    assert kernel.read_bytes() == before


def test_a_mask_is_never_an_output(inpaint, here):
    save_hole(here / "mask.png")
    done = inpaint("a.png", "--mask", "mask.png", "-o", here / "mask.png", "--overwrite")
    assert "is kept; name another" in sentence_of(done, 2)


def test_results_do_not_go_over_the_references(denoise, here):
    (here / "truth").mkdir()
    save_noisy(here / "truth" / "a.png")
    done = denoise("a.png", "--reference", "truth", "-o", "truth", "--overwrite")
    assert "is kept; name another" in sentence_of(done, 2)


def test_the_header_of_a_scan_is_an_input_too(program, here):
    (here / "scan.cfl").write_bytes(b"")
    (here / "scan.hdr").write_text("# Dimensions\n1 1\n")
    assert "is an input" in sentence_of(program("mri", "scan.cfl", "-o", here / "scan.cfl", "--overwrite"), 2)
    done = program("mri", "scan.cfl", "-o", here / "scan.nii", "--overwrite")  # which has no header beside it
    assert "is an input" not in done.stderr


def test_a_side_file_is_not_another_items_output(denoise, here):
    (here / "in").mkdir()
    for name in ("b.tif", "b.spread.tif"):
        save_noisy(here / "in" / name)
    done = denoise("-r", "in", "-o", "out")
    assert "would both be written to out/b.spread.tif" in sentence_of(done, 2)
    assert not (here / "out").exists()


def test_a_second_call_keeps_the_first_ones_record(denoise, here):
    save_noisy(here / "a.bmp")
    assert denoise("a.png", "-o", "out/").exit_code == 0
    assert denoise("a.bmp", "-o", "out/").exit_code == 0
    for name, record in (("a.png", "a.run.json"), ("a.bmp", "a.bmp.run.json")):
        assert json.loads((here / "out" / record).read_text())["input"]["path"] == name
        assert denoise(name, "-o", "out/", "--resume").stdout == ""
    assert denoise("a.bmp", "a.png", "-o", "out", "--resume").stdout == ""


def test_only_files_are_written_over(denoise, here):
    os.mkfifo(here / "o.png")
    done = denoise("a.png", "-o", "o.png", "--overwrite")
    assert "is no file that could be written over" in sentence_of(done, 2)
    assert stat.S_ISFIFO((here / "o.png").stat().st_mode)


def test_a_link_to_nothing_is_something(denoise, here):
    (here / "o.png").symlink_to("nowhere.png")
    assert "exists" in sentence_of(denoise("a.png", "-o", "o.png"), 2)


def test_a_name_that_is_too_long_is_said_at_once(denoise, here):
    name = f"{'x' * 250}.png"
    save_noisy(here / name)
    assert "bytes too long" in sentence_of(denoise(name), 2)


def test_a_name_that_just_fits_has_shorter_ones_beside_it(denoise, here):
    name = f"{'x' * 251}.png"
    done = denoise("a.png", "-o", name)
    assert done.exit_code == 0, done.stderr
    assert len(list(here.glob("x*~????????.*"))) == 2
    assert denoise("a.png", "-o", name, "--resume").stdout == ""


def test_a_folder_that_cannot_be_written_into_is_said_at_once(denoise, here, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.W_OK)
    assert "cannot be written into" in sentence_of(denoise("a.png", "-o", "clean.png"), 1)


def test_a_mask_may_be_called_as_a_shown_one_would_be(program, here):
    save_hole(here / "o.mask.png")
    call = ("inpaint", "a.png", "--mask", "o.mask.png", "-o", "o.png", "--preset", "instant")
    assert "belongs to an option" in sentence_of(program(*call, "--show-mask"), 2)
    done = program(*call)
    assert done.exit_code == 0, done.stderr
