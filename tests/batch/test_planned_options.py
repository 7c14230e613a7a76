"""What a plan says of options that nobody asked for: all parts of a batch have the same."""

import json

import pytest

from dipcli.batch import selection
from dipcli.options.resolved import Resolved


def names_of(done):
    return [line.rsplit("/", 1)[1] for line in done.stdout.splitlines()]


@pytest.fixture
def planned_elsewhere(batch, tmp_path):
    """A first part that was done by a machine, or a version, with other ideas of what was not asked for."""
    batch("--shard", "1/2")
    path = tmp_path / "out" / "dipcli.plan.json"
    plan = json.loads(path.read_text())
    assert plan["preset"] == "fast"
    assert "max_time" not in plan["options"][""]  # how long it may take is everybody's own
    plan |= {"preset": "balanced", "version": "0.0.9"}
    plan["options"][""] |= {"width": [3, 2], "learning_rate": 0.25}
    path.write_text(json.dumps(plan))


@pytest.mark.parametrize("arguments", [("--shard", "2/2"), ("--resume",), ("--shard", "2/2", "--jobs", "2")])
def test_all_of_a_batch_has_the_options_that_were_planned(batch, tmp_path, planned_elsewhere, arguments):
    done = batch(*arguments)
    assert done.exit_code == 0, done.stderr
    assert "is of dipcli 0.0.9" in done.stderr
    (name, *_) = names_of(done)
    record = json.loads((tmp_path / "out" / name).with_suffix(".run.json").read_text())
    assert record["options"]["preset"] == "balanced"
    assert record["engine"]["prior"]["width"] == [3, 2]
    assert record["engine"]["descent"]["learning_rate"] == 0.25


def test_what_is_asked_for_anew_is_not_planned(batch, tmp_path, planned_elsewhere):
    batch("--resume", "--sigma", "0.2")
    plan = json.loads((tmp_path / "out" / "dipcli.plan.json").read_text())
    assert (plan["preset"], plan["options"][""]["learning_rate"]) == ("fast", 0.01)


def test_a_plan_of_impossible_options_is_one_sentence(batch, tmp_path, planned_elsewhere):
    path = tmp_path / "out" / "dipcli.plan.json"
    path.write_text(path.read_text().replace("0.25", '"fast"'))
    done = batch("--shard", "2/2")
    assert done.exit_code == 1
    assert "dipcli.plan.json: --learning-rate cannot be 'fast'. Delete it and run again." in done.stderr


def test_of_two_first_parts_one_plans(batch, tmp_path, monkeypatch):
    """Two machines that begin at the same time do not see each other's plan at first."""
    monkeypatch.setattr(selection, "_frozen", lambda *_: None)
    assert batch("--shard", "1/2").exit_code == 0
    path = tmp_path / "out" / "dipcli.plan.json"
    path.write_text(path.read_text().replace('"fast"', '"balanced"'))
    monkeypatch.setattr(selection, "_resolved", lambda _: Resolved())
    done = batch("--shard", "2/2")
    assert done.exit_code == 2
    assert "another machine has just planned this batch with --preset balanced, not fast" in done.stderr
