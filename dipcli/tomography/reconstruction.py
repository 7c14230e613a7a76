"""Reconstructing one slice from its line integrals."""

import math
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dipcli.engine.forecast import Workload
from dipcli.engine.network_share import NetworkShare, earned_share
from dipcli.engine.restore import restore
from dipcli.errors import InputError
from dipcli.fidelities import root_mean_squared_error
from dipcli.options.overrides import as_used
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Statement
from dipcli.problem import Problem, Unknown
from dipcli.tomography.beam import projection_of
from dipcli.tomography.emission import (
    Emission,
    counted,
    emission_problem,
    emission_share,
    reconstruct_emission,
)
from dipcli.tomography.fan import VIEWS
from dipcli.tomography.filtered import algebraic_rounds, filtered_back_projection
from dipcli.tomography.noise import log_variance, precision_of
from dipcli.tomography.options import TomographyOptions
from dipcli.tomography.projection import Geometry
from dipcli.tomography.rays import Rays
from dipcli.tomography.search import (
    LAST_ROUNDS,
    Found,
    find_groups_of_patches,
    find_smooth,
    hidden_rays,
    with_all_rays,
)

BRIGHT = 0.995  # quantile of the filtered back-projection that counts as 1
SIRT_ROUNDS, SIRT_PATIENCE = 300, 10
RING_ROUNDS, RING_WEIGHT = 3, 3.0  # of total variation, times what is known of a pixel
RING = 5.0  # deviations of a pixel of the detector, in the mean of all views, that are no noise
WORTHWHILE = 0.1  # dB of the misfit without its noise that the network must gain
LEAST_RISK = 0.02  # of the noise, in a classical estimate
# Of the classical answers, for each pixel of a slice, and for each ray.
SECONDS_OF_PIXEL, SECONDS_OF_RAY = 1.9e-4, 2.7e-4
BYTES_OF_PIXEL, BYTES_OF_RAY = 1060, 400


@dataclass(frozen=True)
class Slice:
    """Line integrals of one slice, (1, views, detectors), where they are known, and where the rays are."""

    integrals: Tensor
    known: Tensor
    geometry: Geometry
    centre: str = ""  # how the axis was found
    emission: Emission | None = None  # what was counted, if these are counts' integrals


def state_tomography(scan: Slice, options: TomographyOptions, control: Control) -> Statement:
    """The statement for one slice; its picture has the integrals' unit per pixel of the detector.

    Raises InputError for integrals of which no image can be made.
    """
    rays, scale, slope = rays_of(scan)
    start = filtered_back_projection(rays, "hann")
    beside = {"fbp": scale * start}
    decisions = {"views": _views(scan.geometry), "centre": scan.centre, "noise": _noise(rays, slope)}
    method, imaging = options.imaging.method, options.imaging
    if scan.emission is not None and method != "fbp":
        return _state_emission(scan, scan.emission, options, control, (decisions, beside))
    if method in ("fbp", "sirt"):
        image = filtered_back_projection(rays, imaging.filter) if method == "fbp" else _sirt(rays, control)
        return _settled(method, scale * image, options, decisions, beside)
    hidden = hidden_rays(rays)
    if not options.correction.keep_rings:
        rays, n_rings = without_rings(rays, start)
        decisions["rings"] = f"{n_rings} pixels of the detector were corrected"
    smooth = find_smooth(rays, hidden, start, control)
    found = smooth if method == "tv" else find_groups_of_patches(rays, hidden, smooth, control)
    decisions["misfit"] = f"{found.misfit:.2f} variances of the noise, on hidden rays"
    share = _share(rays, hidden, found, options)
    images = with_all_rays(rays, found, control)
    if options.imaging.classical is None and imaging.method == "patches":
        decisions["network"] = str(share)
    name = "patch groups" if found.levels else "total variation"
    beside["tv"] = scale * images[0]
    options = replace(options, imaging=replace(imaging, classical=1 - share.share))
    if not share.share:
        return _settled(name, scale * images[1], options, decisions, beside)
    problem = tomography_problem(rays, images[1], share.share, scale)
    return Statement(
        problem, options.engine, (name, scale * images[1]), plain_options(options), decisions, beside=beside
    )


