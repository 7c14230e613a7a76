"""Divergence: noticed every few iterations, and undone."""

import math
from collections.abc import Mapping
from typing import Any, final

from dipcli.engine.checkpoint import Stateful
from dipcli.engine.descent import Descent, Step
from dipcli.errors import DivergedError

INTERVAL = 25
EXPLOSION = 10.0
STRIKES = 3


@final
class Guard:
    """Goes back to the last good state when the objective is not finite or ten times what it was then.

    Weights, Adam's moments, the detector and the average go back together, and the learning rate is halved.
    Three times without a good state in between is an error. Looks only every 25 iterations, so that a GPU is
    not kept waiting.
    """

    def __init__(self, descent: Descent, *others: Stateful) -> None:
        """`others` are rewound together with the descent: detector, average, best so far."""
        self._descent = descent
        self._parts: tuple[Stateful, ...] = (descent, *others)
        self._good: list[dict[str, Any]] = [part.state() for part in self._parts]
        self._objective = float("inf")
        self._strikes = 0

    def rewound(self, step: Step, *, is_last: bool) -> bool:
        """Whether this step was undone; looks now and then, and at the last one.

        Raises DivergedError at the third strike.
        """
        if step.iteration % INTERVAL and step.iteration > 1 and not is_last:
            return False
        objective = sum(float(term.item()) for term in step.terms.values())
        has_grown = objective > EXPLOSION * self._objective
        if math.isfinite(objective) and not has_grown and self._descent.is_finite():
            self._objective, self._strikes = max(objective, 1e-8), 0
            self._good = [part.state() for part in self._parts]
            return False
        self._strikes += 1
        if self._strikes == STRIKES:
            raise DivergedError(
                f"The fit diverged {STRIKES} times by iteration {step.iteration}; lower --learning-rate."
            )
        for part, state in zip(self._parts, self._good, strict=True):
            part.load_state(state)
        for _ in range(self._strikes):
            self._descent.slow_down()
        return True

    def state(self) -> dict[str, Any]:
        """For `load_state`; good states are never changed, so no copy is needed."""
        return {"good": self._good, "objective": self._objective, "strikes": self._strikes}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""
        self._good, self._objective, self._strikes = state["good"], state["objective"], state["strikes"]
