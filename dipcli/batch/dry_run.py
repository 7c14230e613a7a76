"""`--dry-run`: what would be done, and what it would cost."""

from dataclasses import replace

import typer

from dipcli.batch.plan import Item
from dipcli.batch.selection import Batch
from dipcli.engine.forecast import Forecast
from dipcli.errors import DipcliError
from dipcli.io.run_record import to_json
from dipcli.pipeline.context import Process, Rehearsed, Session

WORDS = {
    "waiting": "would be done",
    "begun": "would go on from its checkpoint",
    "failed": "failed before, would be done again",
    "stale": "exists from another input or other options, would be done again",
    "done": "is done, would be done again",
}


def show_plan(batch: Batch, session: Session, process: Process) -> None:
    """Print one line, or one JSON object, for each item, and in the end the forecast.

    The largest input is looked at and tried for a few iterations; the others count by their size.
    """
    todo = batch.todo
    chosen = set(todo)
    for item, standing in zip(batch.items, batch.standings, strict=True):
        action = WORDS[standing] if item in chosen else f"is {standing}, would be left alone"
        if session.files.json:
            row = {"input": item.input, "output": item.output, "standing": standing, "todo": item in chosen}
            typer.echo(to_json(row))
        else:
            typer.echo(f"{item.input} -> {item.output}: {action}")
    if not todo:
        return
    largest = max(todo, key=lambda item: item.size)
    forecast = _rehearse(largest, session, process)
    if forecast is None:
        typer.echo("forecast: none, for the largest input cannot be tried", err=True)
        return
    share = sum(item.size for item in todo) / max(largest.size, 1) / session.files.batch.jobs
    facts = {"seconds": round(forecast.seconds * max(share, 1)), "largest_seconds": round(forecast.seconds, 1)}
    facts["mebibytes"] = round(forecast.bytes / 2**20)
    if session.files.json:
        typer.echo(to_json({"forecast": facts}))
    else:
        typer.echo(
            f"forecast: at most about {facts['seconds']} s for all, {facts['largest_seconds']} s and "
            f"{facts['mebibytes']} MiB of memory for the largest, {largest.name}"
        )


def _rehearse(item: Item, session: Session, process: Process) -> Forecast | None:
    try:
        process(item, replace(session, rehearses=True))
    except Rehearsed as rehearsed:
        return rehearsed.forecast
    except DipcliError:
        return None
    return None
