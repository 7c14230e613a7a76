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
from dipcli.report.forecasts import in_words
from dipcli.report.messages import LOGGER, say

WORDS = {
    "waiting": "would be done",
    "begun": "would go on from its checkpoint",
    "failed": "failed before, would be done again",
    "stale": "exists from another input or other options, would be done again",
    "done": "is done, would be done again",
}


def show_plan(batch: Batch, context: Context, medium: AnyMedium | None, n_processes: int) -> int:
    """Print a line, or a JSON object, for each item, and in the end the forecast; the exit code of the real run.

    `n_processes` work at a time. Inputs are read and nothing is computed. Without a medium, they are only looked
    at, which costs nothing.
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
                row["forecast"] = _row(forecasts[item])
            except DipcliError as error:
                failures.append(error)
                action, row["error"] = "would fail", sentence_of(item, error)
                LOGGER.error("%s", row["error"])
        say(to_json(row) if context.files.json else f"{item.input} -> {item.output}: {action}")
    if forecasts:
        _say_forecast(forecasts, context, n_processes)
    if failures and not forecasts and all(isinstance(error, OptionError) for error in failures):
        return OptionError.exit_code
    return DipcliError.exit_code if failures else 0


def _say_forecast(forecasts: dict[Item, Forecast], context: Context, n_processes: int) -> None:
    """Of all items, by so many processes at a time; the memory is that of the largest in each of them."""
    name, largest = max(((item.name, cost) for item, cost in forecasts.items()), key=lambda pair: pair[1].seconds)
    at_a_time = min(n_processes, len(forecasts))
    whole = Forecast(
        max(sum(cost.least_seconds for cost in forecasts.values()) / at_a_time, largest.least_seconds),
        max(sum(cost.seconds for cost in forecasts.values()) / at_a_time, largest.seconds),
        max(cost.bytes for cost in forecasts.values()) * at_a_time,
        largest.tiles,
    )
    if context.files.json:
        of_largest = {f"largest_{name}": value for name, value in _row(largest).items()}
        say(to_json({"forecast": _row(whole) | of_largest | {"largest": name}}))
    elif len(forecasts) == 1:
        say(f"forecast: {in_words(largest)}")
    else:
        together = f", {at_a_time} at a time" if at_a_time > 1 else ""
        say(f"forecast: {in_words(whole)} for all{together}; {in_words(largest)} for the largest, {name}")


def _row(cost: Forecast) -> dict[str, object]:
    return {
        "least_seconds": round(cost.least_seconds, 1),
        "seconds": round(cost.seconds, 1),
        "mebibytes": round(cost.bytes / 2**20),
        "tiles": cost.tiles,
    }
