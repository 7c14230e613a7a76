"""Reconstructing one slice from the k-space that was measured of it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dipcli.classical.least_squares import least_squares
from dipcli.classical.patch_groups import Grouping
from dipcli.classical.plug_and_play import alternate_groups, alternate_windows, falling
from dipcli.classical.tv import tv_least_squares
from dipcli.errors import InputError, OptionError
from dipcli.fidelities import Fidelity, huber, mean_absolute_error, mean_squared_error, root_mean_squared_error
from dipcli.fourier import fft, ifft
from dipcli.mri.encoding import CoilEncoding, Encoding, SenseEncoding, mri_problem, root_sum_of_squares
from dipcli.mri.espirit import FEWEST, espirit
from dipcli.mri.options import EncodingName, MriOptions, ReconstructionOptions
from dipcli.mri.sampling import calibration_block
from dipcli.pipeline.statement import Outcome, Statement

MEDIAN_OF_RAYLEIGH = 1.1774  # of a complex normal value, in deviations of its real part
FRINGE = 0.1  # the share of the measured values, farthest from the centre, that is taken for noise
LEAST_NOISE = 1e-4  # of the brightest point of the image: data of a simulation have none
TRUST = 0.3  # of the prior in each round against the noise (Zhang et al., 2021, arXiv 2008.13751, have 0.23)
WIDEST = 60  # rows and lines of the calibration block that are used
SECOND = 0.8  # an eigenvalue above which a second set of maps sees something
FOLDED = 0.02  # share of the foreground that it must be, for two sets to be used
FOREGROUND = 0.1
RIDGE = 20.0  # damping of the plain least squares, in variances of the noise
TV = 0.15  # weight of the textbook's total variation, in deviations of the noise
GROUPING = Grouping(count=24)
ROUNDS = 48


@dataclass(frozen=True)
class Slice:
    """What was measured of one slice."""

    kspace: Tensor  # (coils, readout, phase), complex; 0 where nothing was measured
    sampled: Tensor  # (readout, phase), true where something was
    maps: Tensor | None = None  # (sets, coils, readout, phase), where they are known
    crop: tuple[int, int] | None = None  # the middle of the field of view that is looked at


def state_mri(scan: Slice, recipes: Mapping[EncodingName, MriOptions]) -> Statement:
    """The statement for one slice; pictures are magnitudes in the units of its k-space.

    The model that is chosen has its own recipe.

    Raises InputError for k-space that is empty, not finite or complete, OptionError for maps that do not fit.
    """
    _check(scan)
    scale = scale_of(scan.kspace)
    kspace = scan.kspace / scale
    sigma = noise_level(kspace, scan.sampled)
    encoding, why = choose_encoding(kspace, scan, next(iter(recipes.values())).reconstruction, sigma)
    recipe = recipe_of(encoding, recipes)
    options = recipe.reconstruction

    def shown(coils: Tensor) -> Tensor:
        return scale * root_sum_of_squares(crop_middle(coils, scan.crop))

    def consistent(image: Tensor) -> Tensor:
        return enforce(encoding.coils(image), kspace, scan.sampled, options.consistency)

    blank = encoding.join(ifft(kspace))
    textbook = _patches(encoding, kspace, blank, sigma)

    def mixed(image: Tensor) -> Tensor:
        return consistent(image.lerp(textbook, options.classical))

    problem = mri_problem(
        kspace,
        encoding,
        _fidelity(kspace, scan.sampled, options),
        tv_weight=options.tv_weight,
        guide=textbook,
        picture=lambda image: shown(mixed(image)),
    )

    classical = shown(consistent(textbook))
    beside = {"zero-filled": shown(ifft(kspace))}
    if isinstance(encoding, SenseEncoding):
        least = least_squares(encoding, kspace, torch.zeros_like(blank), RIDGE * sigma**2, iterations=40)
        tv = tv_least_squares(encoding, kspace, least, TV * sigma, split=0.02)
        beside |= {"cg-sense": shown(encoding.coils(least)), "tv": shown(encoding.coils(tv))}
    facts = {
        "measured": f"1 in {_acceleration(kspace, scan.sampled):.2f} values of {_size(kspace)}",
        "model": why,
        "noise": f"σ ≈ {sigma:.4f} of the brightest point",
    }
    return Statement(
        problem,
        recipe.engine,
        ("similar patches", classical),
        _told(recipe),
        facts,
        _warnings(kspace, sigma),
        beside,
        finish=lambda estimate, picture: Outcome(
            picture,
            {"coil_images": scale * crop_middle(mixed(estimate["image"]), scan.crop)},
            facts={"network": f"changed the classical picture by {_change(picture, classical):.2%}"},
        ),
    )


def scale_of(kspace: Tensor) -> float:
    """The brightest point of the zero-filled image (coils, readout, phase)."""
    brightest = float(kspace.abs().max())  # first, lest squares overflow
    return brightest * float(root_sum_of_squares(ifft(kspace / brightest)).max())


def blank_mri(scan: Slice, recipes: Mapping[EncodingName, MriOptions]) -> Statement:
    """The statement for a slice of a volume of which every value is 0: it is black, and nothing is fitted."""
    picture = crop_middle(torch.zeros_like(scan.kspace[:1].real), scan.crop)
    coils = crop_middle(torch.zeros_like(scan.kspace), scan.crop)
    recipe = next(iter(recipes.values()))
    return Statement(
        None,
        recipe.engine,
        ("none", picture),
        _told(recipe),
        warnings=("is empty, every value is 0; it stays black.",),
        finish=lambda estimate, shown: Outcome(shown, {"coil_images": coils}),  # noqa: ARG005
    )


def _change(picture: Tensor, before: Tensor) -> float:
    return float(torch.linalg.vector_norm(picture - before) / torch.linalg.vector_norm(before).clamp(min=1e-30))


def noise_level(kspace: Tensor, sampled: Tensor) -> float:
    """The deviation of the real part of the noise of k-space (coils, readout, phase), from its fringe.

    Zeros were not measured but appended: they have no noise.
    """
    sampled = sampled & (kspace != 0).any(0)
    at = [(torch.arange(n, device=kspace.device) - n // 2) / n for n in sampled.shape]
    away = torch.maximum(at[0].abs()[:, None], at[1].abs()[None])[sampled]
    values = kspace[:, sampled]
    fringe = away >= away.quantile(1 - FRINGE) if away.numel() < 2**24 else away > 0.45
    return max(float(values[:, fringe].abs().median()) / MEDIAN_OF_RAYLEIGH, LEAST_NOISE)


def _acceleration(kspace: Tensor, sampled: Tensor) -> float:
    """How many values there would be for each that was measured; lines of appended zeros do not count."""
    padding = int((sampled.all(0) & ~(kspace != 0).any(0).any(0)).sum()) * sampled.shape[0]
    return (sampled.numel() - padding) / (int(sampled.sum()) - padding)


def enforce(coils: Tensor, kspace: Tensor, sampled: Tensor, weight: float) -> Tensor:
    """Coil images whose k-space is the measured one (weight infinite), its own (0), or (λ·y + ŷ) / (λ + 1)."""
    if weight == 0:
        return coils
    own = fft(coils)
    share = 1.0 if math.isinf(weight) else weight / (1 + weight)
    return ifft(torch.where(sampled, own.lerp(kspace, share), own))


def crop_middle(images: Tensor, size: tuple[int, int] | None) -> Tensor:
    """The middle of images (n, height, width); as they are where the size is None or larger."""
    if size is None:
        return images
    for axis, side in enumerate(size, start=1):
        if side < images.shape[axis]:
            images = images.narrow(axis, (images.shape[axis] - side) // 2, side)
    return images


def recipe_of(encoding: Encoding, recipes: Mapping[EncodingName, MriOptions]) -> MriOptions:
    """The recipe of the model that was chosen. Raises OptionError where the flags do not fit its network."""
    model: EncodingName = "sense" if isinstance(encoding, SenseEncoding) else "coil"
    if model not in recipes:
        raise OptionError(
            f"The scan needs the {model} model, whose network does not take every flag that was given; "
            f"--model {model} says which."
        )
    return recipes[model]


def _told(recipe: MriOptions) -> dict[str, Any]:
    return {**asdict(recipe.reading), **asdict(recipe.undersampling), **asdict(recipe.reconstruction)}


def _warnings(kspace: Tensor, sigma: float) -> tuple[str, ...]:
    """Say it where the brightest point is not brighter than the brightest of pure noise would be."""
    highest = math.sqrt(2 * len(kspace)) + math.sqrt(2 * math.log(kspace[0].numel()))
    return ("holds hardly more than noise; there is no picture to be had.",) if sigma * highest > 1 else ()


def _check(scan: Slice) -> None:
    if not bool(torch.isfinite(torch.view_as_real(scan.kspace)).all()):
        raise InputError("K-space holds values that are not finite; export it again.")
    if not bool((scan.kspace != 0).any()):
        raise InputError("K-space is empty: every value is 0.")
    if bool(scan.sampled.all()):
        raise InputError(
            "K-space is complete, there is nothing to recover; --undersample 4 makes a retrospective test of it."
        )
    if not bool(scan.sampled[scan.sampled.shape[0] // 2, scan.sampled.shape[1] // 2]):
        raise InputError("The centre of k-space was not measured; check --axes, and that frequency 0 is central.")


def choose_encoding(
    kspace: Tensor, scan: Slice, options: ReconstructionOptions, sigma: float
) -> tuple[Encoding, str]:
    """The model for k-space whose brightest point is 1, and why it was chosen.

    Raises OptionError for maps that do not fit, InputError where maps are wanted and cannot be made.
    """
    if scan.maps is not None:
        if scan.maps.shape[1:] != kspace.shape:
            raise OptionError(f"--maps are {_size(scan.maps[0])}, but the scan is {_size(kspace)}.")
        return SenseEncoding(scan.sampled, scan.maps), f"sense, with {len(scan.maps)} given set(s) of maps"
    rows, lines = calibration_block(scan.sampled.cpu().numpy())
    found = (rows.stop - rows.start, lines.stop - lines.start)
    block = f"{found[0]}x{found[1]} values around the centre"
    if options.model == "sense" and min(found) < FEWEST:
        raise InputError(
            f"Maps need {FEWEST} fully measured lines around the centre, and there are {block}; use --model coil."
        )
    if options.model == "coil" or len(kspace) == 1 or min(found) < FEWEST:
        reason = "as told" if options.model == "coil" else "one coil" if len(kspace) == 1 else f"only {block}"
        return CoilEncoding(scan.sampled), f"coil, an image for each: {reason}"
    calibration = kspace[:, _widest(rows), _widest(lines)]
    seen = espirit(calibration, (kspace.shape[1], kspace.shape[2]), n_maps=2, sigma=sigma)
    if not bool(seen.maps.any()):
        return CoilEncoding(scan.sampled), "coil, an image for each: no maps stand out of the noise"
    magnitude = root_sum_of_squares(ifft(kspace))[0]
    folded = float((seen.eigenvalues[1] > SECOND)[magnitude > FOREGROUND * magnitude.max()].float().mean())
    n_maps = 2 if folded > FOLDED else 1
    reason = f", two sets, for {folded:.0%} of the image is folded" if n_maps == 2 else ""
    return SenseEncoding(scan.sampled, seen.maps[:n_maps]), f"sense, maps from {block}{reason}"


def _widest(span: slice) -> slice:
    middle = (span.start + span.stop) // 2
    return slice(max(span.start, middle - WIDEST // 2), min(span.stop, middle + WIDEST // 2))


def _fidelity(kspace: Tensor, sampled: Tensor, options: ReconstructionOptions) -> Fidelity:
    if options.loss == "huber":
        spread = float(kspace[:, sampled].abs().square().mean().sqrt())
        return partial(huber, delta=options.huber_delta * spread)
    losses: dict[str, Fidelity] = {
        "mse": mean_squared_error,
        "rmse": root_mean_squared_error,
        "l1": mean_absolute_error,
    }
    return losses[options.loss]


def _patches(encoding: Encoding, kspace: Tensor, start: Tensor, sigma: float) -> Tensor:
    """The image that explains k-space and whose patches are like one another."""

    def explain(image: Tensor, level: float) -> Tensor:
        return least_squares(encoding, kspace, image, TRUST * (sigma / level) ** 2, iterations=6)

    lowest = max(0.012, sigma)
    smooth = alternate_windows(start, explain, falling(max(0.1, 2 * lowest), lowest, ROUNDS // 2))
    return alternate_groups(smooth, explain, falling(max(0.06, 2 * lowest), lowest, ROUNDS), GROUPING)


def _size(kspace: Tensor) -> str:
    return "x".join(map(str, kspace.shape[1:])) + f" with {len(kspace)} coil(s)"
