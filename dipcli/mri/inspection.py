"""`dipcli mri --inspect`: what a scan holds, and what its reconstruction would cost."""

from collections.abc import Mapping

import numpy as np
import torch
import typer

from dipcli.batch.plan import Item
from dipcli.diffraction.preparation import centre_offset
from dipcli.mri.options import EncodingName, MriOptions
from dipcli.mri.readers import load_maps, load_scan
from dipcli.mri.reconstruction import Slice
from dipcli.mri.sampling import calibration_block
from dipcli.mri.scan import Scan, acceleration, padding_of
from dipcli.pipeline.context import Record, Session
from dipcli.pipeline.forecasts import Forecast, forecast_mri
from dipcli.report.messages import LOGGER


def inspect_scan(item: Item, session: Session, recipes: Mapping[EncodingName, MriOptions]) -> Record:
    """Print the facts of one scan, a line each; returns them as the record."""
    options = next(iter(recipes.values()))
    scan = load_scan(item.input, options.reading)
    for warning in scan.warnings:
        LOGGER.warning("%s", warning)
    facts = _facts(scan) | _forecast(scan, session, recipes)
    if not session.files.json:
        width = max(map(len, facts))
        typer.echo(f"{item.input}")
        for name, fact in facts.items():
            typer.echo(f"  {name:{width}}  {fact}")
    return {"input": str(item.input), **facts, "warnings": scan.warnings}


def _facts(scan: Scan) -> dict[str, str]:
    """What the file holds."""
    slices, coils, readout, phase = scan.kspace.shape
    sampled = scan.sampled[_brightest(scan)]
    rows, lines = calibration_block(sampled)
    is_lines = bool((sampled.all(0) | ~sampled.any(0)).all())
    padded = int(padding_of(scan.kspace, scan.sampled)[_brightest(scan)].sum())
    offsets = centre_offset(np.nan_to_num(scan.kspace))
    return {
        "format": scan.origin,
        "stored": "x".join(map(str, scan.stored_shape)),
        "axes": f"{slices} slice(s), {coils} coil(s), readout {readout}, phase {phase}",
        "matrix": "whole" if scan.crop is None else "x".join(map(str, scan.crop)),
        "voxel": "unknown" if scan.voxel_mm is None else " x ".join(f"{mm:.2f}" for mm in scan.voxel_mm) + " mm",
        "acceleration": _sampling(scan, is_lines) + (f", {padded} lines of padding" if padded else ""),
        "calibration": f"{rows.stop - rows.start} x {lines.stop - lines.start} values around the centre",
        "frequency 0": f"{offsets[0]:.1%} and {offsets[1]:.1%} of the sides away from the centre",
    }


def _sampling(scan: Scan, is_lines: bool) -> str:
    if bool(scan.sampled.all()):
        return "none, k-space is complete: nothing to recover, but --undersample 4 makes a test of it"
    return f"{acceleration(scan):.2f}, {'lines (1D)' if is_lines else 'points (2D)'}"


def _forecast(scan: Scan, session: Session, recipes: Mapping[EncodingName, MriOptions]) -> dict[str, str]:
    """What would be decided and what it would cost, by the brightest slice."""
    index = _brightest(scan)
    if not np.isfinite(scan.kspace).all() or not scan.kspace.any():
        return {"values": "not finite, or all 0: this cannot be reconstructed"}
    maps = next(iter(recipes.values())).reconstruction.maps
    one = Slice(
        torch.from_numpy(scan.kspace[index]).to(session.device),
        torch.from_numpy(scan.sampled[index]).to(session.device),
        None if maps is None else torch.from_numpy(load_maps(maps)).to(session.device),
    )
    forecast = forecast_mri(one, recipes)
    return {
        "model": forecast.model,
        "noise": f"{forecast.sigma * forecast.scale:.3g} of the signal's {forecast.scale:.3g}"
        + (", scanned" if scan.noise is not None else ""),
        "memory": f"about {forecast.mebibytes:.0f} MiB",
        "time": _time(forecast, len(scan.kspace), session),
    }


def _time(forecast: Forecast, slices: int, session: Session) -> str:
    each = f", {forecast.seconds:.0f} s a slice" if slices > 1 else ""
    return f"about {slices * forecast.seconds:.0f} s on this {session.device.type}, at most{each}"


def _brightest(scan: Scan) -> int:
    """The slice with the most energy."""
    return int(np.square(np.abs(np.nan_to_num(scan.kspace)).astype(np.float64)).sum((1, 2, 3)).argmax())
