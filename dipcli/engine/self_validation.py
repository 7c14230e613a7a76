"""Early stopping by a small network that has seen the recent iterates: ES by self-validation.

Source: Li et al., Self-Validation: Early Stopping for Single-Instance Deep Generative Priors, BMVC 2021, arXiv
2110.12271 (§3, Algorithm 1). We differ in size, so that it costs a few per cent of a step of the stock network:
the iterates are reduced, the autoencoder is small, and each iterate trains it on one batch, not on all.
"""

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from dipcli.engine.descent import Step
from dipcli.engine.stopper import LEARNING, Stopper
from dipcli.options.engine import StoppingOptions
from dipcli.priors.layers import convolution, doubling

SIDES = {1: 1024, 2: 32, 3: 16}  # of the reduced copy, at most, for one, two and three axes
SMALLEST = 4  # side of the coarsest scale
WIDTH = 16  # channels; 32 to 128 in the paper
CODE = 64  # numbers to which an iterate is squeezed; 16 in the paper, which trains for longer
BATCH = 8  # iterates of a training step, the newest among them; 32 in the paper
WINDOW = 256  # iterates that are kept, as in the paper
LEARNING_RATE = 4e-3  # 1e-3 in the paper
MEMORY = 0.1  # share of the newest error in the score: one iterate's is noisy


@final
class SelfValidation(Stopper):
    """How far the newest iterate is from what an autoencoder of the earlier ones makes of it, per value.

    It falls while iterates become alike, and rises when each has noise of its own that a code cannot hold. Every
    iterate is judged before it is learnt.
    """

    _fixed = Stopper._fixed | {"_autoencoder", "_adam", "_random"}

    def __init__(self, options: StoppingOptions) -> None:
        super().__init__(options)
        self._seen = 0
        self._ring = torch.empty(0)
        self._smooth: float | None = None
        self._random = torch.Generator().manual_seed(0)
        self._autoencoder: nn.Module | None = None
        self._adam: torch.optim.Adam | None = None

    def score(self, step: Step) -> float | None:
        """The smoothed error of the newest iterate, in squared units of the picture; None while it is learnt."""
        small = reduced(step.picture)
        autoencoder, adam = self._build(small)
        with torch.no_grad():
            error = (autoencoder(small[None])[0] - small).square().mean().item()
        self._smooth = error if self._smooth is None else self._smooth + MEMORY * (error - self._smooth)
        self._ring[self._seen % WINDOW] = small
        self._seen += 1
        batch = self._ring[self._drawn()]
        adam.zero_grad(set_to_none=True)
        (autoencoder(batch) - batch).square().mean().backward()
        adam.step()
        return self._smooth if self._seen > LEARNING else None

    def _drawn(self) -> Tensor:
        """The places of the newest iterate and of some others."""
        others = torch.randint(min(self._seen, WINDOW), (BATCH - 1,), generator=self._random)
        newest = torch.tensor([(self._seen - 1) % WINDOW])
        return torch.cat([newest, others]).to(self._ring.device)

    def _build(self, like: Tensor) -> tuple[nn.Module, torch.optim.Adam]:
        """The autoencoder and its optimiser, made for the first iterate; no global random number is drawn."""
        if self._autoencoder is None or self._adam is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                self._autoencoder = autoencoder_for(like.shape).to(like.device)
            self._adam = torch.optim.Adam(self._autoencoder.parameters(), lr=LEARNING_RATE)
            if self._ring.numel() == 0:
                self._ring = like.new_zeros((WINDOW, *like.shape))
        return self._autoencoder, self._adam

    def state(self) -> dict[str, Any]:
        """With the autoencoder, its optimiser and its random numbers."""
        state = {**super().state(), "random": self._random.get_state()}
        if self._autoencoder is not None and self._adam is not None:
            state["autoencoder"] = {name: value.clone() for name, value in self._autoencoder.state_dict().items()}
            moments = self._adam.state_dict()["state"]
            state["moments"] = {
                key: {name: value.clone() for name, value in m.items()} for key, m in moments.items()
            }
        return state

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""
        own = {"random", "autoencoder", "moments"}
        super().load_state({name: value for name, value in state.items() if name not in own})
        self._random.set_state(state["random"].to("cpu"))
        self._autoencoder = self._adam = None
        if "autoencoder" in state:
            autoencoder, adam = self._build(self._ring[0])
            autoencoder.load_state_dict(state["autoencoder"])
            adam.load_state_dict({**adam.state_dict(), "state": state["moments"]})


def reduced(picture: Tensor) -> Tensor:
    """Every so many-th value of a picture (channels, *space), so that its sides are at most `SIDES` and divisible.

    Values are left out and not averaged: noise must not become less. Magnitudes where they are complex.
    """
    values = picture.abs() if picture.is_complex() else picture
    most = SIDES[values.ndim - 1]
    for axis in range(1, values.ndim):
        side = values.shape[axis]
        values = values.unfold(axis, 1, -(-side // most)).squeeze(-1)
    unit = 2 ** _scales(values.shape)
    for axis in range(1, values.ndim):
        values = values.narrow(axis, 0, values.shape[axis] // unit * unit)
    return values.float().contiguous()


def autoencoder_for(shape: tuple[int, ...]) -> nn.Module:
    """From images (batch, *shape) to the same through a few numbers: strided convolutions, and doublings."""
    n_axes, n_scales = len(shape) - 1, _scales(shape)
    coarsest = tuple(side // 2**n_scales for side in shape[1:])
    n_flat = WIDTH * torch.Size(coarsest).numel()
    layers: list[nn.Module] = []
    for scale in range(n_scales):
        layers += [convolution(n_axes, WIDTH if scale else shape[0], WIDTH, 3, stride=2), nn.LeakyReLU(0.2)]
    layers += [nn.Flatten(), nn.Linear(n_flat, CODE), nn.Linear(CODE, n_flat), nn.Unflatten(1, (WIDTH, *coarsest))]
    for scale in range(n_scales):
        last = scale + 1 == n_scales
        layers += [nn.LeakyReLU(0.2), doubling(n_axes, "nearest")]
        layers += [convolution(n_axes, WIDTH, shape[0] if last else WIDTH, 3)]
    return nn.Sequential(*layers)


def _scales(shape: tuple[int, ...]) -> int:
    """How often the sides can be halved."""
    return max(1, min(side // SMALLEST for side in shape[1:]).bit_length() - 1)
