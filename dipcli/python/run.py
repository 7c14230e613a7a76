"""One call of a function: load, compute, and hand over what a command would write."""

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.engine.device import choose_device, prepare
from dipcli.errors import DipcliError
from dipcli.io.run_record import to_json
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides
from dipcli.options.presets import PresetName, chosen_preset
from dipcli.pipeline.computing import compute
from dipcli.pipeline.context import Context
from dipcli.pipeline.interruption import Interruption
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import AnyMedium
from dipcli.pipeline.process import read
from dipcli.pipeline.record import record_of
from dipcli.pipeline.statement import Fitted
from dipcli.python.arguments import COMMON, Note, call_of, checked, filed, notes_of
from dipcli.python.result import Result

Build = Callable[[PresetName, str, Overrides[Any]], AnyMedium]
ENDINGS = {"phase-retrieve": "npz"}  # of outputs that hold whatever comes out; nothing is written


def run(command: str, kind: type, build: Build, source: Any, given: Mapping[str, Any]) -> Result:  # noqa: ANN401
    """Restore an array as a command restores a file. Raises DipcliError, with the sentences of the command."""
    known = {name: note for name, note in notes_of(FileOptions).items() if name in COMMON}
    known |= {"preset": Note(PresetName, "", known["seed"].span), **notes_of(kind)}
    with tempfile.TemporaryDirectory(prefix="dipcli-") as name:
        folder = Path(name)
        try:
            options = checked(command, known, given, folder)
            is_file = isinstance(source, str | Path)
            path = Path(source) if is_file else filed("image", np.asarray(source), folder)
            item = Item(path, folder / f"result.{ENDINGS.get(command, 'npy')}", path.name)
            return _restored(command, item, build, options, folder)
        except DipcliError as error:
            raise type(error)(str(error).replace(f"{folder}{os.sep}", "")) from error.__cause__


def _restored(command: str, item: Item, build: Build, options: Mapping[str, Any], folder: Path) -> Result:
    start = time.perf_counter()
    device = choose_device(options.get("device", "auto"))
    threads = options.get("threads") or torch.get_num_threads()
    files = FileOptions(
        reference=options.get("reference"), seed=options.get("seed", 0), call=call_of(command, item.input, options)
    )
    preset = chosen_preset(options.get("preset", "auto"), device.type)
    knobs = Overrides[Any]({name: value for name, value in options.items() if name not in COMMON})
    with _machine(device, threads):
        context = Context(command, preset, files, device, threads, Interruption())
        medium = build(preset, device.type, knobs)
        loaded, hashes = read(item, context, medium)
        computed = compute(loaded, context, medium)
        facts = record_of(context, medium, loaded, computed, hashes)
        arrays = dict(medium.arrays(loaded.source, computed.frames))
    facts["seconds"] = round(time.perf_counter() - start, 3)
    here = json.dumps(f"{folder}{os.sep}")[1:-1]
    return Result(
        arrays.pop("image"),
        arrays.pop("classical"),
        arrays.pop("spread", None),
        facts["ending"],
        _history(computed.frames),
        json.loads(to_json(facts).replace(here, "")),
        arrays,
        computed.panels,
    )


@contextlib.contextmanager
def _machine(device: torch.device, threads: int) -> Iterator[None]:
    """Settings of the process as a command has them; afterwards threads and random numbers are as they were."""
    before = torch.get_num_threads()
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        prepare(device, threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
            torch.set_flush_denormal(False)


def _history(frames: Sequence[Fitted]) -> dict[str, NDArray[np.float64]]:
    """The columns of all iterations; `frame` counts from 1. Empty where nothing was fitted."""
    parts = [(number, frame.history.curves()) for number, frame in enumerate(frames, 1)]
    parts = [(number, curves) for number, curves in parts if curves]
    if not parts:
        return {}
    columns = {name: np.concatenate([curves[name] for _, curves in parts]) for name in parts[0][1]}
    return {"frame": np.concatenate([np.full(len(curves["run"]), float(n)) for n, curves in parts]), **columns}
