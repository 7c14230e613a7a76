"""How much of the network's answer belongs into the result: judged on measured k-space that neither answer knew.

Through maps, and of a single coil, one line in ten outside of the calibration block is hidden, of all coils. Where
each coil has an image of its own, one coil of every second line. Where points were measured, as many of them. What
is missing was measured by no coil, but without maps whole lines are too precious: without those nearest to the
centre neither answer is worth judging.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from dipcli.fourier import fft
from dipcli.mri.encoding import Encoding
from dipcli.mri.sampling import calibration_block

# A smaller share is none. By coil, other coils have measured what is hidden, and not what is missing, which is
# kind to the network: where 0.6 and 0.3 were found, the best shares were 0.2 and 0. Through maps, where 0.25 was
# found, none was best (tests/bench/RESULTS.md).
LEAST = 0.75
N_LINES = 10  # one whole line in so many is hidden
SEED = 7919  # of what is hidden: of no other random numbers here


@dataclass(frozen=True)
class HeldOut:
    """K-space (coils, *space) with `hidden` values, and the classical image `guess` that does not know them."""

    kspace: Tensor
    hidden: Tensor
    guess: Tensor

    def share(self, encoding: Encoding, image: Tensor) -> float:
        """The share of the network's image in the mixture with the guess that is nearest to the hidden values."""
        first, second = (fft(encoding.coils(one))[self.hidden] for one in (self.guess, image))
        change, left = second - first, self.kspace[self.hidden] - first
        energy = float(change.abs().square().sum())
        share = float((change.conj() * left).real.sum()) / max(energy, 1e-30)
        share = min(max(share, 0.0), 1.0)
        return share if share >= LEAST else 0.0


def hidden_values(kspace: Tensor, sampled: Tensor, *, of_all_coils: bool = False) -> Tensor:
    """Which of the measured values (coils, *space) are hidden, of all coils or of one each."""
    n_coils = 1 if of_all_coils else len(kspace)
    random = torch.Generator().manual_seed(SEED)
    rows, lines = calibration_block(sampled.cpu().numpy())
    outside = sampled.cpu().clone()
    outside[rows, lines] = False
    whole = outside.all(0)
    if bool((whole | ~outside.any(0)).all()):
        chosen = whole.nonzero()[::2, 0] if n_coils > 1 else whole.nonzero()[1::N_LINES, 0]
        hidden = torch.zeros((n_coils, *sampled.shape), dtype=torch.bool)
        hidden[torch.randint(n_coils, chosen.shape, generator=random), :, chosen] = True
    else:
        share = 1 / N_LINES if of_all_coils else 1 / (2 * n_coils)
        hidden = (torch.rand((n_coils, *sampled.shape), generator=random) < share) & outside
    return hidden.expand(kspace.shape).to(kspace.device)
