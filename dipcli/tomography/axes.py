"""Which axis of an array of projections is what."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError, OptionError
from dipcli.io.names import by

NAMES = ("slice", "view", "detector")
USUAL = {2: ("view", "detector"), 3: ("view", "slice", "detector")}  # as sinograms, and as Data Exchange has them
ALIKE, UNLIKE = 0.05, 0.2  # the mass of a slice is the same in all views; else they are no views

Order = tuple[str, ...]


def order_of(
    path: Path, array: NDArray[np.floating], asked: str | None, n_angles: int | None
) -> tuple[Order, str]:
    """The names of the axes of an array, and a warning where they are not the usual ones.

    They are asked for, or known by the number of angles, or by the object's mass, which is the same in all views.
    Raises OptionError for names that do not fit, InputError where the number of angles fits no axis.
    """
    if asked is not None:
        order = _named(path, asked, array.shape)
        _check_count(path, array.shape, order, n_angles)
        return order, ""
    if array.ndim not in USUAL:
        raise InputError(
            f"{path}: an array of shape {array.shape} is no set of projections; give two or three axes."
        )
    usual, others = USUAL[array.ndim], _others(array.ndim)
    if n_angles is not None and array.shape[usual.index("view")] != n_angles:
        fitting = [order for order in others if array.shape[order.index("view")] == n_angles]
        if len(fitting) != 1:
            _check_count(path, array.shape, usual, n_angles)
        return fitting[0], _said(path, fitting[0], "there are as many angles")
    if n_angles is None or n_angles in array.shape[1:]:
        spread = _unevenness(array, usual)
        better = [order for order in others if _unevenness(array, order) < min(ALIKE, spread / 4)]
        if spread > UNLIKE and better:
            return better[0], _said(path, better[0], "the mass of the object is the same in all views only so")
    return usual, ""


def to_slices(array: NDArray[np.floating], order: Order) -> NDArray[np.floating]:
    """An array with named axes -> (slices, views, detectors)."""
    ordered = array.transpose([order.index(name) for name in NAMES if name in order])
    return ordered if "slice" in order else ordered[None]


def _named(path: Path, asked: str, shape: tuple[int, ...]) -> Order:
    order = tuple(name.strip() for name in asked.split(","))
    if len(set(order)) != len(order) or not {"view", "detector"} <= set(order) <= set(NAMES):
        raise OptionError(f"--axes {asked} is not understood; it takes each of {', '.join(NAMES)} once.")
    if len(order) != len(shape):
        raise OptionError(
            f"{path}: --axes names {len(order)} axes, but the array is {by(shape)}; name all of them."
        )
    return order


def _check_count(path: Path, shape: tuple[int, ...], order: Order, n_angles: int | None) -> None:
    n_views = shape[order.index("view")]
    if n_angles is not None and n_angles != n_views:
        raise InputError(
            f"{path}: there are {n_angles} angles for {n_views} views of {shape[order.index('detector')]} pixels; "
            "give one angle for each view, or name the --axes."
        )


def _others(n_axes: int) -> list[Order]:
    if n_axes == 2:
        return [("detector", "view")]
    return [("slice", "view", "detector"), ("slice", "detector", "view"), ("detector", "slice", "view")]


def _unevenness(array: NDArray[np.floating], order: Order) -> float:
    """How much the mass of the middle slice differs between the views, as a share of it."""
    slices = to_slices(array, order)
    mass = slices[len(slices) // 2].sum(1, dtype=np.float64)
    mean = float(np.abs(mass).mean())
    return float(mass.std()) / mean if mean > 0 else 0.0


def _said(path: Path, order: Order, why: str) -> str:
    return f"{path}: was taken as ({', '.join(order)}), for {why}; --axes says otherwise."
