"""Inpainting one frame: look at what is missing, choose how to fill it, and leave alone what is known."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.engine.stopping import held_out
from dipcli.errors import InputError
from dipcli.options.overrides import without_engine
from dipcli.pictures.noise_model import Noise, Values, analyse, even_out, value_problem
from dipcli.pictures.options import InpaintOptions, MaskKind
from dipcli.pipeline.statement import Statement
from dipcli.problem import Unknown

SECONDS = 6e-5  # of the classical answer, for each value
EXACT = 0.03  # known values with less noise than this are taken as exact: a guess is further off anyway
NOTICEABLE = 0.015  # noise from which on it is said that it stays
LONELY = 0.5  # where more of the known pixels than this touch a missing one, pixels are scattered
FEW = 4.0  # missing pixels in each group, on average, below which they are scattered, too
DEEP = 4.0  # pixels from a missing value to the nearest known one, on average: from here on it is a hole


def state_inpainting(
    measurement: Tensor, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]
) -> Statement:
    """The statement for a frame (channels, *space) in [0, 1], NaN where it is missing.

    `options` are those that do not depend on what is missing, `recipes` all of them for each kind of it.
    Of a stack, some frames may miss nothing: those are not fitted. Raises InputError where everything is missing.
    """
    hidden = ~torch.isfinite(measurement)
    if bool(hidden.all()):
        raise InputError("Everything is missing from this frame; nothing is known to fill it in from.")
    kind, depth = geometry(hidden)
    chosen = kind if options.recipe == "auto" else options.recipe
    options, engine = recipes[chosen], recipes[chosen].engine
    visible = measurement.masked_fill(hidden, torch.nan)
    noise = analyse(visible, options.sigma)
    if not bool(hidden.any()):
        engine = replace(engine, stopping=replace(engine.stopping, iterations=1, runs=1))
    known_in_part = hidden | held_out(~hidden.all(0), engine.stopping.held_out)
    guess = _best_guess(visible, hidden, known_in_part, noise, options)
    values = _evened(visible, hidden, noise, options, exact=guess.sigma == 0)
    is_texture = values.sigma == 0 and noise.law.sigma >= EXACT
    seam = _seam(hidden, options.blend)

    def with_known(picture: Tensor) -> Tensor:
        return picture if options.denoise else torch.where(hidden, picture, measurement.lerp(picture, seam))

    def returned(image: Tensor) -> Tensor:
        return with_known(values.mixed(image, options.classical))

    decisions = {
        "missing": f"{float(hidden.float().mean()):.1%} of the values, {kind}, {depth:.1f} pixels deep on average",
        "recipe": chosen,
        "noise": "texture, taken as exact" if is_texture else f"{noise}{values.correlated}",
    }
    return Statement(
        value_problem(values, options, returned, guide=guess.classical),
        engine,
        ("patches" if values.sigma == 0 else "patches and DCT thresholding", with_known(values.classical_picture)),
        without_engine(options),
        decisions,
        () if is_texture else _warnings(noise, options),
        unchanged=~hidden & (seam == 0) if not options.denoise else None,
        mask=~hidden,
    )


def workload_of(
    measurement: Tensor, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]
) -> Workload:
    """What a frame asks of the machine, by what is missing of it."""
    kind = geometry(~torch.isfinite(measurement))[0] if options.recipe == "auto" else options.recipe
    shape = tuple(measurement.shape)
    unknowns = {"image": Unknown(shape)}
    return Workload(shape, recipes[kind].engine, unknowns, SECONDS * measurement.numel())


def _best_guess(
    visible: Tensor, hidden: Tensor, known_in_part: Tensor, noise: Noise, options: InpaintOptions
) -> Values:
    """The values made from a part of what is known: the network's guide, which must not know what it is scored on.

    Little noise is taken for none. More of it may be texture: what is nearer to the rest of the known decides.
    """
    choices = [True, False] if noise.law.sigma >= EXACT else [True]
    if options.denoise or options.sigma is not None:
        choices = [noise.law.sigma < EXACT and not options.denoise]
    guesses = [_evened(visible, known_in_part, noise, options, exact=exact) for exact in choices]
    scored = known_in_part & ~hidden

    def misfit(guess: Values) -> float:
        return float((guess.classical_picture - visible)[scored].square().sum())

    return min(guesses, key=misfit)


def _evened(visible: Tensor, hidden: Tensor, noise: Noise, options: InpaintOptions, *, exact: bool) -> Values:
    may_be_correlated = options.sigma is None and not noise.is_faint
    return even_out(visible, hidden, noise.law, exact=exact, may_be_correlated=may_be_correlated)


def geometry(hidden: Tensor) -> tuple[MaskKind, float]:
    """What the missing values (channels, *space) look like, and their mean distance to a known one in pixels.

    Scattered, where most of the known pixels touch a missing one, or where they come in ones and twos; else
    holes, where they are deep, or strokes.
    """
    missing = hidden.any(0).cpu().numpy()
    touched = ndimage.binary_dilation(missing) & ~missing
    if missing.all() or not missing.any():
        return "scattered", float(missing.any())
    if missing.sum() < FEW * ndimage.label(missing)[1]:
        return "scattered", 1.0
    depth = float(ndimage.distance_transform_edt(missing)[missing].mean())
    if touched.sum() > LONELY * (~missing).sum():
        return "scattered", depth
    return ("holes" if depth >= DEEP else "strokes"), depth


def _seam(hidden: Tensor, width: int) -> Tensor:
    """How much of the restored picture is shown at known values: 0, or falling from 1 at the missing ones."""
    if not width:
        return hidden.new_zeros(hidden.shape, dtype=torch.float32)
    distance = np.stack([_distance(channel) for channel in hidden.cpu().numpy()])
    return (1 - torch.from_numpy(distance).float() / (width + 1)).clamp(0, 1).to(hidden.device)


def _distance(hidden: NDArray[np.bool_]) -> NDArray[np.float64]:
    """From each pixel (*space) to the nearest missing one; infinite where none is missing."""
    if not hidden.any():
        return np.full(hidden.shape, np.inf)
    distance: NDArray[np.float64] = ndimage.distance_transform_edt(~hidden)
    return distance


def _warnings(noise: Noise, options: InpaintOptions) -> tuple[str, ...]:
    if noise.law.sigma > NOTICEABLE and not options.denoise:
        return (f"the known pixels are noisy ({noise.law}) and stay so; --denoise restores them too.",)
    return ()
