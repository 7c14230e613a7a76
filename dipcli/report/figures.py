"""NAME.report.png: pictures of one run, a detail of each, the curve of the fit, and what was decided."""

import importlib.util
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from dipcli.report.history import History
from dipcli.report.messages import LOGGER

Array = NDArray[Any]

DOTS = 100  # an inch
SIDE = 2.6  # inches of a panel
MOST_ROWS = 900  # pixels of a panel that is drawn as it is; larger ones are thinned
DETAIL = 5  # times smaller than the picture is the detail
LEAST_DETAIL = 24  # pixels of its side
MISSING = (0.16, 0.24, 0.63)  # the colour of what was not measured
MIDDLE = (0.4, 0.6, 0.4, 0.6)
LETTERS = 34  # of the text below, in the width of a panel


@dataclass(frozen=True)
class Panel:
    """One picture of a report: (height, width), or (height, width, 3) in [0, 1].

    `limits` are the values shown as black and white. A kernel or a phase has its scale beside it. Of all panels,
    one may be what there was before, and one what came out of it.
    """

    title: str
    values: Array
    limits: tuple[float, float] = (0.0, 1.0)
    palette: str = "gray"
    has_detail: bool = True
    has_scale: bool = False
    wheel: Array | None = None  # the colours of all angles, (side, side, 3), where the panel shows angles
    pixel_nm: float | None = None  # the side of a pixel, where that is known: a bar shows a length
    role: Literal["", "before", "after"] = ""


@dataclass(frozen=True)
class Curve:
    """A quantity that a field follows beside its fit, such as the agreement of several starts by frequency."""

    title: str
    label: str  # of the axis
    at: Array
    values: Array


@dataclass(frozen=True)
class Report:
    """All that is drawn of one run."""

    title: str
    panels: Sequence[Panel]
    facts: Mapping[str, str]
    history: History
    stops: Sequence[int]  # the iteration that each run returns
    curves: Sequence[Curve] = ()  # beside those of the fit


