"""From one picture of a batch to the next: the networks that the last one's fit ended with.

Source: after Zhang et al., MetaDIP: Accelerating Deep Image Prior with Meta Learning, 2022, arXiv 2209.08452;
there the start is learnt from thousands of pictures, here it is that of the one before.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import final

from dipcli.engine.restore import Networks
from dipcli.pipeline.statement import Fitted, Statement


@final
class WarmStart:
    """Remembers the last fit; a result that starts from it depends on the batch, which its record says."""

    def __init__(self) -> None:
        self._label = ""
        self._make: tuple[object, ...] = ()
        self._networks: Sequence[Networks] = ()

    def __call__(self, statement: Statement) -> tuple[Statement, Sequence[Networks]]:
        """The statement, with what it starts from, and the networks: none where the last ones do not fit it."""
        if statement.problem is None:
            return statement, ()
        found = self._networks if self._make == make_of(statement) else ()
        start = f"the network of {self._label}, so that the result depends on the batch" if found else "cold"
        return replace(statement, decisions={**statement.decisions, "warm_start": start}), found

    def keep(self, label: str, fitted: Fitted) -> None:
        """Remember a fit, if there was one."""
        if fitted.result is not None:
            self._label, self._make = label, make_of(fitted.statement)
            self._networks = fitted.result.networks


def make_of(statement: Statement) -> tuple[object, ...]:
    """What two statements must have in common for one's networks to fit the other."""
    unknowns = {} if statement.problem is None else statement.problem.unknowns
    return (statement.engine.prior, *((name, unknown.shape) for name, unknown in unknowns.items()))
