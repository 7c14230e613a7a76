"""`dipcli mri --inspect`: what a scan holds, and what its reconstruction would cost."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.engine.forecast import forecast_of
from dipcli.io.names import by
from dipcli.mri.folding import still_folded
from dipcli.mri.model_choice import choose_encoding, workload_of
from dipcli.mri.options import MriOptions
from dipcli.mri.preparation import centre_offset
from dipcli.mri.readers import given_maps, load_scan
from dipcli.mri.reconstruction import noise_level, scale_of
from dipcli.mri.sampling import calibration_block
from dipcli.mri.scan import Scan, acceleration, padding_of
from dipcli.mri.slices import Recipe, Slice
from dipcli.pipeline.context import Context, Processed
from dipcli.pipeline.item import Item
from dipcli.report.forecasts import time_in_words
from dipcli.report.messages import LOGGER, say_facts


def inspect_scan(item: Item, context: Context, options: MriOptions, recipe: Recipe) -> Processed:
    """Print what is known of one scan, a line each; returns that as the record."""
    scan = load_scan(item.input, options.reading)
    for warning in scan.warnings:
        LOGGER.warning("%s", warning)
    lines = _contents(scan) | _forecast(scan, context, options, recipe)
    if not context.files.json:
        say_facts(str(item.input), lines)
    return Processed({"input": str(item.input), **lines, "warnings": scan.warnings})


def _contents(scan: Scan) -> dict[str, str]:
    """What the file holds."""
    slices, coils, readout, phase = scan.kspace.shape
    sampled = scan.sampled[_brightest(scan)]
    rows, lines = calibration_block(sampled)
    is_lines = bool((sampled.all(0) | ~sampled.any(0)).all())
    padded = int(padding_of(scan.kspace, scan.sampled)[_brightest(scan)].sum())
    offsets = centre_offset(np.nan_to_num(scan.kspace))
    return {
        "format": scan.origin,
        "stored": by(scan.stored_shape),
        "axes": f"{slices} slice(s), {coils} coil(s), readout {readout}, phase {phase}",
        "matrix": "whole" if scan.crop is None else by(scan.crop),
        "voxel": "unknown" if scan.voxel_mm is None else " x ".join(f"{mm:.2f}" for mm in scan.voxel_mm) + " mm",
        "acceleration": _sampling(scan, is_lines) + (f", {padded} lines of padding" if padded else ""),
        "calibration": f"{rows.stop - rows.start} x {lines.stop - lines.start} values around the centre",
        "frequency_0": f"{offsets[0]:.1%} and {offsets[1]:.1%} of the sides away from the centre",
    }


def _sampling(scan: Scan, is_lines: bool) -> str:
    if bool(scan.sampled.all()):
        return "none, k-space is complete: its coils are combined; --undersample 4 makes a test of it"
    return f"{acceleration(scan):.2f}, {'lines (1D)' if is_lines else 'points (2D)'}"


def _forecast(scan: Scan, context: Context, options: MriOptions, recipe: Recipe) -> dict[str, str]:
    """What would be decided and what it would cost, by the brightest slice."""
    index = _brightest(scan)
    if not np.isfinite(scan.kspace).all() or not scan.kspace.any():
        return {"values": "not finite, or all 0: this cannot be reconstructed"}
    maps = options.reconstruction.maps
    one = Slice(
        torch.from_numpy(scan.kspace[index]).to(context.device),
        torch.from_numpy(scan.sampled[index]).to(context.device),
        None if maps is None else torch.from_numpy(_maps_of(maps, scan.slices, index)).to(context.device),
    )
    for warning in still_folded(one, options.reconstruction):
        LOGGER.warning("This scan %s", warning)
    scale = scale_of(one.kspace)
    sigma = noise_level(one.kspace / scale, one.sampled)
    _, model = choose_encoding(one.kspace / scale, one, options.reconstruction, sigma)
    cost = forecast_of(workload_of(one, options.reconstruction, recipe), context.device)
    n_slices = len(scan.kspace)
    each = f", {time_in_words(cost.least_seconds, cost.seconds)} a slice" if n_slices > 1 else ""
    whole = time_in_words(n_slices * cost.least_seconds, n_slices * cost.seconds)
    return {
        "model": model,
        "noise": f"{sigma * scale:.3g} of the signal's {scale:.3g}"
        + (", scanned" if scan.noise is not None else ""),
        "memory": f"about {cost.bytes / 2**20:.0f} MiB",
        "time": f"{whole} on this {context.device.type}{each}",
    }


def _maps_of(path: Path, slices: tuple[int, ...], index: int) -> NDArray[np.complex64]:
    maps = given_maps(path, slices)
    return np.asarray(maps[min(index, len(maps) - 1)])


def _brightest(scan: Scan) -> int:
    """The slice with the most energy."""
    return int(np.square(np.abs(np.nan_to_num(scan.kspace)).astype(np.float64)).sum((1, 2, 3)).argmax())
