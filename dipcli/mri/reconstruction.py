"""Reconstructing one slice from the k-space that was measured of it."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from dipcli.classical.least_squares import least_squares
from dipcli.classical.patch_groups import Grouping
from dipcli.classical.plug_and_play import alternate_groups, alternate_windows, falling
from dipcli.classical.tv import tv_least_squares
from dipcli.engine.forecast import Workload
from dipcli.errors import InputError, OptionError
from dipcli.fidelities import Fidelity, huber, mean_absolute_error, mean_squared_error, root_mean_squared_error
from dipcli.fourier import fft, ifft
from dipcli.grid import crop_middle
from dipcli.io.names import by
from dipcli.mri.encoding import (
    CoilEncoding,
    Encoding,
    SenseEncoding,
    mri_problem,
    root_sum_of_squares,
    with_phase,
)
from dipcli.mri.espirit import FEWEST, espirit
from dipcli.mri.options import EncodingName, MriOptions, ReconstructionOptions
from dipcli.mri.sampling import calibration_block
from dipcli.pipeline.statement import Restoration, Statement
from dipcli.problem import Estimate, Unknown

MEDIAN_OF_RAYLEIGH = 1.1774  # of a complex normal value, in deviations of its real part
FRINGE = 0.1  # the share of the measured values, farthest from the centre, that is taken for noise
LEAST_NOISE = 1e-4  # of the brightest point of the image: data of a simulation have none
TRUST = 0.3  # of the prior in each round against the noise (Zhang et al., 2021, arXiv 2008.13751, have 0.23)
WIDEST = 60  # rows and lines of the calibration block that are used
SECOND = 0.8  # an eigenvalue above which a second set of maps sees something
FOLDED = 0.02  # share of the foreground that it must be, for two sets to be used
FOREGROUND = 0.1
RIDGE = 20.0  # damping of the plain least squares, in variances of the noise
TV = 0.15  # weight of the classical's total variation, in deviations of the noise
GROUPING = Grouping(count=24)
# Of the classical answers, for each pixel of a slice.
SECONDS, SECONDS_OF_IMAGE = 8e-5, 6e-5
BYTES_OF_COIL, BYTES_OF_IMAGE = 50, 1060
BESIDE = 2.2  # a step takes so much longer than its network: a transform of each coil, there and back
ROUNDS = 48


Recipe = Callable[[EncodingName], MriOptions]  # all options for a model; raises OptionError where they misfit it


@dataclass(frozen=True)
class Slice:
    """What was measured of one slice."""

    kspace: Tensor  # (coils, readout, phase), complex; 0 where nothing was measured
    sampled: Tensor  # (readout, phase), true where something was
    maps: Tensor | None = None  # (sets, coils, readout, phase), where they are known
    crop: tuple[int, int] | None = None  # the middle of the field of view that is looked at


def state_mri(scan: Slice, asked: ReconstructionOptions, recipe: Recipe) -> Statement:
    """The statement for one slice; pictures are magnitudes in the units of its k-space.

    `asked` says how the model of the coils is chosen, which has a recipe of its own.

    Raises InputError for k-space that is empty or not finite, OptionError for maps that do not fit.
    """
    check_slice(scan)
    scale = scale_of(scan.kspace)
    kspace = scan.kspace / scale
    sigma = noise_level(kspace, scan.sampled)
    encoding, why = choose_encoding(kspace, scan, asked, sigma)
    chosen = recipe("sense" if isinstance(encoding, SenseEncoding) else "coil")
    options = chosen.reconstruction

    def shown(coils: Tensor) -> Tensor:
        return scale * root_sum_of_squares(crop_middle(coils, scan.crop))

    def consistent(image: Tensor) -> Tensor:
        return enforce(encoding.coils(image), kspace, scan.sampled, options.consistency)

    blank = encoding.join(ifft(kspace))
    patches = _patches(encoding, kspace, blank, sigma)

    def mixed(image: Tensor) -> Tensor:
        return consistent(image.lerp(patches, options.classical))

    def picture(image: Tensor) -> Tensor:
        return shown(mixed(image))

    maps = encoding.maps if isinstance(encoding, SenseEncoding) else None

    def finish(estimate: Estimate) -> Restoration:
        image = mixed(estimate["image"]) if estimate else consistent(patches)
        found = shown(image)
        changed = (
            {"network": f"changed the classical picture by {_change(found, classical):.2%}"} if estimate else {}
        )
        return Restoration(found, objects_of(found, scale * image, scan, maps), decisions=changed)

    problem = mri_problem(
        kspace,
        encoding,
        _fidelity(kspace, scan.sampled, options),
        tv_weight=options.tv_weight,
        guide=patches,
        picture=picture,
    )

    classical = shown(consistent(patches))
    beside = {"zero-filled": shown(ifft(kspace))}
    if maps is not None:
        least = least_squares(encoding, kspace, torch.zeros_like(blank), RIDGE * sigma**2, iterations=40)
        tv = tv_least_squares(encoding, kspace, least, TV * sigma, split=0.02)
        beside |= {"cg-sense": shown(encoding.coils(least)), "tv": shown(encoding.coils(tv))}
    decisions = {
        "measured": f"1 in {_acceleration(kspace, scan.sampled):.2f} values of {_size(kspace)}",
        "model": why,
        "noise": f"σ ≈ {sigma:.4f} of the brightest point",
    }
    return Statement(
        None if options.classical == 1 else problem,
        chosen.engine,
        ("patch groups", classical),
        plain_options(chosen),
        decisions,
        (*warnings_of(kspace, sigma), *without_maps(maps, options)),
        beside,
        finish=finish,
    )


def objects_of(picture: Tensor, coils: Tensor, scan: Slice, maps: Tensor | None) -> dict[str, Tensor]:
    """What is known beside a picture (1, height, width): the same with its phase, its coils and their maps."""
    there = crop_middle(coils, scan.crop)
    phased = with_phase(picture, there, None if maps is None else crop_middle(maps[0], scan.crop))
    objects = {"complex_image": phased, "coil_images": there}
    return objects if maps is None else {**objects, "maps": maps}


def without_maps(maps: Tensor | None, options: ReconstructionOptions) -> tuple[str, ...]:
    """A sentence where maps are to be saved and there are none."""
    is_missing = options.save_maps and maps is None
    return ("has no maps to save: every coil has an image of its own.",) if is_missing else ()


def scale_of(kspace: Tensor) -> float:
    """The brightest point of the zero-filled image (coils, readout, phase)."""
    brightest = float(kspace.abs().max())  # first, lest squares overflow
    return brightest * float(root_sum_of_squares(ifft(kspace / brightest)).max())


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


def plain_options(options: MriOptions) -> dict[str, Any]:
    """Those of the task, for the record."""
    return {**asdict(options.reading), **asdict(options.undersampling), **asdict(options.reconstruction)}


def warnings_of(kspace: Tensor, sigma: float) -> tuple[str, ...]:
    """Say it where the brightest point is not brighter than the brightest of pure noise would be."""
    highest = math.sqrt(2 * len(kspace)) + math.sqrt(2 * math.log(kspace[0].numel()))
    return ("holds hardly more than noise; there is no picture to be had.",) if sigma * highest > 1 else ()


def check_slice(scan: Slice) -> None:
    """Raise InputError for k-space of which no image can be made."""
    if not bool(torch.isfinite(torch.view_as_real(scan.kspace)).all()):
        raise InputError("K-space holds values that are not finite; export it again.")
    if not bool((scan.kspace != 0).any()):
        raise InputError("K-space is empty: every value is 0.")
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
        reason = "as asked for" if options.model == "coil" else "one coil" if len(kspace) == 1 else f"only {block}"
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


def workload_of(scan: Slice, asked: ReconstructionOptions, recipe: Recipe) -> Workload:
    """What a slice asks of the machine, by the model that its sampling allows; maps are not made for it."""
    n_coils, *space = scan.kspace.shape
    rows, lines = calibration_block(scan.sampled.cpu().numpy())
    has_maps = scan.maps is not None or min(rows.stop - rows.start, lines.stop - lines.start) >= FEWEST
    is_sense = scan.maps is not None or (asked.model != "coil" and n_coils > 1 and has_maps)
    n_images = (1 if scan.maps is None else len(scan.maps)) if is_sense else n_coils
    n_values = scan.sampled.numel()
    chosen = recipe("sense" if is_sense else "coil")
    return Workload(
        (n_coils, *space),
        chosen.engine,
        {} if chosen.reconstruction.classical == 1 else {"image": Unknown((2 * n_images, *space))},
        (SECONDS * n_coils + SECONDS_OF_IMAGE * n_images) * n_values,
        (BYTES_OF_IMAGE * n_images + BYTES_OF_COIL * n_coils) * n_values,
        beside=BESIDE,
    )


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
    return by(kspace.shape[1:]) + f" with {len(kspace)} coil(s)"
