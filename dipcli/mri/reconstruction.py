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
from dipcli.errors import InputError
from dipcli.fidelities import Fidelity, huber, mean_absolute_error, mean_squared_error, root_mean_squared_error
from dipcli.fourier import fft, ifft
from dipcli.grid import crop_middle
from dipcli.mri.encoding import (
    Encoding,
    SenseEncoding,
    mri_problem,
    resampled,
    root_sum_of_squares,
    with_phase,
)
from dipcli.mri.folding import still_folded
from dipcli.mri.model_choice import choose_encoding, size_of
from dipcli.mri.network_share import HeldOut, hidden_values
from dipcli.mri.options import MriOptions, ReconstructionOptions
from dipcli.mri.partial_fourier import constrain_phase, nearly_real
from dipcli.mri.slices import Recipe, Slice
from dipcli.pipeline.statement import Restoration, Statement
from dipcli.problem import Estimate, Problem

MEDIAN_OF_RAYLEIGH = 1.1774  # of a complex normal value, in deviations of its real part
FRINGE = 0.1  # the share of the measured values, farthest from the centre, that is taken for noise
LEAST_NOISE = 1e-4  # of the brightest point of the image: data of a simulation have none
TRUST = 0.3  # of the prior in each round against the noise (Zhang et al., 2021, arXiv 2008.13751, have 0.23)
RIDGE = 20.0  # damping of the plain least squares, in variances of the noise
TV = 0.15  # weight of the classical's total variation, in deviations of the noise
GROUPING = Grouping(count=24)
ROUNDS = 48


@dataclass(frozen=True)
class _Prepared:
    """A slice whose brightest point is 1, the model of its coils, and what is asked for."""

    scan: Slice
    scale: float
    kspace: Tensor
    sigma: float
    encoding: Encoding
    options: ReconstructionOptions

    @property
    def maps(self) -> Tensor | None:
        return self.encoding.maps if isinstance(self.encoding, SenseEncoding) else None

    def consistent(self, image: Tensor) -> Tensor:
        """The coils of an image, with the measured values."""
        return enforce(self.encoding.coils(image), self.kspace, self.scan.sampled, self.options.consistency)

    def shown(self, coils: Tensor) -> Tensor:
        """The picture of coils, in the units of k-space."""
        return self.scale * root_sum_of_squares(crop_middle(coils, self.scan.crop))

    def answer(self) -> tuple[str, Tensor]:
        """The classical image, and what made it."""
        if self.options.method == "tv":
            return "total variation", self.of_little_variation()[1]
        start = self.encoding.join(ifft(self.kspace))
        return "patch groups", _patches(self.encoding, self.kspace, start, self.sigma)

    def of_little_variation(self) -> tuple[Tensor, Tensor]:
        """The images of plain least squares, and with total variation from there on."""
        blank = torch.zeros_like(self.encoding.join(self.kspace))
        least = least_squares(self.encoding, self.kspace, blank, RIDGE * self.sigma**2, iterations=40)
        return least, tv_least_squares(self.encoding, self.kspace, least, TV * self.sigma, split=0.02)

    def held_out(self) -> HeldOut | None:
        """What the network is judged by, where its share is not given."""
        if self.options.classical_share is not None:
            return None
        hidden = hidden_values(self.kspace, self.scan.sampled, of_all_coils=self.maps is not None)
        encoding = self._encoding_of(~hidden)
        known = self.kspace * ~hidden
        return HeldOut(self.kspace, hidden, _patches(encoding, known, encoding.join(ifft(known)), self.sigma))

    def _encoding_of(self, mask: Tensor) -> Encoding:
        """The encoding of what was measured and lies in `mask` (coils, *space)."""
        return resampled(self.encoding, self.scan.sampled & mask, self.encoding.phase)

    def problem(self, guide: Tensor, held: HeldOut | None, picture: Callable[[Tensor], Tensor]) -> Problem:
        """What is fitted: all that was measured, or what was not held out of it."""
        measured = self.scan.sampled.expand(self.kspace.shape)
        known = measured if held is None else measured & ~held.hidden
        return mri_problem(
            self.kspace * known,
            self.encoding if held is None else self._encoding_of(~held.hidden),
            _fidelity(self.kspace, known, self.options),
            tv_weight=self.options.tv_weight,
            guide=guide,
            picture=picture,
        )


