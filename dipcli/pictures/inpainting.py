"""Inpainting one frame: look at what is missing, choose how to fill it, and leave alone what is known."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.errors import InputError
from dipcli.options.overrides import as_used, without_engine
from dipcli.pictures.files.ranges import AS_STORED, Units
from dipcli.pictures.filling_choice import FillingChoice
from dipcli.pictures.gap_network import GapNetwork
from dipcli.pictures.held_out_gaps import held_out_gaps
from dipcli.pictures.noise_model import Fill, Noise, StabilisedValues, analyse, stabilise, tv_weight_of
from dipcli.pictures.options import InpaintOptions, MaskKind
from dipcli.pictures.windows import (
    Window,
    cut_window,
    stated_for_frame,
    tile_of,
    whole_of,
    window_around,
    windows_of_groups,
)
from dipcli.pipeline.statement import Restoration, Statement
from dipcli.pipeline.tiles import Tile
from dipcli.priors.prior import SMALLEST_SIDE
from dipcli.problem import Estimate, Unknown

# Of the classical answer, for each value of a gray frame and of one with colours; of a step, in its network's.
SECONDS, SECONDS_OF_COLOUR, BESIDE = 1.9e-4, 1e-4, 1.5
EXACT = 0.03  # known values with less noise than this are taken as exact: a guess is further off anyway
NOTICEABLE = 0.015  # noise from which on it is said that it stays
LONELY = 0.5  # where more of the known pixels than this touch a missing one, pixels are scattered
FEW = 4.0  # missing pixels in each group, on average, below which they are scattered, too
DEEP = 4.0  # pixels from a missing value to the nearest known one, on average: from here on it is a hole
SHALLOW = 3.0  # such a depth is left where a network fills a reduced copy
AROUND, DEPTHS_AROUND = 48, 8.0  # pixels, and mean depths, that are looked at around all that is missing


@dataclass(frozen=True)
class Gaps:
    """What is missing of a frame, and how it is to be filled.

    `recipe` is that of `options`, `window` the part of the frame (*space) that is looked at; `halvings` are those
    of the sides of what a network is fitted to.
    """

    kind: MaskKind
    depth: float
    recipe: MaskKind
    options: InpaintOptions
    window: Window
    halvings: int


def state_inpainting(
    measurement: Tensor,
    options: InpaintOptions,
    recipes: Mapping[MaskKind, InpaintOptions],
    units: Units = AS_STORED,
    like: Noise | None = None,
) -> Statement:
    """The statement for a frame (channels, *space) in [0, 1], NaN where it is missing.

    `options` are those that do not depend on what is missing, `recipes` all of them for each kind of it; `like`
    is the noise of the whole where the frame is a part of it. Of a stack, some frames may miss nothing: those are
    not fitted. Raises InputError where everything is missing.
    """
    mask = torch.isfinite(measurement)
    if not bool(mask.any()):
        raise InputError("Everything is missing from this frame; nothing is known to fill it in from.")
    gaps = _gaps_of(mask, options, recipes)
    noise = like or analyse(measurement, options.sigma, units)
    part = cut_window(measurement, gaps.window)
    statement = _state_window(part, gaps, analyse(part, like=noise))
    missing = f"{1 - float(mask.float().mean()):.1%} of the values, {gaps.kind}, {gaps.depth:.1f} pixels deep"
    statement = replace(statement, decisions={"missing": f"{missing} on average", **statement.decisions})
    return stated_for_frame(statement, measurement, gaps.window)


def decide(
    measurement: Tensor,
    options: InpaintOptions,
    recipes: Mapping[MaskKind, InpaintOptions],
    units: Units = AS_STORED,
) -> Callable[..., Statement]:
    """How the parts of a frame are stated: by the noise of all of it."""
    noise = analyse(measurement, options.sigma, units)
    return partial(state_inpainting, options=options, recipes=recipes, like=noise)


def windows_of(
    measurement: Tensor, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]
) -> list[Tile]:
    """The windows that are filled one by one, each by its own recipe; none for the whole at once."""
    mask = torch.isfinite(measurement)
    if bool(mask.all()) or not bool(mask.any()) or geometry(mask)[0] == "scattered":
        return []

    def around(part: Tensor) -> int:
        return _around(geometry(part)[1], options)

    is_local = all(_is_local(recipe) for recipe in recipes.values())
    return [tile_of(window) for window in windows_of_groups(mask, around)] if is_local else []


def _is_local(chosen: InpaintOptions) -> bool:
    """Whether nothing changes but what is missing, and what that becomes depends on its surroundings alone."""
    return chosen.classical in (None, 1) and not chosen.denoise


def _around(depth: float, options: InpaintOptions) -> int:
    """Pixels that are looked at around gaps of this mean depth."""
    return max(AROUND, round(DEPTHS_AROUND * depth), options.blend)


def _gaps_of(mask: Tensor, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]) -> Gaps:
    kind, depth = geometry(mask)
    recipe = kind if options.recipe == "auto" else options.recipe
    chosen = recipes[recipe]
    has_room = min(mask.shape[1:]) >= SMALLEST_SIDE  # for a network
    if chosen.classical is None and (not has_room or chosen.method != "auto"):
        chosen = replace(chosen, classical=1.0)
    around, space = _around(depth, chosen), mask.shape[1:]
    window = window_around(mask, around) if _is_local(chosen) else whole_of(space)
    halvings = round(math.log2(max(1.0, depth / SHALLOW))) if chosen.classical is None else 0
    return Gaps(kind, depth, recipe, chosen, window, halvings)


def _state_window(measurement: Tensor, gaps: Gaps, noise: Noise) -> Statement:
    """The statement for the part of a frame that is looked at."""
    options, mask = gaps.options, noise.mask
    if bool(mask.all()) and not options.denoise:
        return Statement(
            None, options.engine, ("none", measurement), without_engine(options), unchanged=mask, mask=mask
        )
    hidden = held_out_gaps(mask, scattered=gaps.recipe == "scattered")
    scored, fill = mask & hidden, FillingChoice(mask & hidden, options.method)
    guess = _best_guess(measurement, mask & ~scored, scored, noise, options, fill)
    values = _stabilised(measurement, mask, noise, options, exact=guess.sigma == 0, fill=fill)
    network, seam = GapNetwork(values, guess, hidden, gaps.halvings), _seam(mask, options.blend)

    def with_known(picture: Tensor) -> Tensor:
        return picture if options.denoise else torch.where(mask, measurement.lerp(picture, seam), picture)

    def finish(estimate: Estimate) -> Restoration:
        share = network.share(estimate["image"]) if estimate else 0.0
        picture = network.mixed(estimate["image"], share) if share else values.classical_picture
        earned = f"{share:.0%} of what was missing, by known values that were hidden from it"
        return Restoration(with_known(picture), decisions={"network": earned} if estimate else {})

    is_texture = values.sigma == 0 and noise.law.sigma >= EXACT
    decisions = {
        "recipe": gaps.recipe,
        "noise": "texture, taken as exact" if is_texture else f"{noise}{values.correlated}",
        "filling": str(fill.filling),
    }
    problem = network.problem(options, lambda image: with_known(values.mixed(image, options.classical_share)))
    return Statement(
        None if options.classical == 1 else problem,
        options.engine,
        (_method(values), with_known(values.classical_picture)),
        as_used(
            options,
            sigma=0.0 if is_texture else noise.level,
            tv_weight=None if options.classical == 1 else tv_weight_of(values.sigma, options),
        ),
        decisions,
        () if is_texture else _warnings(noise, options),
        unchanged=mask & (seam == 0) if not options.denoise else None,
        mask=mask,
        finish=finish if options.classical is None else None,
    )


def _method(values: StabilisedValues) -> str:
    return "filling" if values.sigma == 0 else f"filling and {values.method}"


def workload_of(
    measurement: Tensor, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]
) -> Workload:
    """What a frame asks of the machine, by what is missing of it."""
    gaps = _gaps_of(torch.isfinite(measurement), options, recipes)
    channels, *space = cut_window(measurement, gaps.window).shape
    reduced = (channels, *(-(-side // 2**gaps.halvings) for side in space))
    unknowns = {} if gaps.options.classical == 1 else {"image": Unknown(reduced)}
    each = SECONDS if channels == 1 else SECONDS_OF_COLOUR
    shape = (channels, *space)
    return Workload(shape, gaps.options.engine, unknowns, 2 * each * math.prod(shape), beside=BESIDE)


def _best_guess(
    measurement: Tensor, mask: Tensor, scored: Tensor, noise: Noise, options: InpaintOptions, fill: Fill
) -> StabilisedValues:
    """The values made from a part of what is known, beside a network that must not know what it is scored on.

    Little noise is taken for none. More of it may be texture: the known values that are `scored` decide.
    """
    choices = [True, False] if noise.law.sigma >= EXACT else [True]
    if options.denoise or options.sigma is not None:
        choices = [noise.law.sigma < EXACT and not options.denoise]
    guesses = [_stabilised(measurement, mask, noise, options, exact=exact, fill=fill) for exact in choices]

    def misfit(guess: StabilisedValues) -> float:
        return float((guess.classical_picture - measurement)[scored].square().sum())

    return min(guesses, key=misfit)


def _stabilised(
    measurement: Tensor, mask: Tensor, noise: Noise, options: InpaintOptions, *, exact: bool, fill: Fill
) -> StabilisedValues:
    may_be_correlated = options.sigma is None and not noise.is_faint
    return stabilise(measurement, mask, noise, exact=exact, may_be_correlated=may_be_correlated, fill=fill)


def geometry(mask: Tensor) -> tuple[MaskKind, float]:
    """What the values outside a mask (channels, *space) look like, and their mean distance to it in pixels.

    Scattered, where most of the known pixels touch a missing one, or where they come in ones and twos; else
    holes, where they are deep, or strokes.
    """
    missing = (~mask).any(0).cpu().numpy()
    touched = ndimage.binary_dilation(missing) & ~missing
    if missing.all() or not missing.any():
        return "scattered", float(missing.any())
    if missing.sum() < FEW * ndimage.label(missing)[1]:
        return "scattered", 1.0
    depth = float(ndimage.distance_transform_edt(missing)[missing].mean())
    if touched.sum() > LONELY * (~missing).sum():
        return "scattered", depth
    return ("holes" if depth >= DEEP else "strokes"), depth


def _seam(mask: Tensor, width: int) -> Tensor:
    """How much of the restored picture is shown at known values: 0, or falling from 1 at the missing ones."""
    if not width:
        return mask.new_zeros(mask.shape, dtype=torch.float32)
    distance = np.stack([_distance(channel) for channel in mask.cpu().numpy()])
    return (1 - torch.from_numpy(distance).float() / (width + 1)).clamp(0, 1).to(mask.device)


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """From each pixel (*space) to the nearest missing one; infinite where none is missing."""
    if mask.all():
        return np.full(mask.shape, np.inf)
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(mask)
    return distance


def _warnings(noise: Noise, options: InpaintOptions) -> tuple[str, ...]:
    if noise.law.sigma > NOTICEABLE and not options.denoise:
        law = noise.law.described(noise.units.white)
        return (f"the known pixels are noisy ({law}) and stay so; --denoise restores them too.",)
    return ()
