"""`dipcli mri --inspect`: what a scan holds, and what its reconstruction would cost."""

import time
from collections.abc import Mapping

import numpy as np
import torch
import typer

from dipcli.batch.plan import Item
from dipcli.cli.run import Record, Session
from dipcli.io.scan import Scan, acceleration
from dipcli.io.scans import load_scan
from dipcli.options import EncodingName, MriOptions
from dipcli.physics.fourier import ifft
from dipcli.physics.preparation import centre_offset
from dipcli.physics.sampling import calibration_block
from dipcli.tasks.mri import noise_level

TRANSFORMS = 1600  # Fourier transforms of all coils in the classical part of one slice, about
FLOATS = 60  # numbers in memory for each value of k-space, about
MEBIBYTE = 2**20


def inspect_scan(item: Item, session: Session, recipes: Mapping[EncodingName, MriOptions]) -> Record:
    """Print the facts of one scan, a line each; returns them as the record."""
    options = next(iter(recipes.values()))
    scan = load_scan(item.input, options.reading)
    facts = _facts(scan, session, options)
    if not session.files.json:
        width = max(map(len, facts))
        typer.echo(f"{item.input}")
        for name, fact in facts.items():
            typer.echo(f"  {name:{width}}  {fact}")
    return {"input": str(item.input), **facts}


def _facts(scan: Scan, session: Session, options: MriOptions) -> dict[str, str]:
    slices, coils, readout, phase = scan.kspace.shape
    sampled = scan.sampled[slices // 2]
    rows, lines = calibration_block(sampled)
    is_lines = bool((sampled.all(0) | ~sampled.any(0)).all())
    offsets = centre_offset(scan.kspace)
    first = torch.from_numpy(scan.kspace[slices // 2]).to(session.device)
    scale = float(torch.linalg.vector_norm(ifft(first), dim=0).max())
    seconds = _seconds_of_transform(first)
    iterations = options.engine.stopping.iterations * options.engine.stopping.runs
    forecast = slices * seconds * (TRANSFORMS + 4 * iterations)
    return {
        "format": scan.origin,
        "stored": "x".join(map(str, scan.stored_shape)),
        "axes": f"{slices} slice(s), {coils} coil(s), readout {readout}, phase {phase}",
        "matrix": "whole" if scan.crop is None else "x".join(map(str, scan.crop)),
        "voxel": "unknown" if scan.voxel_mm is None else " x ".join(f"{mm:.2f}" for mm in scan.voxel_mm) + " mm",
        "acceleration": f"{acceleration(scan):.2f}, {'lines (1D)' if is_lines else 'points (2D)'}",
        "calibration": f"{rows.stop - rows.start} x {lines.stop - lines.start} values around the centre",
        "frequency 0": f"{offsets[0]:.1%} and {offsets[1]:.1%} of the sides away from the centre",
        "noise": f"{scale * noise_level(first / scale, torch.from_numpy(sampled).to(first.device)):.3g}"
        f" of the signal's {scale:.3g}" + (", scanned" if scan.noise is not None else ""),
        "memory": f"about {8 * FLOATS * np.prod(first.shape) / MEBIBYTE:.0f} MiB a slice",
        "time": f"about {forecast:.0f} s on this {session.device.type}, at most",
    }


def _seconds_of_transform(kspace: torch.Tensor, repeats: int = 5) -> float:
    ifft(kspace)
    begin = time.perf_counter()
    for _ in range(repeats):
        ifft(kspace)
    if kspace.device.type == "cuda":
        torch.cuda.synchronize(kspace.device)
    return (time.perf_counter() - begin) / repeats
