"""The mathematics of a task, without any network.

minimise  fidelity( operator(**unknowns), measurement ) + Σ weight · penalty(unknown)
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from torch import Tensor, nn

from dipcli.fidelities import Fidelity
from dipcli.options.engine import PriorOptions

Estimate = Mapping[str, Tensor]
# From a change of the guide that a network is fed to the estimate that it then makes, all else being equal.
Probe = Callable[[Tensor], Tensor]
Values = Literal["unit", "real", "angle", "simplex"]


@dataclass(frozen=True)
class Unknown:
    """A real tensor to be found; a complex object is two unknowns, which the operator joins."""

    shape: tuple[int, ...]  # (channels, *space)
    values: Values = "unit"
    prior: PriorOptions | None = None  # where the physics insists; None leaves it to the user
    guide: Tensor | None = None  # a rough answer, of this shape, that a network may be fed as its seed


@dataclass(frozen=True)
class Penalty:
    """`weight` · `function`(the unknown named `on`), added to the objective under the function's name."""

    function: Callable[[Tensor], Tensor]
    on: str
    weight: float


@dataclass(frozen=True)
class Response:
    """`function`(the unknown named `on`, a probe of its network), added to the objective under its name."""

    function: Callable[[Tensor, Probe], Tensor]
    on: str


@dataclass(frozen=True)
class Problem:
    """A measurement, the operator that predicts it from the unknowns, and what counts as a good fit.

    `weight`, of the measurement's shape, is 0 where the measurement is not to be believed.
    `picture` is what a person would look at, free of the task's symmetries; early stopping watches it.
    `hidden`, (*space) of the measurement, is True where values are held out, if a stopper holds any out; without
    it, it draws them.
    Raises ValueError where the unknowns are not the parameters of the operator's forward.
    """

    measurement: Tensor
    operator: nn.Module
    unknowns: Mapping[str, Unknown]
    fidelity: Fidelity
    picture: Callable[[Estimate], Tensor]
    penalties: tuple[Penalty, ...] = ()
    weight: Tensor | None = None
    hidden: Tensor | None = None
    responses: tuple[Response, ...] = ()

    def __post_init__(self) -> None:
        names = list(inspect.signature(self.operator.forward).parameters)
        if names != list(self.unknowns):
            raise ValueError(f"The operator predicts from {names}, but the unknowns are {list(self.unknowns)}.")
        strangers = {*(term.on for term in self.penalties), *(term.on for term in self.responses)} - set(names)
        if strangers:
            raise ValueError(f"Penalties on {sorted(strangers)}, which are no unknowns.")

    def predict(self, estimate: Estimate) -> Tensor:
        """What would be measured if the estimate were true; of the measurement's shape."""
        prediction: Tensor = self.operator(**estimate)
        return prediction

    def terms(
        self, estimate: Estimate, prediction: Tensor, probes: Mapping[str, Probe] = MappingProxyType({})
    ) -> dict[str, Tensor]:
        """Every term of the objective by name; the objective is their sum. `probes` are those of the networks."""
        terms = {"data": self.fidelity(prediction, self.measurement, self.weight)}
        for penalty in self.penalties:
            terms[penalty.function.__name__] = penalty.weight * penalty.function(estimate[penalty.on])
        for response in self.responses:
            terms[response.function.__name__] = response.function(estimate[response.on], probes[response.on])
        return terms
