"""`dipcli tomography --inspect`: what a scan holds, and what its reconstruction would cost."""

import numpy as np

from dipcli.engine.forecast import forecast_of
from dipcli.io.names import by
from dipcli.pipeline.context import Context, Processed
from dipcli.pipeline.item import Item
from dipcli.report.forecasts import time_in_words
from dipcli.report.messages import LOGGER, say_facts
from dipcli.tomography.medium import Projections
from dipcli.tomography.noise import log_variance
from dipcli.tomography.options import TomographyOptions
from dipcli.tomography.readers import load_projections


def inspect_projections(item: Item, context: Context, options: TomographyOptions) -> Processed:
    """Print what is known of one scan, a line each; returns that as the record."""
    scan = load_projections(item.input, options.reading, options.beam)
    for warning in scan.warnings:
        LOGGER.warning("%s", warning)
    medium = Projections(options).for_frames(scan, context.device)
    first = next(iter(medium.frames(scan, context.device)))
    cost = forecast_of(medium.workload(first), context.device)
    slices, views, detectors = scan.integrals.shape
    middle, known = scan.integrals[slices // 2], scan.known[slices // 2]
    _, slope = log_variance(middle, known)
    low, high = np.quantile(middle[known], [0.001, 0.999])
    whole = time_in_words(slices * cost.least_seconds, slices * cost.seconds)
    lines = {
        "format": scan.origin,
        "stored": by(scan.stored_shape),
        "axes": f"{slices} slice(s), {views} views, {detectors} pixels of the detector",
        "values": f"{scan.values}; line integrals from {low:.3g} to {high:.3g}",
        "angles": f"{scan.angles.min():.4g} to {scan.angles.max():.4g} degrees",
        "centre": first.centre,
        "noise": "grows with what is absorbed" if slope else "alike in all rays",
        "memory": f"about {cost.bytes / 2**20:.0f} MiB",
        "time": f"{whole} on this {context.device.type}",
    }
    if not context.files.json:
        say_facts(str(item.input), lines)
    return Processed({"input": str(item.input), **lines, "warnings": scan.warnings})
