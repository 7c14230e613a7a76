"""How far a call walks through the house: functions, files, changes of room, and frames at the first step.

`python -m tests.bench house` runs one network-free `deblur --method wiener` and one `denoise --iterations 1` in
this process, by `sys.setprofile`; imports are over before. A room is the file or folder just below the package.
"""

import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

from typer.testing import CliRunner

import dipcli
from dipcli.cli.app import app

ROOT = Path(dipcli.__file__).parent
SAMPLES = ROOT.parent / "sample_data"
CALLS = {
    "deblur --method wiener": ("deblur", "deblur.png", "--kernel", "gauss:2", "--method", "wiener"),
    "denoise --iterations 1": ("denoise", "denoise.png", "--iterations", "1", "--runs", "1"),
}
FIRST_STEP = ("descent.py", "__iter__")  # of the engine


class Walk:
    """What is passed: functions in the order of their first call, and who called them."""

    def __init__(self) -> None:
        self.functions: set[Any] = set()
        self.moves: set[tuple[Any, Any]] = set()
        self.depth = 0  # at the first step, or the greatest where there is none
        self.greatest = 0
        self._was_seen = False

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event != "call" or not _is_ours(frame):
            return
        code = frame.f_code
        self.functions.add(code)
        ours = [f.f_code for f in _frames(frame) if _is_ours(f)]
        self.greatest = max(self.greatest, len(ours))
        if len(ours) > 1 and _room(ours[1]) != _room(code):
            self.moves.add((ours[1], code))
        if not self._was_seen and (Path(code.co_filename).name, code.co_name) == FIRST_STEP:
            self.depth, self._was_seen = len(ours), True


def _frames(frame: FrameType | None) -> list[FrameType]:
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


def _is_ours(frame: FrameType) -> bool:
    name = frame.f_code.co_name
    return frame.f_code.co_filename.startswith(str(ROOT)) and (name == "<lambda>" or not name.startswith("<"))


def _room(code: Any) -> str:
    return Path(code.co_filename).relative_to(ROOT).parts[0]


def main(_: list[str]) -> None:
    """Print one line for each call, and the size of the rooms."""
    for name, (command, source, *options) in CALLS.items():
        with tempfile.TemporaryDirectory() as folder:
            arguments = [command, str(SAMPLES / source), "-o", f"{folder}/out.png", *options]
            CliRunner().invoke(app, [*arguments, "--overwrite"])  # everything is imported by now
            walk = Walk()
            sys.setprofile(walk)
            done = CliRunner().invoke(app, [*arguments, "--overwrite"])
            sys.setprofile(None)
            assert done.exit_code == 0, done.output
        files = {code.co_filename for code in walk.functions}
        print(
            f"{name}: {len(walk.functions)} functions, {len(files)} files, {len(walk.moves)} changes of room, "
            f"{walk.depth or '-'} frames at the first step, {walk.greatest} at most"
        )
    rooms: dict[str, list[int]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        rooms.setdefault(path.relative_to(ROOT).parts[0], []).append(len(path.read_text("utf-8").splitlines()))
    for room, lines in rooms.items():
        print(f"{room:14} {len(lines):3} files {sum(lines):6} lines, the longest {max(lines)}")
    print(f"{'all':14} {sum(map(len, rooms.values())):3} files {sum(map(sum, rooms.values())):6} lines")
