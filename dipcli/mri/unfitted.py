"""Slices of which nothing has to be recovered: those of only zeros, and those that were measured whole."""

import math

import torch
from torch import Tensor

from dipcli.fourier import ifft
from dipcli.grid import crop_middle
from dipcli.mri.encoding import SenseEncoding, root_sum_of_squares
from dipcli.mri.model_choice import choose_encoding
from dipcli.mri.options import MriOptions, ReconstructionOptions
from dipcli.mri.reconstruction import (
    check_slice,
    noise_level,
    objects_of,
    plain_options,
    scale_of,
    warnings_of,
    without_maps,
)
from dipcli.mri.slices import Slice
from dipcli.pipeline.statement import Restoration, Statement


def is_settled(scan: Slice, options: MriOptions) -> bool:
    """Whether every value was measured and returns unchanged: there is one image, whatever is believed of it."""
    return bool(scan.sampled.all()) and math.isinf(options.reconstruction.consistency)


def complete_mri(scan: Slice, options: MriOptions) -> Statement:
    """The statement for a slice that was measured whole: its coils combined, and nothing is fitted.

    Raises InputError for k-space that is empty or not finite.
    """
    check_slice(scan)
    picture = root_sum_of_squares(crop_middle(ifft(scan.kspace), scan.crop))
    scale = scale_of(scan.kspace)
    sigma = noise_level(scan.kspace / scale, scan.sampled)
    maps = _maps_of(scan, options.reconstruction, scale, sigma) if options.reconstruction.save_maps else None
    said = (
        "was measured whole, so nothing is recovered: this is the root-sum-of-squares of its coils; "
        "--dc soft:1 removes noise from it, --undersample 4 makes a test of it."
    )
    return Statement(
        None,
        options.engine,
        ("root-sum-of-squares", picture),
        plain_options(options),
        {"measured": "all values", "noise": f"σ ≈ {sigma:.4f} of the brightest point"},
        (said, *warnings_of(scan.kspace / scale, sigma), *without_maps(maps, options.reconstruction)),
        {"zero-filled": picture},
        finish=lambda _: Restoration(picture, objects_of(picture, ifft(scan.kspace), scan, maps)),
    )


def blank_mri(scan: Slice, options: MriOptions) -> Statement:
    """The statement for a slice of a volume of which every value is 0: it is black, and nothing is fitted."""
    picture = crop_middle(torch.zeros_like(scan.kspace[:1].real), scan.crop)
    return Statement(
        None,
        options.engine,
        ("none", picture),
        plain_options(options),
        warnings=("is empty, every value is 0; it stays black.",),
        finish=lambda _: Restoration(picture, objects_of(picture, torch.zeros_like(scan.kspace), scan, None)),
    )


def _maps_of(scan: Slice, options: ReconstructionOptions, scale: float, sigma: float) -> Tensor | None:
    encoding, _ = choose_encoding(scan.kspace / scale, scan, options, sigma)
    return encoding.maps if isinstance(encoding, SenseEncoding) else None
