"""`--dry-run`: what would be done."""

import typer

from dipcli.cli.batches import Batch
from dipcli.io.run_record import to_json
from dipcli.options import FileOptions

WORDS = {
    "waiting": "would be done",
    "begun": "would go on from its checkpoint",
    "failed": "failed before, would be done again",
    "stale": "exists from another input or other options, would be done again",
    "done": "is done, would be done again",
}


def show_plan(batch: Batch, files: FileOptions) -> None:
    """Print one line, or one JSON object, for each item: input, output, and what would happen."""
    todo = set(batch.todo)
    for item, standing in zip(batch.items, batch.standings, strict=True):
        action = WORDS[standing] if item in todo else f"is {standing}, would be left alone"
        if files.json:
            row = {"input": item.input, "output": item.output, "standing": standing, "todo": item in todo}
            typer.echo(to_json(row))
        else:
            typer.echo(f"{item.input} -> {item.output}: {action}")
