"""What the reconstruction of a slice will cost, from trials of its parts on this very machine."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dipcli.classical.least_squares import least_squares
from dipcli.classical.plug_and_play import REGROUP, alternate_groups, alternate_windows
from dipcli.engine.restore import restore
from dipcli.fidelities import mean_squared_error
from dipcli.fourier import ifft
from dipcli.mri.encoding import SenseEncoding, mri_problem
from dipcli.mri.options import EncodingName, MriOptions
from dipcli.mri.reconstruction import GROUPING, ROUNDS, Slice, choose_encoding, noise_level, recipe_of, scale_of
from dipcli.options.engine import EngineOptions
from dipcli.problem import Problem

TRIAL = 6  # iterations
PLAIN = 350  # iterations of conjugate gradients for least squares and total variation, which need maps
PROCESS_MIB = 560  # of a program that has just begun
BYTES_OF_CHANNEL, BYTES_OF_COIL = 1060, 50  # for each pixel


@dataclass(frozen=True)
class Forecast:
    """Of one slice: which model, how noisy, and what it costs at most."""

    model: str
    sigma: float  # of the brightest point
    scale: float  # the brightest point
    seconds: float
    mebibytes: float  # of the whole program


def forecast_mri(scan: Slice, recipes: Mapping[EncodingName, MriOptions]) -> Forecast:
    """Try each part once or a few times, and multiply. Raises what stating the slice would raise of its model."""
    scale = scale_of(scan.kspace)
    kspace = scan.kspace / scale
    sigma = noise_level(kspace, scan.sampled)
    encoding, why = choose_encoding(kspace, scan, next(iter(recipes.values())).reconstruction, sigma)
    blank = encoding.join(ifft(kspace))

    def still(image: Tensor, level: float) -> Tensor:  # noqa: ARG001
        return image

    def steps(count: int) -> Tensor:
        return least_squares(encoding, kspace, blank, 1.0, iterations=count)

    steps(1)  # the first call of all takes longer
    solve = _seconds(lambda: steps(TRIAL)) / TRIAL
    window = _seconds(lambda: alternate_windows(blank, still, [0.1]))
    group = _seconds(lambda: alternate_groups(blank, still, [0.1] * REGROUP, GROUPING)) / REGROUP
    plain = PLAIN * solve if isinstance(encoding, SenseEncoding) else 0.0
    classical = ROUNDS // 2 * (window + 6 * solve) + ROUNDS * (group + 6 * solve) + plain
    problem = mri_problem(kspace, encoding, mean_squared_error, guide=blank)
    engine = recipe_of(encoding, recipes).engine
    fit = engine.stopping.runs * engine.stopping.iterations * _seconds_of_iteration(problem, engine)
    bytes_of_pixel = BYTES_OF_CHANNEL * len(blank) + BYTES_OF_COIL * len(kspace)
    return Forecast(why, sigma, scale, classical + fit, PROCESS_MIB + bytes_of_pixel * blank[0].numel() / 2**20)


def _seconds_of_iteration(problem: Problem, engine: EngineOptions) -> float:
    """Of one step of the fit, without what is only done once."""

    def fit(iterations: int) -> float:
        short = replace(engine.stopping, stop="never", iterations=iterations, runs=1)
        plain = replace(engine.descent, compile="off", memory_format="contiguous")
        return _seconds(lambda: restore(problem, replace(engine, stopping=short, descent=plain)))

    fit(1)
    return max(fit(1 + TRIAL) - fit(1), 0.0) / TRIAL


def _seconds(trial: Callable[[], object]) -> float:
    begin = time.perf_counter()
    trial()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begin
