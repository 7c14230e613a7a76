"""How numbers are read from the command line: finite, in their range, fractions allowed."""

import math
from collections.abc import Callable
from typing import Any

import typer

from dipcli.options.notes import Range

MOST = 10**9  # of a whole number, where its range has no end
MOST_COUNTS = 64  # in a list of them


def number_parser(span: Range) -> Callable[[Any], float]:
    """What reads a number such as 0.1 or 25/255 within a range; infinity only where the range ends there."""

    def number(text: Any) -> float:  # noqa: ANN401 - a default comes as it is
        value = _value_of(str(text))
        if math.isnan(value) or (math.isinf(value) and span.highest != value):
            raise typer.BadParameter(f"{text} is no finite number.")
        _check(value, span)
        return value

    return number


def counts_parser(span: Range) -> Callable[[Any], tuple[int, ...]]:
    """What reads counts such as `16,32,64`, or `128x5` for five times 128, each within a range."""

    def counts(text: Any) -> tuple[int, ...]:  # noqa: ANN401 - a default comes as it is
        if isinstance(text, tuple):
            return text
        found: list[int] = []
        for part in text.split(","):
            count, _, times = part.partition("x")
            if not _is_count(count) or not _is_count(times or "1"):
                raise typer.BadParameter(f"{text!r} is not a list of counts such as 16,32,64 or 128x5.")
            if len(found) + int(times or 1) > MOST_COUNTS:
                raise typer.BadParameter(f"{text!r} has more than {MOST_COUNTS} counts.")
            _check(int(count), span)
            found += [int(count)] * int(times or 1)
        return tuple(found)

    return counts


def whole_range(span: Range) -> dict[str, int | None]:
    """The ends of the range of a whole number, as Typer wants them."""
    return {
        "min": None if span.lowest is None else int(span.lowest),
        "max": MOST if span.highest is None else int(span.highest),
    }


def range_text(span: Range) -> str:
    """A range as help shows it, after a blank; nothing where there is none."""
    ends = [f"{word} {end:g}" for word, end in (("from", span.lowest), ("to", span.highest)) if end is not None]
    return f" [{' '.join(ends)}]" if ends else ""


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _value_of(text: str) -> float:
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError) as error:
        raise typer.BadParameter(f"{text!r} is no number; give one such as 0.1 or 25/255.") from error


def _check(value: float, span: Range) -> None:
    if span.lowest is not None and value < span.lowest:
        raise typer.BadParameter(f"{value:.12g} is less than {span.lowest:.12g}.")
    if span.highest is not None and value > span.highest:
        raise typer.BadParameter(f"{value:.12g} is more than {span.highest:.12g}.")
