"""What a task makes of one frame: the problem, how to solve it, and the textbook answer beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from dipcli.options.engine import EngineOptions
from dipcli.problem import Estimate, Problem


@dataclass(frozen=True)
class Outcome:
    """What is returned in the end: the picture, what else was found, and what to beware of."""

    picture: Tensor
    objects: Mapping[str, Tensor] = field(default_factory=dict)  # kernels, complex images ... by name
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)  # what was decided after the fit
    metrics: Mapping[str, float] = field(default_factory=dict)  # of the objects, where their truth is known


def as_it_is(estimate: Estimate, picture: Tensor) -> Outcome:  # noqa: ARG001
    """The picture of the estimate itself."""
    return Outcome(picture)


@dataclass(frozen=True)
class Statement:
    """Everything that is decided before the descent begins."""

    problem: Problem | None  # None where the textbook's answer is what was asked for
    options: EngineOptions
    classical: tuple[str, Tensor]  # the textbook method and its picture, of the result's shape
    told: Mapping[str, Any] = field(default_factory=dict)  # the options of the task, as they were used
    facts: Mapping[str, Any] = field(default_factory=dict)  # what was decided, for the record
    warnings: tuple[str, ...] = ()
    beside: Mapping[str, Tensor] = field(default_factory=dict)  # further textbook pictures
    missing: Tensor | None = None  # True where nothing was measured and a guess is returned
    kept: Tensor | None = None  # True where the measured values themselves are returned, bit by bit
    part: tuple[Any, ...] = (...,)  # of the frame, that the fit looks at
    up_to_shift: bool = False  # whether a result that is shifted against the truth is as good
    exact: bool = False  # what is promised of the result does not survive a lossy file
    finish: Callable[[Estimate, Tensor], Outcome] = as_it_is  # applied once, to the mean of all runs
    checks: Callable[[Tensor], Mapping[str, float]] = lambda _: {}  # what a picture shows without the truth


# From a frame (channels, *space) in [0, 1], NaN where nothing was measured, to its statement.
State = Callable[[Tensor], Statement]
