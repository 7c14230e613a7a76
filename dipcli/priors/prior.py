"""A prior: an untrained network together with the seed that it is fed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from dipcli.errors import OptionError
from dipcli.grid import crop_middle
from dipcli.options.engine import PriorName, PriorOptions
from dipcli.priors.convdecoder import build_convdecoder, scale_sizes
from dipcli.priors.decoder import build_decoder
from dipcli.priors.layers import meshgrid
from dipcli.priors.mlp import build_mlp
from dipcli.priors.projector import behind_normalisation
from dipcli.priors.siren import build_siren
from dipcli.priors.skip import build_skip
from dipcli.priors.spectral import build_spectral
from dipcli.priors.value_maps import FROM_VALUES, TO_VALUES
from dipcli.problem import Unknown

SMALLEST_SIDE = 16

_BUILDERS: dict[PriorName, Callable[[tuple[int, ...], int, int, PriorOptions], nn.Module]] = {
    "skip": build_skip,
    "projector": build_skip,
    "decoder": build_decoder,
    "convdecoder": build_convdecoder,
    "siren": build_siren,
    "mlp": build_mlp,
    "spectral": build_spectral,
    "free": lambda *_: nn.Identity(),
}


@final
class Prior(nn.Module):
    """Called with nothing, it returns the estimate of one unknown, (channels, *space).

    The network makes a picture a little larger than asked for, where its scales need that, and the middle of
    it is the estimate: nothing at the border is lost or reflected. With `jitter`, each call adds fresh normal
    noise to the seed.
    """

    def __init__(self, unknown: Unknown, network: nn.Module, seed: Tensor, options: PriorOptions) -> None:
        super().__init__()
        jitter, learn_seed = options.jitter, options.learn != "weights" or options.prior == "free"
        self.network = network
        self.jitter = jitter
        self.learning_rate_factor, self.optimiser = options.learning_rate_factor, options.optimiser
        self._seed_is_drawn = options.seed_kind in ("uniform", "normal", "fourier")
        self._feeds_back = options.seed_kind == "estimate"
        self._shape = unknown.shape
        self._to_values = TO_VALUES[unknown.values]
        self.seed = nn.Parameter(seed, requires_grad=learn_seed)
        self.register_buffer("_noise", torch.empty_like(seed), persistent=False)
        self._noise: Tensor
        self.register_buffer("_start", _start_of(unknown) if options.from_guide else None, persistent=False)
        self._start: Tensor | None
        self._per_guide = 0.0
        if options.seed_kind == "guide" and unknown.guide is not None and not options.from_guide:
            self._per_guide = _guide_scale(unknown.guide, options.seed_scale)
        if options.from_guide:
            _silence(network)

    def forward(self) -> Tensor:
        """The estimate; random only through the jitter."""
        if self.jitter:
            self._noise.normal_(std=self.jitter)
        return self._estimate(self.seed)

    def probe(self, change: Tensor) -> Tensor:
        """The estimate where the guide is changed by so much, with the jitter of the last call.

        Raises ValueError where the seed alone does not show the guide.
        """
        if not self._per_guide:
            raise ValueError("only a network whose seed is the guide can be probed")
        return self._estimate(self.seed + self._per_guide * _padded(change, self.seed.shape[2:]))

    def feed(self, estimate: Tensor, noise: float) -> None:
        """Make an estimate with noise of this deviation the seed, where the options want that."""
        if self._feeds_back:
            with torch.no_grad():
                self.seed.copy_(_padded(estimate, self.seed.shape[2:]) + noise * torch.randn_like(self.seed))

    def _estimate(self, seed: Tensor) -> Tensor:
        if self.jitter:
            seed = seed + self._noise
        output = crop_middle(self.network(seed)[0], self._shape[1:]).float()
        return self._to_values(output if self._start is None else output + self._start)

    def take_over(self, state: Mapping[str, Any]) -> None:
        """Go on from the state of another prior of the same make.

        A seed that was drawn comes with it; one that shows the unknown's own guide, or coordinates, stays.
        """
        own = {} if self._seed_is_drawn else {"seed": self.seed.detach()}
        self.load_state_dict({**state, **own})


def build_prior(unknown: Unknown, options: PriorOptions) -> Prior:
    """A freshly drawn prior for one unknown; the global random state decides what is drawn.

    The unknown's own options, where its physics insists on some, come before `options`. Small unknowns get
    fewer scales. Raises OptionError for options that do not fit each other and, except for networks without
    scales, for sides under 16.
    """
    options = _fit_scales(unknown.prior or options, unknown.shape[1:])
    n_axes, n_out = len(unknown.shape) - 1, unknown.shape[0]
    seed = _draw_seed(unknown, options)
    network = _BUILDERS[options.prior](unknown.shape[1:], seed.shape[1], n_out, options)
    if options.learn != "weights" and options.prior != "free":
        frozen = options.learn == "seed"
        network = behind_normalisation(network, n_axes, seed.shape[1], frozen=frozen)
    return Prior(unknown, network, seed, options)


def _start_of(unknown: Unknown) -> Tensor:
    """The output that gives the unknown's guide."""
    if unknown.guide is None:
        raise OptionError("This task has no classical estimate to begin at; leave --from-guide out.")
    return FROM_VALUES[unknown.values](unknown.guide.detach().cpu().float())


