"""The record of one restored item: enough to trust it, and to make it again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from dipcli import __version__
from dipcli.engine.restore import Result
from dipcli.engine.solve import Ending
from dipcli.pipeline.computing import Computed, Loaded
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import AnyMedium, SourceFile
from dipcli.pipeline.provenance import provenance
from dipcli.pipeline.statement import Fitted, Search
from dipcli.report.endings import outcome
from dipcli.report.figures import Curve, Report

NO_FIT = {"ending": "classical", "iterations": 0, "best_iteration": 0, "runs": []}
ENDINGS = ("classical", "converged", *get_args(Ending))  # from best to worst


def record_of(
    context: Context,
    medium: AnyMedium,
    loaded: Loaded,
    computed: Computed,
    hashes: Mapping[Path, str],
) -> dict[str, Any]:
    """Everything about one item but what was written, of whose files, the input first, these are the hashes.

    Of a stack's frames also each one's own share, under `frames`.
    """
    source, frames = loaded.source, computed.frames
    shares = [_of_frame(frame) for frame in frames]
    (first, digest), *rest = hashes.items()
    others = {str(path): other for path, other in rest}
    return {
        "version": __version__,
        "command": context.command,
        "options": {"preset": context.preset, **frames[0].statement.options},
        "seed": context.files.seed,
        "input": {
            "path": str(first),
            "sha256": digest,
            "shape": source.stored_shape,
            "dtype": source.stored_dtype,
            **({"files": others} if others else {}),
        },
        "asked": dict(context.asked or {}),
        **provenance(context.files.call, first, context.device),
        "device": str(context.device),
        "threads": context.threads,
        **_together(shares),
        **({"frames": shares} if len(shares) > 1 else {}),
        "confirmed": not any(frame.doubts for frame in frames),
        **({} if computed.metrics is None else {"metrics": dict(computed.metrics)}),
        "warnings": _warnings(source, frames, medium),
    }


def report_of(item: Item, record: Mapping[str, Any], computed: Computed, curves: Sequence[Curve]) -> Report:
    """What is drawn of an item, by what its record says, and by one of its frames."""
    shown = computed.shown
    stops = [] if shown.result is None else [solution.best_iteration for solution in shown.result.solutions]
    decisions = {**shown.statement.decisions, **shown.restoration.decisions}
    facts = {"result": outcome(record), **{name: str(fact) for name, fact in decisions.items()}}
    warned = "; ".join(shown.warnings)
    facts |= {"beware": warned} if warned else {}
    return Report(f"dipcli {record['command']} {item.name}", computed.panels, facts, shown.history, stops, curves)


def _of_frame(frame: Fitted) -> dict[str, Any]:
    return {
        **(_of_fit(frame.result, frame) if frame.result else _of_search(frame.restoration.search)),
        "metrics": dict(frame.metrics),
        "classical": {"method": frame.statement.classical[0], **_beside(frame)},
        "decisions": {**frame.statement.decisions, **frame.restoration.decisions},
    }


def _beside(frame: Fitted) -> dict[str, list[str]]:
    """The further classical methods that were computed, where there are some."""
    return {"beside": list(frame.statement.beside)} if frame.statement.beside else {}


def _of_fit(result: Result, frame: Fitted) -> dict[str, Any]:
    return {
        "ending": result.ending,
        "iterations": result.iterations,
        "best_iteration": result.best_iteration,
        "engine": asdict(frame.statement.engine),
        "tuning": asdict(result.tuning),
        "runs": [
            {"ending": s.ending, "iterations": s.iterations, "best_iteration": s.best_iteration}
            for s in result.solutions
        ],
    }


def _of_search(search: Search | None) -> dict[str, Any]:
    """Of a result without a network."""
    if search is None:
        return NO_FIT
    ending = "converged" if search.is_over else "max_time"
    steps = {"iterations": search.iterations, "best_iteration": search.iterations}
    return {"ending": ending, **steps, "runs": [], "method": search.method}


def _together(frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One frame as it is; of several: sums, means, and the settings of the first that was fitted."""
    if len(frames) == 1:
        return dict(frames[0])
    first = next((frame for frame in frames if frame["runs"]), frames[0])
    names = [name for name in first["metrics"] if all(name in frame["metrics"] for frame in frames)]
    return {
        **first,
        "ending": max((frame["ending"] for frame in frames), key=ENDINGS.index),
        "iterations": sum(frame["iterations"] for frame in frames),
        "best_iteration": round(sum(frame["best_iteration"] for frame in frames) / len(frames)),
        "metrics": {name: sum(frame["metrics"][name] for frame in frames) / len(frames) for name in names},
    }


def _warnings(source: SourceFile, frames: Sequence[Fitted], medium: AnyMedium) -> list[str]:
    """Those of the file and of all frames, each with the name of its frame where there are several."""
    names = [f"{medium.name(source, index)}: " if len(frames) > 1 else "" for index in range(len(frames))]
    return [*source.warnings, *(f"{n}{w}" for n, frame in zip(names, frames, strict=True) for w in frame.warnings)]
