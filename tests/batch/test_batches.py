"""Many inputs: the frozen plan, parts of it, and what is done again."""

import json

import numpy as np
import pytest
import tifffile
import torch

from dipcli.batch import attempt as attempts
from dipcli.engine.checkpoint import Keeper
from tests.commands import QUICK, save_hole, save_noisy


def names_of(done):
    return [line.rsplit("/", 1)[1] for line in done.stdout.splitlines()]


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.png")}


def test_the_plan_is_frozen_beside_the_outputs(batch, scans, tmp_path):
    assert batch().exit_code == 0
    plan = json.loads((tmp_path / "out" / "dipcli.plan.json").read_text())
    assert [item["name"] for item in plan["items"]] == ["a.png", "b.png", "c.png"]
    assert plan["items"][0]["bytes"] == (scans / "a.png").stat().st_size
    assert plan["seed"] == 0
    assert plan["call"]["asked"]["iterations"] == 4


def test_outputs_that_exist_are_not_lost(batch):
    batch()
    assert batch().exit_code == 2


def test_resume_skips_what_is_done(batch):
    batch()
    done = batch("--resume")
    assert (done.exit_code, done.stdout) == (0, "")


@pytest.mark.parametrize("spoil", ["input", "output", "record", "no output", "option"])
def test_resume_does_again_what_does_not_agree(batch, scans, tmp_path, spoil):
    batch()
    output = tmp_path / "out" / "b.png"
    expected = output.read_bytes()
    match spoil:
        case "input":
            save_noisy(scans / "b.png", seed=9)
        case "output":
            output.write_bytes(b"cut off")
        case "record":
            (tmp_path / "out" / "b.run.json").write_text("{")
        case "no output":
            output.unlink()
    done = batch("--resume", *(["--sigma", "0.2"] if spoil == "option" else []))
    assert names_of(done) == (["a.png", "b.png", "c.png"] if spoil == "option" else ["b.png"])
    assert (output.read_bytes() == expected) == (spoil in ("output", "record", "no output"))


def test_how_it_was_computed_does_not_matter_for_resume(batch):
    batch()
    assert batch("--resume", "--json", "--quiet", "--max-time", "100", "--device", "cpu").stdout == ""


