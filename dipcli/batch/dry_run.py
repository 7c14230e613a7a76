"""`--dry-run`: what would be done, what would fail, and what it would cost."""

from dipcli.batch.attempt import explained, sentence_of
from dipcli.batch.selection import Batch
from dipcli.engine.forecast import Forecast
from dipcli.errors import DipcliError, OptionError
from dipcli.io.run_record import to_json
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import AnyMedium
from dipcli.pipeline.process import forecast
from dipcli.report.messages import LOGGER, say

WORDS = {
    "waiting": "would be done",
    "begun": "would go on from its checkpoint",
    "failed": "failed before, would be done again",
    "stale": "exists from another input or other options, would be done again",
    "done": "is done, would be done again",
}


def show_plan(batch: Batch, context: Context, medium: AnyMedium | None) -> int:
    """Print a line, or a JSON object, for each item, and in the end the forecast; the exit code of the real run.

    Inputs are read and nothing is computed. Without a medium, they are only looked at, which costs nothing.
    """
    chosen = set(batch.todo)
    forecasts: dict[Item, Forecast] = {}
    failures: list[DipcliError] = []
    for item, standing in zip(batch.items, batch.standings, strict=True):
        action = WORDS[standing] if item in chosen else f"is {standing}, would be left alone"
        row: dict[str, object] = {
            "input": item.input,
            "output": item.output,
            "standing": standing,
            "todo": item in chosen,
        }
        if item in chosen and medium is not None:
            try:
                with explained(item):
                    forecasts[item] = forecast(item, context, medium)
            except DipcliError as error:
                failures.append(error)
                action, row["error"] = "would fail", sentence_of(item, error)
                LOGGER.error("%s", row["error"])
        say(to_json(row) if context.files.json else f"{item.input} -> {item.output}: {action}")
    if forecasts:
        _say_forecast(forecasts, context)
    if failures and not forecasts and all(isinstance(error, OptionError) for error in failures):
        return OptionError.exit_code
    return DipcliError.exit_code if failures else 0


def _say_forecast(forecasts: dict[Item, Forecast], context: Context) -> None:
    largest = max(forecasts, key=lambda item: forecasts[item].seconds)
    together = sum(one.seconds for one in forecasts.values()) / context.files.batch.jobs
    row = {
        "seconds": round(max(together, forecasts[largest].seconds)),
        "largest_seconds": round(forecasts[largest].seconds, 1),
        "mebibytes": round(max(one.bytes for one in forecasts.values()) / 2**20),
    }
    if context.files.json:
        say(to_json({"forecast": row}))
    else:
        say(
            f"forecast: at most about {row['seconds']} s for all, {row['largest_seconds']} s and "
            f"{row['mebibytes']} MiB of memory for the largest, {largest.name}"
        )
