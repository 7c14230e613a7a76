"""The record of one restored picture: enough to trust it, and to make it again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from dipcli import __version__
from dipcli.batch.plan import Item
from dipcli.engine.restore import Result
from dipcli.engine.solve import Ending
from dipcli.io.run_record import sha256_of
from dipcli.pipeline.context import Record, Session
from dipcli.pipeline.fit import Frame, Restored

NO_FIT = {"ending": "classical", "iterations": 0, "best_iteration": 0, "runs": []}
ENDINGS = ("classical", *get_args(Ending))  # from best to worst


def record_of(
    item: Item, session: Session, restored: Restored, outputs: Mapping[str, Path], preset: str
) -> Record:
    """Everything about one item; of a stack's frames also each one's own share, under `frames`."""
    frames = [_of_frame(frame) for frame in restored.frames]
    return {
        "version": __version__,
        "command": session.command,
        "options": {"preset": preset, **restored.frames[0].statement.told},
        "seed": session.files.seed,
        "input": {
            "path": str(item.input),
            "sha256": sha256_of(item.input),
            "shape": restored.shape,
            "dtype": restored.dtype,
            **(
                {"files": {str(path): sha256_of(path) for path in restored.also_read}}
                if restored.also_read
                else {}
            ),
        },
        "asked": dict(session.asked or {}),
        "output_sha256": sha256_of(item.output),
        "outputs": {name: str(path) for name, path in outputs.items()},
        "device": str(session.device),
        "threads": session.threads,
        "seconds": round(restored.seconds, 3),
        **_together(frames),
        **({} if restored.metrics is None else {"metrics": dict(restored.metrics)}),
        "warnings": list(restored.warnings),
        **({"frames": frames} if len(frames) > 1 else {}),
    }


def _of_frame(frame: Frame) -> dict[str, Any]:
    return {
        **(_of_fit(frame.result) if frame.result else NO_FIT),
        "metrics": dict(frame.metrics),
        "classical": {"method": frame.statement.classical[0], **_beside(frame)},
        "decisions": {**frame.statement.facts, **frame.outcome.facts},
        "engine": asdict(frame.statement.options),
    }


def _beside(frame: Frame) -> dict[str, list[str]]:
    """The further textbook methods that were computed, where there are some."""
    return {"beside": list(frame.statement.beside)} if frame.statement.beside else {}


def _of_fit(result: Result) -> dict[str, Any]:
    return {
        "ending": result.ending,
        "iterations": result.iterations,
        "best_iteration": result.best_iteration,
        "tuning": asdict(result.tuning),
        "runs": [
            {"ending": s.ending, "iterations": s.iterations, "best_iteration": s.best_iteration}
            for s in result.solutions
        ],
    }


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