def can_draw() -> bool:
    """Whether the library that draws is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def drawn(report: Report) -> bytes | None:
    """The report as PNG; where it cannot be drawn, a warning: it costs nobody the result."""
    try:
        return draw(report)
    except (ImportError, OSError, RuntimeError, ValueError, MemoryError) as error:
        LOGGER.warning("%s: no report was drawn, %s; --no-report leaves it out.", report.title, error)
        return None


def draw(report: Report) -> bytes:
    """The report as PNG; equal for equal runs."""
    from matplotlib.figure import Figure

    panels, curves = report.panels, report.history.curves()
    has_detail = any(panel.has_detail for panel in panels)
    lines = [
        line
        for name, text in report.facts.items()
        for line in textwrap.wrap(f"{name}: {text}", LETTERS * len(panels))
    ]
    tallest = max(panel.values.shape[0] / panel.values.shape[1] for panel in panels)
    has_curves = bool(curves or report.curves)
    heights = [SIDE * min(tallest, 1.5), *([SIDE] if has_detail else []), *([2.0] if has_curves else [])]
    text_height = 0.14 * len(lines) + 0.1
    figure = Figure((SIDE * len(panels) + 0.4, sum(heights) + text_height + 0.6), dpi=DOTS, layout="constrained")
    figure.suptitle(report.title, fontsize=11)
    grid = figure.add_gridspec(len(heights) + 1, len(panels), height_ratios=[*heights, text_height])
    corner = _detail(panels)
    for column, panel in enumerate(panels):
        axes = figure.add_subplot(grid[0, column])
        shown = _show(axes, panel, panel.values)
        axes.set_title(panel.title, fontsize=9)
        _explain(axes, panel)
        if panel.has_detail:
            _outline(axes, panel.values, corner)
            _show(figure.add_subplot(grid[1, column]), panel, _cut(panel.values, corner), is_detail=True)
        if panel.has_scale:
            figure.colorbar(shown, ax=axes, fraction=0.046).ax.tick_params(labelsize=7)
    if has_curves:
        _draw_curves(figure, grid[len(heights) - 1, :], report)
    text = figure.add_subplot(grid[-1, :])
    text.axis("off")
    text.text(0, 1, "\n".join(lines), va="top", fontsize=8, family="monospace", parse_math=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _show(axes: Any, panel: Panel, values: Array, *, is_detail: bool = False) -> Any:  # noqa: ANN401 - matplotlib's
    step = 1 if is_detail else _step(values)
    low, high = panel.limits
    values = values[::step, ::step]
    if values.ndim == 3:
        values, low, high = ((values - low) / max(high - low, 1e-30)).clip(0, 1), 0, 1
        values = np.where(np.isnan(values), MISSING, values)
    interpolation = "nearest" if is_detail or max(values.shape[:2]) < DOTS * SIDE else "antialiased"
    shown = axes.imshow(values, vmin=low, vmax=high, cmap=panel.palette, interpolation=interpolation)
    shown.set_cmap(shown.get_cmap().with_extremes(bad=MISSING))
    axes.set_xticks([])
    axes.set_yticks([])
    return shown


def _detail(panels: Sequence[Panel]) -> tuple[float, float, float, float]:
    """Where the last two panels of pictures differ most, by shares of the sides: top, bottom, left, right."""
    same = [panel for panel in panels if panel.has_detail]
    pairs = [
        (one, other)
        for one, other in pairwise(same)
        if one.values.shape == other.values.shape and one.palette == other.palette and one.limits == other.limits
    ]
    if not pairs:
        return MIDDLE
    step = _step(pairs[-1][0].values)
    difference = np.nan_to_num(np.abs(pairs[-1][0].values[::step, ::step] - pairs[-1][1].values[::step, ::step]))
    flat = difference.mean(-1) if difference.ndim == 3 else difference
    sides = [min(side, max(LEAST_DETAIL, max(flat.shape) // DETAIL)) for side in flat.shape]
    mean = uniform_filter(flat.astype(np.float32), sides)
    half = [side // 2 for side in sides]
    height, width = flat.shape
    inner = mean[half[0] : half[0] + height - sides[0] + 1, half[1] : half[1] + width - sides[1] + 1]
    if inner.max() <= 0:  # they are the same
        return MIDDLE
    top, left = np.unravel_index(int(inner.argmax()), inner.shape)
    return (top / height, (top + sides[0]) / height, left / width, (left + sides[1]) / width)


def _step(values: Array) -> int:
    """Pixels from one to the next that is looked at, of large pictures."""
    return max(1, int(max(values.shape[:2])) // MOST_ROWS)


def _cut(values: Array, corner: tuple[float, float, float, float]) -> Array:
    height, width = values.shape[:2]
    top, bottom, left, right = corner
    rows = slice(int(top * height), max(int(bottom * height), int(top * height) + 1))
    columns = slice(int(left * width), max(int(right * width), int(left * width) + 1))
    return values[rows, columns]


def _outline(axes: Any, values: Array, corner: tuple[float, float, float, float]) -> None:  # noqa: ANN401
    height, width = (side / _step(values) for side in values.shape[:2])
    top, bottom, left, right = corner[0] * height, corner[1] * height, corner[2] * width, corner[3] * width
    axes.plot([left, right, right, left, left], [top, top, bottom, bottom, top], color="orange", linewidth=1)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)


def _explain(axes: Any, panel: Panel) -> None:  # noqa: ANN401
    """A wheel of the colours of angles, and a bar of a round length."""
    if panel.wheel is not None:
        inset = axes.inset_axes([0.76, 0.77, 0.22, 0.22])
        inset.imshow(panel.wheel)
        inset.text(
            0.5, 0, "0 right, π/2 up", fontsize=5, color="white", ha="center", va="top", transform=inset.transAxes
        )
        inset.axis("off")
    if panel.pixel_nm is not None:
        _draw_bar(axes, panel.pixel_nm * panel.values.shape[1])


def _draw_bar(axes: Any, width_nm: float) -> None:  # noqa: ANN401
    """A bar of a round length, in a panel so wide; white with a black rim, for what is below may be either."""
    from matplotlib.patheffects import withStroke

    length = round_length(width_nm / 4)
    said = f"{length:g} nm" if length < 1000 else f"{length / 1000:g} µm"
    bar, words = ([withStroke(linewidth=width, foreground="black")] for width in (5, 2))
    at = {"transform": axes.transAxes, "color": "white"}
    axes.plot([0.05, 0.05 + length / width_nm], [0.05, 0.05], "-", linewidth=3, path_effects=bar, **at)
    axes.text(0.05, 0.08, said, fontsize=8, path_effects=words, **at)


def round_length(length: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not longer."""
    power = 10.0 ** np.floor(np.log10(length))
    return float(next(step * power for step in (5, 2, 1) if step * power <= length * (1 + 1e-9)))


def _draw_curves(figure: Any, place: Any, report: Report) -> None:  # noqa: ANN401
    """Loss and moving variance, and the score where the truth is known, run by run; what is returned is marked."""
    curves, stops = report.history.curves(), report.stops
    names = [
        name for name in ("loss", "variance", "psnr_db") if name in curves and np.isfinite(curves[name]).any()
    ]
    titles = {"loss": "loss", "variance": "moving variance", "psnr_db": "PSNR in dB"}
    inner = place.subgridspec(1, len(names) + len(report.curves))
    for index, curve in enumerate(report.curves, len(names)):
        axes = figure.add_subplot(inner[index])
        axes.plot(curve.at, curve.values, linewidth=1)
        axes.set_title(curve.title, fontsize=9)
        axes.set_xlabel(curve.label, fontsize=8)
        axes.set_ylim(0, 1.05)
        axes.tick_params(which="both", labelsize=7)
        axes.grid(visible=True, alpha=0.3)
    for index, name in enumerate(names):
        axes = figure.add_subplot(inner[index])
        for number, run in enumerate(np.unique(curves["run"])):
            own = curves["run"] == run
            (line,) = axes.plot(curves["iteration"][own], curves[name][own], linewidth=1)
            at = own & (curves["iteration"] == (stops[number] if number < len(stops) else -1))
            axes.plot(curves["iteration"][at], curves[name][at], "o", color=line.get_color(), markersize=5)
        if name != "psnr_db":
            axes.set_yscale("log")
        axes.set_title(f"{titles[name]} (dots: what is returned)" if index == 0 else titles[name], fontsize=9)
        axes.set_xlabel("iteration", fontsize=8)
        axes.tick_params(which="both", labelsize=7)
        axes.grid(visible=True, alpha=0.3)
