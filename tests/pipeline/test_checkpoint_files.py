"""Whatever lies where a checkpoint would be, it is one or counts as none."""

import os

import pytest
import torch

from dipcli.engine.checkpoint import to_bytes
from dipcli.errors import InputError
from dipcli.pipeline.checkpoints import Checkpoints
from dipcli.pipeline.progress_files import MARK
from dipcli.report.history import History

SEAL = {"command": "denoise"}


def checkpoints(folder):
    folder.mkdir()
    (folder / MARK).touch()
    return Checkpoints(folder, SEAL, torch.device("cpu"), every=0, interrupted=lambda: False, may_discard=False)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "garbage", "empty", "without parts", "other parts"])
def test_what_is_no_checkpoint_is_not_used(tmp_path, kind, caplog):
    kept = checkpoints(tmp_path / "a.checkpoint")
    path = tmp_path / "a.checkpoint" / "0.pt"
    contents = {
        "garbage": b"\x80\x02s.",
        "empty": b"",
        "without parts": to_bytes({"seal": SEAL}),
        "other parts": to_bytes({"seal": SEAL, "history": 3, "fit": []}),
    }
    if kind in contents:
        path.write_bytes(contents[kind])
    else:
        {"pipe": os.mkfifo, "device": lambda p: p.symlink_to("/dev/zero"), "folder": os.mkdir}[kind](path)
    result, keeper = kept.begin(History())
    assert result is None
    assert keeper.frozen is None
    assert "this checkpoint is damaged, and not used" in caplog.text


def test_a_checkpoint_of_another_call_is_refused(tmp_path):
    kept = checkpoints(tmp_path / "a.checkpoint")
    (tmp_path / "a.checkpoint" / "0.pt").write_bytes(to_bytes({"seal": {}, "history": {}, "fit": {}}))
    with pytest.raises(InputError, match="is of another input"):
        kept.begin(History())
