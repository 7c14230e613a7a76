"""What came out, in one line for a person: of one input, and of a batch."""

from collections.abc import Mapping, Sequence
from typing import Any

# The score that says most, of those that a record has, and whom it is compared with.
SCORES = ("missing_psnr_db", "psnr_db", "magnitude_psnr_db", "si_sdr_db", "snr_db")
OTHERS = {"input": "input", "zero_filled": "zero-filled", "classical": "classical"}


def ending_line(name: str, record: Mapping[str, Any]) -> str:
    """Such as "a.png: 30.67 dB (input 20.46, classical 30.66), stopped at 100 of 200, 49 s"."""
    return f"{name}: {outcome(record)}, {duration(record['seconds'])}"


def outcome(record: Mapping[str, Any]) -> str:
    """The same without the name and the time."""
    frames = f"{len(record['frames'])} frames" if "frames" in record else ""
    doubt = "" if record["confirmed"] else "not confirmed"
    return ", ".join(part for part in (_quality(record["metrics"]), frames, how_ended(record), doubt) if part)


def batch_line(counts: Mapping[str, int], seconds: float) -> str:
    """Such as "12 inputs: 10 done (1 not confirmed), 2 failed, 3 min".

    The counts are of inputs that are done, unconfirmed, failed, interrupted and skipped.
    """
    doubts = f" ({counts['unconfirmed']} not confirmed)" if counts["unconfirmed"] else ""
    words = {
        "done": f"done{doubts}",
        "failed": "failed",
        "interrupted": "not finished",
        "skipped": "left as they were",
    }
    parts = [f"{counts[kind]} {word}" for kind, word in words.items() if counts[kind] or kind == "done"]
    n_inputs = sum(counts[kind] for kind in words)
    return f"{n_inputs} inputs: {', '.join([*parts, duration(seconds)])}"


def duration(seconds: float) -> str:
    """To two figures, in the unit that fits: 4.2 s, 49 s, 12 min, 3.5 h."""
    units = ((1.0, "s"), (60.0, "min"), (3600.0, "h"))
    size, unit = next(((size, unit) for size, unit in units if seconds < 100 * size), units[-1])
    number = seconds / size
    return f"{number:.1f} {unit}" if number < 10 else f"{number:.0f} {unit}"


def score_of(metrics: Mapping[str, float | None]) -> str | None:
    """The name of the score that says most, where there is one."""
    return next((name for name in SCORES if metrics.get(name) is not None), None)


def _quality(metrics: Mapping[str, float | None]) -> str:
    score = score_of(metrics)
    if score is None:
        return ""
    others = [
        f"{word} {metrics[f'{prefix}_{score}']:.2f}"
        for prefix, word in OTHERS.items()
        if metrics.get(f"{prefix}_{score}") is not None
    ]
    beside = f" ({', '.join(others)})" if others else ""
    where = " where it was missing" if score.startswith("missing") else ""
    return f"{metrics[score]:.2f} dB{where}{beside}"


def how_ended(record: Mapping[str, Any]) -> str:
    """How the fit ended; the method, where there was none."""
    if record["ending"] == "classical":
        return f"{record['classical']['method']}, no network"
    if not record["runs"]:
        end = " when --max-time was over" if record["ending"] == "max_time" else ""
        return f"{record['method']}, {record['iterations']} steps{end}, no network"
    runs, bound = record["runs"], record["engine"]["stopping"]["iterations"]
    count = f"{len(runs)} runs " if len(runs) > 1 else ""
    if record["ending"] == "early_stop":
        return f"{count}stopped at {_span([run['iterations'] for run in runs])} of {bound}"
    if record["ending"] == "max_time":
        return f"{count}ended by --max-time at {_span([run['iterations'] for run in runs])} of {bound}"
    return f"{count}of {bound} iterations" if count else f"all {bound} iterations"


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least}" if least == most else f"{least}-{most}"
