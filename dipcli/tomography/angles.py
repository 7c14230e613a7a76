"""The angles of the views: a range, or a file with one for each."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError, OptionError
from dipcli.io.numpy_files import SIGNATURE, read_npy_array

FULL_TURN_DEGREES = 360.0
LONGEST_TEXT = 2**24

Degrees = NDArray[np.float64]


def angles_in_file(asked: str | None) -> Degrees | None:
    """Those of a file that --angles names; None where it names a range, or nothing.

    Raises InputError for a file that holds no list of numbers.
    """
    if asked is None or _range(asked) is not None:
        return None
    path = Path(asked)
    if not path.is_file():
        raise OptionError(
            f"--angles {asked} is neither a range of degrees, such as 180 or -60:60, nor a file; check the name."
        )
    if path.stat().st_size > LONGEST_TEXT:
        raise InputError(f"{path}: is too long for a list of angles; give one number for each view.")
    return in_degrees(_numbers(path))


def spread_angles(asked: str, count: int) -> Degrees:
    """So many angles over a range that --angles names."""
    first, last = _range(asked) or (0.0, 180.0)
    if ":" in asked:
        return np.linspace(first, last, count)
    return np.asarray(np.arange(count) * last / count)


def in_degrees(angles: NDArray[np.floating]) -> Degrees:
    """Angles as they were stored: many of them within 2π are radians."""
    values = np.asarray(angles, np.float64)
    is_radians = (
        values.size > 8 and np.ptp(values) < 1.01 * 2 * math.pi and not np.allclose(values, values.round())
    )
    return np.degrees(values) if is_radians else values


def _range(asked: str) -> tuple[float, float] | None:
    """The ends of a range: of `180`, 0 and 180. Raises OptionError for one that is no range of angles."""
    first, colon, last = asked.partition(":")
    try:
        ends = (float(first), float(last)) if colon else (0.0, float(asked))
    except ValueError:
        return None
    if not all(map(math.isfinite, ends)) or not 0 < abs(ends[1] - ends[0]) <= 100 * FULL_TURN_DEGREES:
        raise OptionError(f"--angles {asked} is no range of degrees; give one such as 180, 360 or -60:60.")
    return ends


def _numbers(path: Path) -> NDArray[np.float64]:
    with path.open("rb") as file:
        is_numpy = file.read(len(SIGNATURE)) == SIGNATURE
    try:
        if is_numpy:
            values = np.asarray(read_npy_array(path), np.float64)
        else:
            words = path.read_text(encoding="utf-8-sig").replace(",", " ").replace(";", " ").split()
            values = np.array([float(word) for word in words])
    except (ValueError, TypeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is no list of angles in degrees; give one number for each view.") from error
    if not values.size or not np.isfinite(values).all():
        raise InputError(f"{path}: holds angles that are no numbers; give one for each view.")
    return values.ravel()