def rays_of(scan: Slice) -> tuple[Rays, float, float]:
    """The rays of a slice whose bright pixels are 1, the unit of these, and how the noise's variance grows."""
    if not bool((scan.known & (scan.integrals != 0)).any()):
        raise InputError("its projections are empty: every integral is 0.")
    values, known = scan.integrals[0].cpu().numpy(), scan.known[0].cpu().numpy()
    law = log_variance(values, known)
    precision = torch.from_numpy(precision_of(values, known, law))[None].to(scan.integrals)
    projection = projection_of(scan.geometry)
    plain = Rays(projection, scan.integrals, precision)
    image = filtered_back_projection(plain, "hann")
    scale = float(np.quantile(image.abs().cpu().numpy(), BRIGHT))
    if not scale > 0:
        raise InputError("its projections hold nothing; check --values and --axes.")
    return Rays(projection, scan.integrals / scale, precision * scale), scale, law[1]


def _state_emission(
    scan: Slice,
    emission: Emission,
    options: TomographyOptions,
    control: Control,
    said: tuple[dict[str, str], dict[str, Tensor]],
) -> Statement:
    """The statement for one slice of counts; its picture has the counts' unit per pixel of the detector."""
    decisions, beside = said
    method, imaging = options.imaging.method, options.imaging
    answer = reconstruct_emission(*counted(emission, scan.known, scan.geometry), method, control)
    maximised, picture = (answer.scale * each for each in (answer.maximised, answer.image))
    decisions |= {
        "noise": f"of counts, {float(emission.counts.sum()):.3g} in all",
        "rounds": f"{answer.rounds} of expectation maximisation",
        "misfit": f"{answer.found.misfit:.3f}, the mean deviance of hidden counts",
    }
    if method != "patches":
        return _settled(method, picture, options, decisions, beside)
    beside["osem"] = maximised
    name = "patch groups" if answer.found.levels else "expectation maximisation"
    share = emission_share(answer, options, WORTHWHILE, LEAST_RISK)
    if imaging.classical is None:
        decisions["network"] = str(share)
    options = replace(options, imaging=replace(imaging, classical=1 - share.share))
    if not share.share:
        return _settled(name, picture, options, decisions, beside)
    problem = emission_problem(answer.rays, answer.image, share.share, answer.scale)
    return Statement(problem, options.engine, (name, picture), plain_options(options), decisions, beside=beside)


def without_rings(rays: Rays, start: Tensor) -> tuple[Rays, int]:
    """The rays without what single pixels of the detector add in all views, and how many pixels there are such.

    An image with little total variation does not explain these, and is made anew without them.
    """
    weights = rays.precision.square()
    total = weights.sum(1, keepdim=True).clamp(min=1e-30)
    image, corrected = start, rays
    is_ring = torch.zeros_like(total) > 0
    for _ in range(RING_ROUNDS):
        image = corrected.smooth(image, RING_WEIGHT * rays.knowledge, LAST_ROUNDS)
        offsets = (weights * rays.residual(image)).sum(1, keepdim=True) / total
        near = functional.pad(offsets, (4, 4), mode="replicate").unfold(-1, 9, 1).median(-1).values
        doubt = RING * math.sqrt(max(corrected.misfit(image), 1.0)) / total.sqrt()
        is_ring = (offsets - near).abs() > doubt
        corrected = rays.less((offsets - near) * is_ring)
        if not bool(is_ring.any()):
            break
    return corrected, int(is_ring.sum())