def test_resume_looks_at_the_mask_itself(inpaint, scans, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    for name in "abc":
        save_hole(masks / f"{name}.png")
    arguments = ("-r", scans, "--mask", masks, "-o", tmp_path / "out")
    inpaint(*arguments)
    assert inpaint(*arguments, "--resume").stdout == ""
    tifffile.imwrite(masks / "b.png", np.eye(20, 24, dtype=np.uint8) * 255)
    assert names_of(inpaint(*arguments, "--resume")) == ["b.png"]


def test_failed_inputs_are_noted_and_retried(batch, scans, tmp_path):
    (scans / "b.png").write_text("no picture")
    assert batch().exit_code == 1
    assert "b.png" in json.loads((tmp_path / "out" / "b.failed.json").read_text())["error"]
    save_noisy(scans / "b.png")
    (tmp_path / "out" / "a.png").unlink()
    done = batch("--retry-failed")
    assert (done.exit_code, names_of(done)) == (0, ["b.png"])
    assert not (tmp_path / "out" / "b.failed.json").exists()
    assert names_of(batch("--resume")) == ["a.png"]


def test_shards_are_all_of_the_batch_and_the_same_bytes(batch, tmp_path):
    done = [batch("--shard", f"{part}/2") for part in (1, 2)]
    assert sorted(name for shard in done for name in names_of(shard)) == ["a.png", "b.png", "c.png"]
    shards = bytes_of(tmp_path / "out")
    batch("--overwrite")
    assert bytes_of(tmp_path / "out") == shards


def test_shards_see_the_inputs_that_were_found_first(batch, scans):
    first = batch("--shard", "1/2")
    save_noisy(scans / "d.png", (40, 40, 3))
    second = batch("--shard", "2/2")
    assert sorted(names_of(first) + names_of(second)) == ["a.png", "b.png", "c.png"]


def test_the_plan_of_another_call_is_refused(batch):
    batch("--shard", "1/2")
    done = batch("--shard", "2/2", "--sigma", "0.1")
    assert done.exit_code == 2
    assert "plan of another call" in done.stderr


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b"])
def test_a_part_that_is_none_is_refused(batch, part):
    done = batch("--shard", part)
    assert done.exit_code == 2
    assert "is not a part" in done.stderr


def test_outputs_that_differ_in_their_endings_have_records_of_their_own(denoise, tmp_path):
    inputs = [save_noisy(tmp_path / name) for name in ("a.bmp", "a.png")]
    done = denoise(*inputs, "-o", tmp_path / "out")
    assert done.exit_code == 0
    for record, output in (("a.run.json", "a.bmp"), ("a.png.run.json", "a.png")):
        told = json.loads((tmp_path / "out" / record).read_text())
        assert told["outputs"]["picture"].endswith(output)
    assert denoise(*inputs, "-o", tmp_path / "out", "--resume").stdout == ""


def test_a_dry_run_writes_nothing(batch, tmp_path):
    done = batch("--dry-run")
    assert done.exit_code == 0
    assert [line.split(": ")[1] for line in done.stdout.splitlines()[:3]] == ["would be done"] * 3
    assert not (tmp_path / "out").exists()


def test_a_dry_run_knows_what_is_done(batch, tmp_path):
    batch()
    (tmp_path / "out" / "b.png").unlink()
    rows = [json.loads(line) for line in batch("--dry-run", "--resume", "--json").stdout.splitlines()[:3]]
    assert [row["todo"] for row in rows] == [False, True, False]


def test_status_tells_of_every_input(batch, program, scans, tmp_path):
    (scans / "b.png").write_text("no picture")
    batch()
    (tmp_path / "out" / "c.png").unlink()
    told = json.loads(program("status", tmp_path / "out", "--json").stdout)
    assert told["counts"] == {"done": 1, "failed": 1, "waiting": 1}
    lines = program("status", tmp_path / "out").stdout.splitlines()
    assert lines[0].startswith("a.png  done     max_iterations, 4 iterations")
    assert "cannot be read" in lines[1] or "b.png" in lines[1]
    assert lines[0].endswith("NOT CONFIRMED, look at it")
    assert lines[-1] == "1 done, 1 failed, 1 waiting, 1 not confirmed"


def test_status_of_a_folder_without_a_plan_is_by_its_records(batch, program, scans, tmp_path):
    (scans / "b.png").write_text("no picture")
    batch()
    expected = program("status", tmp_path / "out").stdout
    (tmp_path / "out" / "dipcli.plan.json").unlink()
    found = program("status", tmp_path / "out").stdout
    assert [line.split() for line in found.splitlines()] == [
        [word.removesuffix(".png") if word == "b.png" else word for word in line.split()]
        for line in expected.splitlines()
    ]


@pytest.mark.parametrize("name", [".", "missing"])
def test_status_of_a_folder_of_nothing_is_one_sentence(program, tmp_path, name):
    done = program("status", tmp_path / name)
    assert done.exit_code == 1
    assert done.stderr.rstrip().endswith(".")


# Checkpoints.


@pytest.fixture
def interrupt(monkeypatch):
    """`interrupt(n)` interrupts every later call after n iterations; `interrupt(None)` none."""

    def after(calls):
        left = iter(range(calls or 0))

        def make(self, *arguments, interrupted, **options):
            real(self, *arguments, interrupted=lambda: calls and next(left, None) is None, **options)

        monkeypatch.setattr(attempts.Checkpoints, "__init__", make)

    real = attempts.Checkpoints.__init__
    return after


def outputs_of(folder):
    """Pictures as they are, histories without their seconds."""
    histories = {
        path.name: [line.split(",")[:3] + line.split(",")[4:] for line in path.read_text().splitlines()]
        for path in folder.glob("*.csv")
    }
    return {path.name: path.read_bytes() for path in folder.glob("*.[pt][ni][gf]")} | histories


@pytest.mark.parametrize("stack", [False, True], ids=["picture", "frames"])
def test_a_run_that_is_left_ends_as_if_it_never_was(program, interrupt, tmp_path, stack):
    source = tmp_path / ("a.tif" if stack else "a.png")
    if stack:
        frames = np.random.default_rng(0).integers(90, 160, (3, 20, 24)).astype(np.uint8)
        tifffile.imwrite(source, frames, photometric="minisblack")
    else:
        save_noisy(source)
    flags = ("--iterations", "6", "--runs", "2", "--threads", "1")
    for name in ("plain", "left"):
        (tmp_path / name).mkdir()
    assert (
        program("denoise", "--classical", "0.5", source, "-o", tmp_path / "plain" / source.name, *flags).exit_code
        == 0
    )
    legs = 0
    while True:
        interrupt(12 if stack else 3)
        torch.manual_seed(legs)
        done = program(
            "denoise", "--classical", "0.5", source, "-o", tmp_path / "left" / source.name, "--resume", *flags
        )
        legs += 1
        if done.exit_code != 75:
            break
        assert not (tmp_path / "left" / source.name).exists()
    assert done.exit_code == 0
    assert legs >= 3
    assert outputs_of(tmp_path / "left") == outputs_of(tmp_path / "plain")
    assert not (tmp_path / "left" / "a.checkpoint").exists()


@pytest.mark.parametrize("change", ["option", "input"])
def test_the_checkpoint_of_something_else_is_refused(program, noisy, interrupt, tmp_path, change):
    arguments = ("denoise", "--classical", "0.5", noisy, "-o", tmp_path / "clean.png", *QUICK)
    interrupt(2)
    assert program(*arguments).exit_code == 75
    interrupt(None)
    if change == "input":
        save_noisy(noisy, seed=5)
    other = ("--sigma", "0.3") if change == "option" else ()
    done = program(*arguments, *other, "--resume")
    assert done.exit_code == 1
    assert "this checkpoint is of another input" in done.stderr
    assert program(*arguments, *other, "--overwrite").exit_code == 0
    assert not (tmp_path / "clean.checkpoint").exists()


def test_a_later_bound_on_time_takes_what_was_found(program, noisy, interrupt, tmp_path):
    arguments = ("denoise", "--classical", "0.5", noisy, "-o", tmp_path / "clean.png", *QUICK)
    interrupt(2)
    assert program(*arguments).exit_code == 75
    interrupt(None)
    assert program(*arguments, "--resume", "--max-time", "0.000001").exit_code == 0
    assert json.loads((tmp_path / "clean.run.json").read_text())["ending"] == "max_time"


def test_checkpoints_are_written_from_time_to_time(denoise, noisy, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(Keeper, "freeze", lambda self, parts: saved.append(parts))
    denoise(noisy, "-o", tmp_path / "clean.png", "--checkpoint-every", "0.000001")
    assert len(saved) == 3


def test_a_dry_run_forecasts_time_and_memory(batch):
    row = json.loads(batch("--dry-run", "--json").stdout.splitlines()[-1])
    assert row["forecast"]["seconds"] >= 0
    assert 300 < row["forecast"]["mebibytes"] < 2000


def test_status_survives_a_damaged_record(batch, program, tmp_path):
    batch()
    (tmp_path / "out" / "b.run.json").write_text("[" * 100_000)
    told = json.loads(program("status", tmp_path / "out", "--json").stdout)["items"]
    assert [row["standing"] for row in told] == ["done"] * 3
    assert "not a JSON record" in told[1]["error"]


def test_status_of_an_empty_plan_is_empty(batch, program, tmp_path):
    batch()
    plan = tmp_path / "out" / "dipcli.plan.json"
    plan.write_text(json.dumps({**json.loads(plan.read_text()), "items": []}))
    assert program("status", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize("output", ["/elsewhere/a.png", "../a.png", "b/../../a.png"])
def test_a_plan_with_outputs_outside_of_its_folder_is_refused(batch, program, tmp_path, output):
    batch("--shard", "1/1")
    plan = tmp_path / "out" / "dipcli.plan.json"
    content = json.loads(plan.read_text())
    content["items"][0]["output"] = output
    plan.write_text(json.dumps(content))
    done = batch("--shard", "1/1", "--resume")
    assert done.exit_code == 1
    assert "is not in this folder" in done.stderr
    assert not (tmp_path / "a.png").exists()
    assert program("status", tmp_path / "out").exit_code == 1


def test_status_is_told_from_anywhere(batch, program, tmp_path, monkeypatch):
    batch()
    (tmp_path / "out").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    assert program("status", "moved").stdout.splitlines()[-1] == "3 done, 3 not confirmed"
