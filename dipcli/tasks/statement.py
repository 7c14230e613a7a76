"""What a task makes of one frame: the problem, how to solve it, and the textbook answer beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from dipcli.options import EngineOptions
from dipcli.problem import Problem


@dataclass(frozen=True)
class Statement:
    """Everything that is decided before the descent begins."""

    problem: Problem
    options: EngineOptions
    classical: tuple[str, Tensor] | None = None  # the method and its picture
    facts: Mapping[str, Any] = field(default_factory=dict)  # what was decided, for the record
    warnings: tuple[str, ...] = ()


# From a frame (channels, *space) in [0, 1], NaN where nothing was measured, to its statement.
State = Callable[[Tensor], Statement]
