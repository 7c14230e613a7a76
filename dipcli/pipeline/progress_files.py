"""What is done of a batch, judged by the files beside the outputs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from dipcli import __version__
from dipcli.errors import InputError, OutputError
from dipcli.io.names import beside
from dipcli.io.run_record import hash_of, load_record, save_record, sha256_of
from dipcli.options.call import Call
from dipcli.pipeline.item import Item

# Begun: there is a checkpoint. Stale: there is an output, but not of this input and these options.
Standing = Literal["done", "failed", "begun", "stale", "waiting"]

Hasher = Callable[[Path], str]


def asked_of(item: Item, call: Call, hashed: Hasher = sha256_of) -> dict[str, Any]:
    """All that decides the item's result: options, and the content of the input and of the files they name.

    Errors: InputError when a file cannot be read.
    """
    asked = {**call.asked, "input_sha256": _content(item, hashed)}
    for name, value in call.asked.items():
        named = [Path(value), Path(value) / item.name] if isinstance(value, str) else []
        asked |= {f"{name}_sha256": hashed(path) for path in named if path.is_file()}
    return asked


def _content(item: Item, hashed: Hasher) -> str:
    """The hash of the input, or of the files in it, if it is a folder."""
    if item.input.is_dir():
        return hash_of(f"{file.name} {hashed(file)}" for file in sorted(item.input.iterdir()) if file.is_file())
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
    if beside(item.output, "failed.json").is_file():
        return "failed"
    if beside(item.output, "checkpoint").is_dir():
        return "begun"
    is_recorded = beside(item.output, "run.json").is_file()
    if item.output.is_file() and (is_recorded or done == "stale"):
        return done
    return "waiting"


def _agrees(item: Item, call: Call) -> bool:
    try:
        record = load_record(beside(item.output, "run.json"))
        if not item.output.is_file() or beside(item.output, "checkpoint").is_dir():
            return False
        return (
            record.get("command") == call.command
            and record.get("asked") == json.loads(json.dumps(asked_of(item, call)))
            and record.get("output_sha256") == sha256_of(item.output)
        )
    except InputError:
        return False


def note_failure(item: Item, sentence: str) -> None:
    """Leave word of a failure, for `--retry-failed` and `dipcli status`. Errors: OutputError."""
    save_record(beside(item.output, "failed.json"), {"input": item.input, "error": sentence})


def forget_failure(item: Item) -> None:
    """Take back word of an earlier failure. Errors: OutputError."""
    path = beside(item.output, "failed.json")
    try:
        if path.is_file():
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be deleted, {error.strerror}; check the folder's permissions."
        ) from error


def failure_of(item: Item) -> str:
    """The sentence of a noted failure. Errors: InputError when there is none."""
    return str(load_record(beside(item.output, "failed.json")).get("error", ""))