def _silence(network: nn.Module) -> None:
    """Make a network's last layer, and so its output, zero."""
    layers = [m for m in network.modules() if isinstance(m, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear)]
    for parameter in layers[-1].parameters():
        nn.init.zeros_(parameter)


def _fit_scales(options: PriorOptions, space: tuple[int, ...]) -> PriorOptions:
    """The options with as many scales as the shortest side allows, and one skip width for each."""
    if not 1 <= len(space) <= 3:
        raise OptionError(f"{len(space)} axes are not supported; give one, two or three.")
    if options.prior in ("siren", "mlp", "free"):
        return options
    if min(space) < SMALLEST_SIDE:
        raise OptionError(f"A side of {min(space)} is too short for a network; give at least {SMALLEST_SIDE}.")
    if options.prior == "convdecoder":
        return options
    skips = options.skip_width * (len(options.width) if len(options.skip_width) == 1 else 1)
    n_scales = len(options.width)
    while n_scales > 1 and min(space) >> n_scales <= max(1, options.filter_size // 2):
        n_scales -= 1
    return replace(options, width=options.width[:n_scales], skip_width=skips[:n_scales])


def _draw_seed(unknown: Unknown, options: PriorOptions) -> Tensor:
    """The seed (1, channels, *space), each side rounded up to what the network's scales need."""
    space = unknown.shape[1:]
    if options.prior == "siren":
        return meshgrid(space, lowest=-1.0)[None]
    if options.prior == "mlp":
        return _drawn((), options)
    if options.prior == "free":
        return _drawn(space, replace(options, seed_channels=unknown.shape[0]))
    if options.prior == "convdecoder":
        return _drawn(scale_sizes(space, options)[0], options)
    step = 2 ** len(options.width)
    padded = tuple(-(-side // step) * step for side in space)
    if options.prior in ("decoder", "spectral"):
        padded = tuple(side // step for side in padded)
    if options.seed_kind == "guide":
        return _guide_seed(unknown, padded, options.seed_scale)
    if options.seed_kind == "estimate":
        return torch.randn(1, unknown.shape[0], *padded)
    if options.seed_kind == "meshgrid":
        return meshgrid(padded)[None]
    if options.seed_kind == "fourier":
        return _waves(padded, options)
    return _drawn(padded, options)


def _drawn(space: tuple[int, ...], options: PriorOptions) -> Tensor:
    seed = torch.empty(1, options.seed_channels, *space)
    drawn = seed.uniform_() if options.seed_kind == "uniform" else seed.normal_()
    if options.seed_blur:
        smooth = ndimage.gaussian_filter(drawn.numpy(), (0, 0, *[options.seed_blur] * len(space)), mode="wrap")
        drawn = torch.from_numpy(smooth)
    return drawn * options.seed_scale


def _waves(space: tuple[int, ...], options: PriorOptions) -> Tensor:
    """Sines and cosines of random directions. Source: Tancik et al., Fourier features, NeurIPS 2020."""
    frequencies = torch.randn((options.seed_channels + 1) // 2, len(space))
    phases = 2 * torch.pi * torch.tensordot(frequencies, meshgrid(space), dims=1)
    return torch.cat([phases.sin(), phases.cos()])[None, : options.seed_channels] * options.seed_scale


def _guide_seed(unknown: Unknown, padded: tuple[int, ...], scale: float) -> Tensor:
    """The unknown's guide, of mean 0 and deviation `scale`, its border repeated where the network needs more."""
    if unknown.guide is None:
        raise OptionError("This task has no classical estimate to feed the network; use another --seed-kind.")
    guide = unknown.guide.detach().cpu()
    return _padded((guide - guide.mean()) / guide.std().clamp(min=1e-6) * scale, padded)


def _guide_scale(guide: Tensor, scale: float) -> float:
    return scale / max(float(guide.std()), 1e-6)


def _padded(image: Tensor, space: Sequence[int]) -> Tensor:
    """An image (channels, *space) in the middle of a larger one, its border repeated, (1, channels, *space)."""
    widths = []
    for side, wanted in zip(reversed(image.shape[1:]), reversed(space), strict=True):
        widths += [(wanted - side) // 2, wanted - side - (wanted - side) // 2]
    return functional.pad(image[None], widths, mode="replicate")
