"""`dipcli simulate`: a diffraction pattern of an object that is known."""

from typing import Annotated

import typer

from dipcli.diffraction.options import SampleName, SimulationOptions


def simulate(
    sample: Annotated[SampleName, typer.Argument(help="cdi: a flat object, 2D; bcdi: a crystal, 3D.")],
    options: SimulationOptions,
) -> int:
    """Simulate the far-field diffraction of a crystal with facets, strain and dislocations, as it is measured.

    Written are counts, a mask (0 is good) and the true object, which `phase-retrieve --reference` reads.

    Example: dipcli simulate bcdi --size 64 --phase-range 8 --photons 1e8 -o scan.cxi
    """
    from dipcli.batch.signals import interruptible
    from dipcli.diffraction.simulation import write_simulation
    from dipcli.pipeline.interruption import Interruption
    from dipcli.report.messages import open_console, say, show_messages

    show_messages(open_console(), "error" if options.quiet else "info")
    interruption = Interruption()
    with interruptible(interruption, quiet=False):
        said = write_simulation(sample, options, interruption)
    say(said if options.dry_run else str(options.output))
    return 0
