"""How the missing values of one frame are filled: by that mixture of methods which fills known ones best."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from dipcli.classical.filling import fill_in
from dipcli.classical.smooth_filling import BIHARMONIC, LAPLACIAN, fill_smoothly, fill_with_little_variation
from dipcli.options.methods import MethodName

Method = Callable[[Tensor, Tensor, float], Tensor]

METHODS: Mapping[str, Method] = {
    "patch groups": fill_in,
    "a membrane": lambda image, mask, _: fill_smoothly(image, mask, LAPLACIAN),
    "a thin plate": lambda image, mask, _: fill_smoothly(image, mask, BIHARMONIC),
    "total variation": fill_with_little_variation,
}
# Which of them are mixed, by the name of the option.
MIXED: Mapping[MethodName, Sequence[str]] = {
    "auto": ("patch groups", "a membrane", "a thin plate"),
    "pnp": ("patch groups",),
    "tv": ("total variation",),
}
LEAST = 0.05  # share below which a method is left out
RIDGE = 1e-9  # of the errors' energies, for guesses that are equal


@dataclass(frozen=True)
class Filling:
    """A mixture of methods, with their shares, which are positive and whose sum is 1."""

    shares: Mapping[str, float]

    def __call__(self, image: Tensor, mask: Tensor, sigma: float) -> Tensor:
        """Image (channels, *space) with values only in the `mask`, with noise `sigma` -> the same, filled."""
        parts = [share * METHODS[name](image, mask, sigma) for name, share in self.shares.items()]
        filled = torch.stack(parts).sum(0)
        return torch.where(mask, image, filled)

    def __str__(self) -> str:
        return ", ".join(f"{share:.0%} {name}" for name, share in self.shares.items())


class FillingChoice:
    """Fills, and chooses how to when it is first asked to: by what is nearest to the `scored` values."""

    def __init__(self, scored: Tensor, method: MethodName = "auto") -> None:
        """`scored` (channels, *space) is True on measured values that are outside the mask of the first image."""
        self._scored, self._names = scored, MIXED[method]
        self.filling: Filling | None = None

    def __call__(self, image: Tensor, mask: Tensor, sigma: float) -> Tensor:
        """Image (channels, *space) with values only in the `mask`, with noise `sigma` -> the same, filled.

        Of the first image, the `scored` values outside the mask are measured ones.
        """
        if self.filling is not None:
            return self.filling(image, mask, sigma)
        guesses = [METHODS[name](image, mask, sigma) for name in self._names]
        shares = best_mixture([guess[self._scored] for guess in guesses], image[self._scored])
        kept = {name: share for name, share in zip(self._names, shares, strict=True) if share >= LEAST}
        self.filling = Filling({name: share / sum(kept.values()) for name, share in kept.items()})
        mixed = [share * guess for share, guess in zip(shares, guesses, strict=True)]
        return torch.where(mask, image, torch.stack(mixed).sum(0))


def best_mixture(guesses: Sequence[Tensor], truth: Tensor) -> list[float]:
    """The shares, none negative and 1 in all, of the guesses whose mixture has the least squared error.

    For every subset the best affine mixture solves one linear system; the best without a negative share is it.
    """
    errors = torch.stack([guess - truth for guess in guesses]).flatten(1).double().cpu()
    gram = errors @ errors.T
    gram += (RIDGE * float(gram.diagonal().mean()) + RIDGE) * torch.eye(len(gram), dtype=gram.dtype)
    found = []
    for count in range(1, len(guesses) + 1):
        for subset in combinations(range(len(guesses)), count):
            index = torch.tensor(subset)
            multiples = torch.linalg.solve(gram[index][:, index], torch.ones(count, dtype=gram.dtype))
            if float(multiples.min()) >= 0:
                shares = torch.zeros(len(gram), dtype=gram.dtype).index_copy(0, index, multiples / multiples.sum())
                found.append((float(shares @ gram @ shares), shares.tolist()))
    return min(found)[1]
