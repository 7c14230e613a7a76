"""What a search for phases takes: seconds and memory, before it begins."""

import math

from dipcli.diffraction.multiresolution import GOING_ON, levels_of
from dipcli.diffraction.multistart import FEWEST, TO_REST
from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.phase_search import CYCLES, KEPT_APART, LARGEST, SEARCHES, STARTS, STEPS, Measurement

# Usually: searches after which two starts show the same object, rounds of the first one, and sparse fits in all;
# and such fits where no two starts do.
USUAL_SEARCHES, USUAL_ROUNDS, USUAL_FITS, MOST_FITS = 2, 6, 16, 48
# For each pixel, one thread: of a cycle and a step, so many times that in large patterns; of a step beside that.
SECONDS_OF_CYCLE, SECONDS_OF_STEP, LARGE, UNCACHED, SECONDS_BESIDE = 2.5e-8, 5e-8, 2**23, 1.2, 5e-4
BYTES, BYTES_OF_START = 520, 12  # in memory at the peak for each pixel: of all together, and of each start


def peak_bytes(measurement: Measurement, options: PhasingOptions) -> float:
    """What finding and fitting need in memory beside the program itself."""
    starts = options.starts or STARTS[measurement.intensity.ndim - 1]
    return float((BYTES + BYTES_OF_START * starts) * measurement.intensity.numel())


def seconds_of(measurement: Measurement, options: PhasingOptions) -> tuple[float, float]:
    """What finding and fitting take on the machine of forecasts: usually, and where no two starts agree."""
    n_axes = measurement.intensity.ndim - 1
    starts, cycles = options.starts or STARTS[n_axes], options.cycles or CYCLES[n_axes]
    searches = options.searches or SEARCHES[n_axes]
    largest = LARGEST[n_axes] if measurement.support is None else max(measurement.intensity.shape)

    def going_on(count: int, rounds: int) -> int:
        return sum(max(min(FEWEST, count), count // 2**number) for number in range(rounds))

    usual = most = 0.0
    for level, sides in enumerate(levels_of(measurement.intensity.shape[1:], largest)):
        n_values = math.prod(sides)
        round_of_one = SECONDS_OF_CYCLE * n_values * (UNCACHED if n_values > LARGE else 1.0) * cycles
        if level:
            usual += round_of_one * min(starts, GOING_ON)
            most += round_of_one * going_on(min(starts, GOING_ON), options.rounds)
        else:
            usual += (
                round_of_one * min(searches, USUAL_SEARCHES) * going_on(starts, min(options.rounds, USUAL_ROUNDS))
            )
            most += round_of_one * searches * going_on(starts, options.rounds)
    dear = measurement.intensity.numel() * (UNCACHED if measurement.intensity.numel() > LARGE else 1.0)
    at_rest = SECONDS_OF_CYCLE * dear * TO_REST * min(starts, KEPT_APART)
    steps = STEPS[n_axes] if options.chosen in ("sparse", "hybrid") else 0
    fitted = (SECONDS_OF_STEP * dear + SECONDS_BESIDE) * steps
    return usual + at_rest + USUAL_FITS * fitted, most + at_rest + MOST_FITS * fitted