def state_mri(scan: Slice, asked: ReconstructionOptions, recipe: Recipe) -> Statement:
    """The statement for one slice; pictures are magnitudes in the units of its k-space.

    `asked` says how the model of the coils is chosen, which has a recipe of its own.

    Raises InputError for k-space that is empty or not finite, OptionError for maps that do not fit.
    """
    check_slice(scan)
    scale = scale_of(scan.kspace)
    kspace = scan.kspace / scale
    sigma = noise_level(kspace, scan.sampled)
    plain, why = choose_encoding(kspace, scan, asked, sigma)
    encoding, partial = constrain_phase(plain, kspace, RIDGE * sigma**2)
    chosen = recipe("sense" if isinstance(encoding, SenseEncoding) else "coil")
    slice_ = _Prepared(scan, scale, kspace, sigma, encoding, chosen.reconstruction)
    name, patches = slice_.answer()
    classical = slice_.shown(slice_.consistent(patches))
    held = slice_.held_out()
    given = chosen.reconstruction.classical_share

    def share_of(image: Tensor) -> float:
        if held is not None:
            return held.share(encoding, image)
        return 1 - (given or 0.0)

    def picture(image: Tensor) -> Tensor:
        return slice_.shown(slice_.consistent(image if given is None else image.lerp(patches, given)))

    def finish(estimate: Estimate) -> Restoration:
        share = share_of(estimate["image"]) if estimate else 0.0
        image = slice_.consistent(patches.lerp(estimate["image"], share) if share else patches)
        found = slice_.shown(image)
        changed = f"changed the classical picture by {_change(found, classical):.2%}"
        judged = f"{share:.0%} of the result by held-out k-space, {changed}" if held is not None else changed
        return Restoration(
            found,
            objects_of(found, scale * image, scan, slice_.maps),
            of_networks_alone(chosen) if estimate and not share else (),
            decisions={"network": judged} if estimate else {},
        )

    guide = patches if held is None else held.guess
    return Statement(
        None if given == 1 else slice_.problem(guide, held, picture),
        chosen.engine,
        (name, classical),
        plain_options(chosen),
        {
            "measured": f"1 in {_acceleration(kspace, scan.sampled):.2f} values of {size_of(kspace)}",
            "model": why,
            "noise": f"σ ≈ {sigma:.4f} of the brightest point",
            **({} if partial is None else {"partial_fourier": partial}),
        },
        (
            *warnings_of(kspace, sigma),
            *still_folded(scan, asked),
            *without_maps(slice_.maps, chosen.reconstruction),
        ),
        _beside(slice_),
        finish=finish,
    )


def _beside(slice_: _Prepared) -> dict[str, Tensor]:
    """The pictures of further classical methods."""
    beside = {"zero-filled": slice_.shown(ifft(slice_.kspace))}
    if slice_.maps is None:
        return beside
    found = zip(("cg-sense", "tv"), slice_.of_little_variation(), strict=True)
    return beside | {name: slice_.shown(slice_.encoding.coils(one)) for name, one in found}


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


def of_networks_alone(options: MriOptions) -> tuple[str, ...]:
    """A sentence where a spread is written of runs that have no share in the result."""
    stopping = options.engine.stopping
    if stopping.runs == 1 and not stopping.samples:
        return ()
    return (
        "has the spread of networks that have no share in the result: it shows where the scan leaves the picture "
        "open, not how far the classical result would change.",
    )


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


def _fidelity(kspace: Tensor, sampled: Tensor, options: ReconstructionOptions) -> Fidelity:
    if options.loss == "huber":
        spread = float(kspace[sampled].abs().square().mean().sqrt())
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
        image = nearly_real(image, encoding)
        return least_squares(encoding, kspace, image, TRUST * (sigma / level) ** 2, iterations=6)

    lowest = max(0.012, sigma)
    smooth = alternate_windows(start, explain, falling(max(0.1, 2 * lowest), lowest, ROUNDS // 2))
    return alternate_groups(smooth, explain, falling(max(0.06, 2 * lowest), lowest, ROUNDS), GROUPING)
