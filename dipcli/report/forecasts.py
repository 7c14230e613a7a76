"""What something will cost, in words for a person."""

from dipcli.engine.forecast import Forecast

UNITS = ((1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "days"))  # in seconds
MOST = 100.0  # of a unit, before the next one is taken


def in_words(cost: Forecast) -> str:
    """Such as "12-20 min, 9 tiles, 3.0 GB"."""
    tiles = f", {cost.tiles} tiles" if cost.tiles > 1 else ""
    return f"{time_in_words(cost.least_seconds, cost.seconds)}{tiles}, {cost.bytes / 1e9:.1f} GB"


def time_in_words(least: float, most: float) -> str:
    """A range of seconds in one unit: "5-12 s", "2-3 h"; one number where both ends are alike."""
    seconds, unit = next((u for u in UNITS if most < MOST * u[0]), UNITS[-1])
    ends = [_rounded(end / seconds) for end in (least, most)]
    return f"{ends[0]}-{ends[1]} {unit}" if ends[0] != ends[1] else f"{ends[1]} {unit}"


def _rounded(number: float) -> str:
    """To two figures: a forecast has no more."""
    return f"{number:.1f}" if number < 10 else f"{float(f'{number:.2g}'):,.0f}"
