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
from dipcli.pictures.files.ranges import AS_STORED, Units
from dipcli.pictures.noise_model import Noise, StabilisedValues, analyse, stabilise, value_problem
from dipcli.pictures.options import InpaintOptions, MaskKind
from dipcli.pipeline.statement import Statement
from dipcli.problem import Unknown

# Of the classical answer, for each value of a gray frame and of one with colours; of a step, in its network's.
SECONDS, SECONDS_OF_COLOUR, BESIDE = 1.9e-4, 1e-4, 1.5
EXACT = 0.03  # known values with less noise than this are taken as exact: a guess is further off anyway
NOTICEABLE = 0.015  # noise from which on it is said that it stays
LONELY = 0.5  # where more of the known pixels than this touch a missing one, pixels are scattered
FEW = 4.0  # missing pixels in each group, on average, below which they are scattered, too
DEEP = 4.0  # pixels from a missing value to the nearest known one, on average: from here on it is a hole


def state_inpainting(
    measurement: Tensor,
    options: InpaintOptions,
    recipes: Mapping[MaskKind, InpaintOptions],
    units: Units = AS_STORED,
) -> Statement:
    """The statement for a frame (channels, *space) in [0, 1], NaN where it is missing.

    `options` are those that do not depend on what is missing, `recipes` all of them for each kind of it.
    Of a stack, some frames may miss nothing: those are not fitted. Raises InputError where everything is missing.
    """
    mask = torch.isfinite(measurement)
    if not bool(mask.any()):
        raise InputError("Everything is missing from this frame; nothing is known to fill it in from.")
    kind, depth = geometry(mask)
    chosen = kind if options.recipe == "auto" else options.recipe
    options, engine = recipes[chosen], recipes[chosen].engine
    noise = analyse(measurement, options.sigma, units)
    if bool(mask.all()):
        engine = replace(engine, stopping=replace(engine.stopping, stop="never", iterations=1, runs=1))
    scored = mask & held_out(mask.any(0), engine.stopping.held_out)
    guess = _best_guess(measurement, mask & ~scored, scored, noise, options)
    values = _stabilised(measurement, mask, noise, options, exact=guess.sigma == 0)
    is_texture = values.sigma == 0 and noise.law.sigma >= EXACT
    seam = _seam(mask, options.blend)

    def with_known(picture: Tensor) -> Tensor:
        return picture if options.denoise else torch.where(mask, measurement.lerp(picture, seam), picture)

    def returned(image: Tensor) -> Tensor:
        return with_known(values.mixed(image, options.classical_share))

    share = 1 - float(mask.float().mean())
    decisions = {
        "missing": f"{share:.1%} of the values, {kind}, {depth:.1f} pixels deep on average",
        "recipe": chosen,
        "noise": "texture, taken as exact" if is_texture else f"{noise}{values.correlated}",
    }
    problem = value_problem(values, options, returned, guide=guess.classical)
    return Statement(
        None if options.classical == 1 else problem,
        engine,
        ("patches" if values.sigma == 0 else "patches and DCT thresholding", with_known(values.classical_picture)),
        without_engine(options),
        decisions,
        () if is_texture else _warnings(noise, options),
        unchanged=mask & (seam == 0) if not options.denoise else None,
        mask=mask,
    )


def workload_of(
    measurement: Tensor, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]
) -> Workload:
    """What a frame asks of the machine, by what is missing of it."""
    kind = geometry(torch.isfinite(measurement))[0] if options.recipe == "auto" else options.recipe
    shape = tuple(measurement.shape)
    unknowns = {} if recipes[kind].classical == 1 else {"image": Unknown(shape)}
    each = SECONDS if shape[0] == 1 else SECONDS_OF_COLOUR
    return Workload(shape, recipes[kind].engine, unknowns, each * measurement.numel(), beside=BESIDE)


def _best_guess(
    measurement: Tensor, mask: Tensor, scored: Tensor, noise: Noise, options: InpaintOptions
) -> StabilisedValues:
    """The values made from a part of what is known: the network's guide, which must not know what it is scored on.

    Little noise is taken for none. More of it may be texture: the known values that are `scored` decide.
    """
    choices = [True, False] if noise.law.sigma >= EXACT else [True]
    if options.denoise or options.sigma is not None:
        choices = [noise.law.sigma < EXACT and not options.denoise]
    guesses = [_stabilised(measurement, mask, noise, options, exact=exact) for exact in choices]

    def misfit(guess: StabilisedValues) -> float:
        return float((guess.classical_picture - measurement)[scored].square().sum())

    return min(guesses, key=misfit)


def _stabilised(
    measurement: Tensor, mask: Tensor, noise: Noise, options: InpaintOptions, *, exact: bool
) -> StabilisedValues:
    may_be_correlated = options.sigma is None and not noise.is_faint
    return stabilise(measurement, mask, noise, exact=exact, may_be_correlated=may_be_correlated)


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
