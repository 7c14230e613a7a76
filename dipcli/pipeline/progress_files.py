"""What is done of a batch, judged by the files beside the outputs."""

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from dipcli import __version__
from dipcli.errors import InputError, OutputError
from dipcli.io.atomic import TEMPORARY
from dipcli.io.names import is_of_the_system
from dipcli.io.run_record import hash_of, load_record, save_record, sha256_of
from dipcli.options.call import Call
from dipcli.pipeline.item import Item

MARK = "dipcli.checkpoint"  # the file that shows that a folder of checkpoints is this program's

# Begun: there is a checkpoint. Stale: there is an output, but not of this input and these options.
Standing = Literal["done", "failed", "begun", "stale", "waiting"]

Hasher = Callable[[Path], str]


def asked_of(item: Item, call: Call, hashed: Hasher = sha256_of) -> dict[str, Any]:
    """All that decides the item's result: options, and the content of the input and of the files they name.

    Errors: InputError when a file cannot be read.
    """
    asked = {**call.asked, "input_sha256": _content(item, hashed)}
    for name in call.asked.keys() & call.words.keys():  # words have files in place of pipes
        value = Path(call.words[name][-1])
        asked |= {f"{name}_sha256": hashed(path) for path in (value, value / item.name) if _is_file(path)}
    return asked


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _content(item: Item, hashed: Hasher) -> str:
    """The hash of the input, or of the files in it, if it is a folder."""
    if item.input.is_dir():
        files = [file for file in sorted(item.input.iterdir()) if not is_of_the_system(file.name)]
        return hash_of(f"{file.name} {hashed(file)}" for file in files if file.is_file())
    return hashed(item.file)


def seal_of(command: str, asked: Mapping[str, Any], device_type: str) -> dict[str, Any]:
    """What a checkpoint belongs to."""
    return {"version": __version__, "command": command, "asked": dict(asked), "device": device_type}


def standing_of(item: Item, call: Call) -> Standing:
    """Where an item stands; done only where output and record agree with the input's content and the options."""
    if _agrees(item, call):
        return "done"
    return glance(item, done="stale")


def glance(item: Item, *, done: Standing = "done") -> Standing:
    """Where an item stands by the names of its files alone."""
    if item.beside("failed.json").is_file():
        return "failed"
    if is_checkpoint(item.beside("checkpoint")):
        return "begun"
    is_recorded = item.beside("run.json").is_file()
    if item.output.is_file() and (is_recorded or done == "stale"):
        return done
    return "waiting"


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder is of this program: it never takes another for its own, whatever its name."""
    return (folder / MARK).is_file()


def may_go_on(item: Item) -> bool:
    """Whether an item has a checkpoint with a fit in it, not only the mark of one."""
    folder = item.beside("checkpoint")
    return is_checkpoint(folder) and any(folder.glob("*.pt"))


def may_be_checkpoint(folder: Path) -> bool:
    """Whether it is one, or one that a kill left before it had its mark: nothing but temporary files of ours."""
    if is_checkpoint(folder) or not folder.is_dir():
        return is_checkpoint(folder)
    return all(fnmatch(entry.name, TEMPORARY) for entry in folder.iterdir())


def _agrees(item: Item, call: Call) -> bool:
    try:
        record = load_record(item.beside("run.json"))
        if not item.output.is_file() or is_checkpoint(item.beside("checkpoint")):
            return False
        return (
            record.get("command") == call.command
            and record.get("asked") == json.loads(json.dumps(asked_of(item, call)))
            and record.get("output_sha256") == sha256_of(item.output)
        )
    except InputError:
        return False


def recorded_outputs(record: Path) -> list[str]:
    """The names of the files that a record lists, the output first; none where it is no record."""
    try:
        outputs = load_record(record).get("outputs")
    except InputError:
        return []
    return [Path(str(path)).name for path in outputs.values()] if isinstance(outputs, dict) else []


def note_failure(item: Item, sentence: str) -> None:
    """Leave word of a failure, for `--retry-failed` and `dipcli status`. Errors: OutputError."""
    save_record(item.beside("failed.json"), {"input": item.input, "error": sentence})


def forget_failure(item: Item) -> None:
    """Take back word of an earlier failure. Errors: OutputError."""
    path = item.beside("failed.json")
    try:
        if path.is_file():
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be deleted, {error.strerror}; check the folder's permissions."
        ) from error


def failure_of(item: Item) -> str:
    """The sentence of a noted failure. Errors: InputError when there is none."""
    return str(load_record(item.beside("failed.json")).get("error", ""))
