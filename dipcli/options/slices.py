"""What --slices names."""

from pathlib import Path

from dipcli.errors import OptionError


def choose_slices(path: Path, count: int, wanted: str) -> tuple[int, ...]:
    """The numbers that `all`, `middle`, `17` or `10:20` names among `count` slices.

    Raises OptionError for others.
    """
    if wanted == "all":
        return tuple(range(count))
    if wanted == "middle":
        return (count // 2,)
    first, colon, last = wanted.partition(":")
    try:
        chosen = range(int(first or 0), int(last or count)) if colon else range(int(first), int(first) + 1)
    except ValueError:
        chosen = range(0)
    if not chosen or chosen.start < 0 or chosen.stop > count:
        raise OptionError(f"{path}: --slices {wanted} is not among its {count}; give all, middle, 17, or 10:20.")
    return tuple(chosen)
