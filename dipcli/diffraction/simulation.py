"""From the options of a simulation to its file."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import typer

from dipcli.batch.run import SOME_FAILED, USAGE
from dipcli.diffraction.crystals import Crystal, detector_mask, simulate_counts, simulate_crystal
from dipcli.diffraction.diffraction import Fraunhofer
from dipcli.diffraction.options import SampleName, SimulationOptions
from dipcli.diffraction.writers import check_object_output, save_simulated
from dipcli.errors import DipcliError, OptionError
from dipcli.report.messages import LOGGER, open_console, show_messages

N_AXES: dict[SampleName, int] = {"cdi": 2, "bcdi": 3}


def write_simulation(sample: SampleName, options: SimulationOptions) -> None:
    """Simulate and write; the path goes to stdout, a failure is one sentence on stderr."""
    show_messages(open_console(), "info")
    try:
        _write(sample, options)
    except DipcliError as error:
        LOGGER.error("%s", error)
        raise typer.Exit(USAGE if isinstance(error, OptionError) else SOME_FAILED) from error
    typer.echo(str(options.output))


def _write(sample: SampleName, options: SimulationOptions) -> None:
    check_object_output(options.output)
    if options.output.exists() and not options.overwrite:
        raise OptionError(f"{options.output} exists; add --overwrite, or name another --output.")
    if options.size % 2:
        raise OptionError(f"--size {options.size} is odd; give an even number.")
    random = np.random.default_rng(options.seed)
    n_axes = N_AXES[sample]
    told = Crystal(options.size // 2, n_axes, options.phase_range, options.dislocations, options.modulation)
    truth = simulate_crystal(told, random)
    optics = Fraunhofer((options.size,) * n_axes)
    intensity = optics(torch.from_numpy(truth)[None].to(torch.complex128))[0].numpy()
    counts = simulate_counts(intensity, options.photons, random, options.background)
    bad = detector_mask(counts.shape, options.beamstop, options.gap)
    counts[bad] = 0
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(options).items()}
    save_simulated(options.output, counts, bad, truth, {"sample": sample, **plain})
    LOGGER.info(
        "%s: %s of %.3g photons, brightest pixel %.0f, %.1f%% masked",
        options.output.name,
        "x".join(map(str, counts.shape)),
        counts.sum(),
        counts.max(),
        100 * bad.mean(),
    )