def tomography_problem(rays: Rays, guide: Tensor, share: float = 1.0, scale: float = 1.0) -> Problem:
    """The image behind line integrals; it is mixed with the guide, of which the network has a `share`."""
    weight = rays.precision.square()
    return Problem(
        measurement=rays.values,
        operator=rays.projection,
        unknowns={"image": Unknown(tuple(guide.shape), "real", guide=guide)},
        fidelity=root_mean_squared_error,
        picture=lambda estimate: scale * guide.lerp(estimate["image"], share),
        weight=weight / weight.max(),
    )


def workload_of(scan: Slice, options: TomographyOptions) -> Workload:
    """What a slice asks of the machine."""
    side, n_rays = scan.geometry.side, scan.integrals.numel()
    n_rays += VIEWS * side**2 if scan.geometry.is_fan else 0
    is_quick = options.imaging.method == "fbp"
    has_network = not is_quick and options.imaging.classical != 1 and options.imaging.method == "patches"
    seconds = SECONDS_OF_PIXEL * side**2 + SECONDS_OF_RAY * n_rays
    return Workload(
        tuple(scan.integrals.shape),
        options.engine,
        {"image": Unknown((1, side, side))} if has_network else {},
        seconds / 50 if is_quick else seconds,
        BYTES_OF_PIXEL * side**2 + BYTES_OF_RAY * n_rays,
        trial=(1, side, side) if has_network and options.imaging.classical is None else None,
    )


def plain_options(options: TomographyOptions) -> dict[str, object]:
    """Those of the task, for the record."""
    parts = (options.reading, options.beam, options.correction, options.imaging)
    return {name: value for part in parts for name, value in as_used(part).items()}


def _share(rays: Rays, hidden: Tensor, found: Found, options: TomographyOptions) -> NetworkShare:
    """The network's, by rays that neither it nor the classical image has seen."""
    if options.imaging.method != "patches":
        return NetworkShare(0.0, 0.0)
    if options.imaging.classical is not None or options.engine.stopping.stop == "never":
        return NetworkShare(1 - (0.5 if options.imaging.classical is None else options.imaging.classical), 0.0)
    once = replace(options.engine, stopping=replace(options.engine.stopping, runs=1))
    image = restore(tomography_problem(rays.without(hidden), found.image), once).estimate["image"]
    judges = rays.without(~hidden)
    seen = judges.precision > 0
    left = (judges.precision * judges.residual(found.image))[seen]
    change = (judges.precision * judges.projection(image - found.image))[seen]
    return earned_share(change, left, 1.0, LEAST_RISK, WORTHWHILE)


def _sirt(rays: Rays, control: Control) -> Tensor:
    """As many rounds as hidden rays want."""
    hidden = hidden_rays(rays)
    judges, best, count = rays.without(~hidden), float("inf"), 1
    for number, image in enumerate(islice(algebraic_rounds(rays.without(hidden)), SIRT_ROUNDS), 1):
        control.tell("SIRT", number / (SIRT_ROUNDS + 1))
        misfit = judges.misfit(image)
        if misfit < best:
            best, count = misfit, number
        if control.is_over() or number > count + SIRT_PATIENCE:
            break
    return next(islice(algebraic_rounds(rays), count - 1, None))


def _settled(
    name: str,
    picture: Tensor,
    options: TomographyOptions,
    decisions: dict[str, str],
    beside: dict[str, Tensor],
) -> Statement:
    """The statement of a classical answer, beside which nothing is fitted."""
    return Statement(None, options.engine, (name, picture), plain_options(options), decisions, beside=beside)


def _views(geometry: Geometry) -> str:
    degrees = np.degrees(geometry.angles.cpu().numpy())
    return f"{len(degrees)} from {degrees.min():.4g} to {degrees.max():.4g} degrees"


def _noise(rays: Rays, slope: float) -> str:
    known = rays.precision[rays.precision > 0]
    kind = "grows with what is absorbed, as counted photons' does" if slope else "alike in all rays"
    return f"{kind}; σ ≈ {float(1 / known.median()):.2g} pixels of a bright one in the usual ray"
