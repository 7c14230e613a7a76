"""From the options of a simulation to its file."""

import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from dipcli.diffraction.crystals import Crystal, detector_mask, simulate_counts, simulate_crystal
from dipcli.diffraction.diffraction import Fraunhofer
from dipcli.diffraction.options import SampleName, SimulationOptions
from dipcli.diffraction.projections import smooth
from dipcli.diffraction.writers import check_object_output, save_simulated
from dipcli.engine.forecast import PROCESS_BYTES, free_bytes
from dipcli.errors import OptionError
from dipcli.io.atomic import sweep
from dipcli.io.locks import sweep_locks
from dipcli.io.names import by
from dipcli.pipeline.interruption import Interruption, owned
from dipcli.pipeline.tiling import check_room
from dipcli.report.messages import LOGGER

BYTES = 120  # in memory for each pixel, at the peak
MOST_PHOTONS = 1e18  # of which NumPy draws Poisson's noise
N_AXES: dict[SampleName, int] = {"cdi": 2, "bcdi": 3}


def write_simulation(sample: SampleName, options: SimulationOptions, interruption: Interruption) -> str:
    """Simulate and write a pattern; returns what was written, or, on a dry run, what would be.

    Raises OptionError for an odd side and an output that exists, InputError where memory does not suffice,
    InUseError where another process writes this output.
    """
    check_object_output(options.output)
    _refuse_existing(options)
    if options.size % 2:
        raise OptionError(f"--size {options.size} is odd; give an even number.")
    for name, side in (("beamstop", options.beamstop), ("gap", options.gap)):
        if side >= options.size // 2:
            raise OptionError(f"--{name} {side} hides half of {options.size} pixels and more; give a smaller one.")
    if MOST_PHOTONS < options.photons + options.background < math.inf:
        raise OptionError(f"more than {MOST_PHOTONS:g} photons cannot be drawn; give fewer, or inf for no noise.")
    shape = (options.size,) * N_AXES[sample]
    n_bytes = BYTES * math.prod(shape)
    check_room(PROCESS_BYTES + n_bytes, free_bytes(torch.device("cpu")), "give a smaller --size")
    if options.dry_run:
        size, mebibytes = by(shape), n_bytes / 2**20
        return f"{options.output}: would be written, {size}, {mebibytes:.0f} MiB of memory beside the program's"
    sweep(options.output.parent)
    sweep_locks(options.output.parent)
    with owned(options.output, "", interruption):
        _refuse_existing(options)  # another process may just have written it
        return _simulate(shape, sample, options)


def _refuse_existing(options: SimulationOptions) -> None:
    if options.output.exists() and not options.overwrite:
        raise OptionError(f"{options.output} exists; add --overwrite, or name another --output.")


def _simulate(shape: tuple[int, ...], sample: SampleName, options: SimulationOptions) -> str:
    random = np.random.default_rng(options.seed)
    crystal = Crystal(options.size // 2, len(shape), options.phase_range, options.dislocations, options.modulation)
    truth = simulate_crystal(crystal, random)
    optics = Fraunhofer(shape)
    intensity = optics(torch.from_numpy(truth)[None].to(torch.complex128))
    blurred = smooth(intensity, options.coherence).clamp(min=0) if options.coherence else intensity
    counts = simulate_counts(blurred[0].numpy(), options.photons, random, options.background)
    bad = detector_mask(counts.shape, options.beamstop, options.gap)
    counts[bad] = 0
    given = {k: v for k, v in asdict(options).items() if k not in ("dry_run", "quiet")}
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    save_simulated(options.output, counts, bad, truth, {"sample": sample, **plain})
    size, bad_share = by(counts.shape), 100 * bad.mean()
    said = f"{size} of {counts.sum():.3g} photons, brightest pixel {counts.max():.0f}, {bad_share:.1f}% masked"
    LOGGER.info("%s: %s", options.output.name, said)
    return said
