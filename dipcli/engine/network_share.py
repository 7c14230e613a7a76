"""How much of the network's answer belongs into the result: judged by data that it has not seen."""

import math
from dataclasses import dataclass

from torch import Tensor

CHANCE = 4.0  # of what a network of mere noise saves on average: two deviations


@dataclass(frozen=True)
class NetworkShare:
    """Of the network in the result, from 0 to 1, and what it gained in the trial in dB, or why there was none."""

    share: float
    gain_db: float = 0.0
    untried: str = ""

    def __str__(self) -> str:
        if self.share:
            return f"{self.share:.0%} of the result, for it gained {self.gain_db:.2f} dB in a trial"
        if self.untried:
            return f"not fitted, for {self.untried}"
        return f"not fitted, for it gained {max(self.gain_db, 0):.2f} dB in a trial"


def earned_share(
    change: Tensor, left: Tensor, noise_energy: float, least_risk: float, worthwhile: float
) -> NetworkShare:
    """The share of the network by data that neither answer was made from.

    `left` is the data less the classical answer, `change` the network's answer less the classical one; both have
    noise of energy `noise_energy` a value. The risk of the classical answer is taken for `least_risk` at least.
    What gains fewer dB than is `worthwhile` has no share.
    """
    share = float((change * left).sum() / change.square().sum().clamp(min=1e-12))
    share = min(max(share, 0.0), 1.0)
    misfit = float(left.square().mean())
    risk = max(misfit - noise_energy, least_risk)
    saved = misfit - float((left - share * change).square().mean())
    saved -= CHANCE * misfit / left.numel()
    gain_db = 0.0 - 10 * math.log10(min(max(1 - saved / risk, 1e-3), 1.0))
    return NetworkShare(share if gain_db >= worthwhile else 0.0, gain_db)
