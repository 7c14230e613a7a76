"""The descent: an endless iterator of steps that neither stops nor prints."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, final

import torch
from torch import Tensor, nn

from dipcli.engine.device import random_state, set_random_state
from dipcli.options.engine import DescentOptions
from dipcli.priors.prior import Prior
from dipcli.problem import Estimate, Probe, Problem

BETAS = (1e-4, 1e-2)  # of self-diffusion, first and last: Luo et al., for super-resolution, inpainting and blur


@dataclass(frozen=True)
class Step:
    """One iterate, as it was before the weights moved; every tensor is detached and on the device."""

    iteration: int  # from 1
    terms: Mapping[str, Tensor]  # the objective, term by term
    estimate: Estimate
    prediction: Tensor
    picture: Tensor


@final
class Descent:
    """Fits the priors to the problem by Adam or by the plain gradient, one step for each `next`.

    Networks may compute in reduced precision; the operator, the terms and the estimate are float32.
    """

    def __init__(self, problem: Problem, priors: Mapping[str, Prior], options: DescentOptions) -> None:
        self.problem = problem
        self._priors = dict(priors)
        self._options = options
        self._iteration = 0
        self._device = problem.measurement.device
        self._autocast = torch.autocast(self._device.type, torch.bfloat16, enabled=options.precision == "bf16")
        groups = {name: self._group(prior) for name, prior in priors.items()}
        self._probes = {name: self._probe_of(prior) for name, prior in priors.items()}
        self._learnt = [parameter for group in groups.values() for parameter in group["params"]]
        modules = [module for prior in priors.values() for module in prior.modules()]
        self._convolutions = [m.weight for m in modules if isinstance(m, nn.Conv1d | nn.Conv2d | nn.Conv3d)]
        fused = self._device.type in {"cpu", "cuda"}
        self._optimisers: dict[str, torch.optim.Optimizer] = {}
        if adam := [groups[name] for name, prior in priors.items() if prior.optimiser == "adam"]:
            self._optimisers["adam"] = torch.optim.Adam(adam, lr=options.learning_rate, fused=fused)
        if plain := [groups[name] for name, prior in priors.items() if prior.optimiser == "gradient"]:
            self._optimisers["gradient"] = torch.optim.SGD(plain, lr=options.learning_rate)

    def _group(self, prior: Prior) -> dict[str, Any]:
        """What is learnt of one network, and how fast: the physics may want another pace for one unknown.

        Terms are means: the plain gradient is multiplied by the number of values, so that no pace depends on it.
        """
        rate = self._options.learning_rate * prior.learning_rate_factor
        if prior.optimiser == "gradient":
            rate *= self.problem.measurement.numel()
        return {"params": [p for p in prior.parameters() if p.requires_grad], "lr": rate}

    def _probe_of(self, prior: Prior) -> Probe:
        def probe(change: Tensor) -> Tensor:
            with self._autocast:
                return prior.probe(change)

        return probe

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Step:
        self._iteration += 1
        for optimiser in self._optimisers.values():
            optimiser.zero_grad(set_to_none=True)
        with self._autocast:
            estimate = {name: prior() for name, prior in self._priors.items()}
        prediction = self.problem.predict(estimate)
        terms = self.problem.terms(estimate, prediction, self._probes)
        objective = torch.stack(list(terms.values())).sum()
        objective.backward()  # type: ignore[no-untyped-call]
        if self._options.clip_gradient:
            nn.utils.clip_grad_norm_(self._learnt, self._options.clip_gradient)
        for optimiser in self._optimisers.values():
            optimiser.step()
        self._add_langevin_noise()
        self._feed_back(estimate)
        return self._detached(terms, estimate, prediction)

    def _add_langevin_noise(self) -> None:
        """Stochastic gradient Langevin dynamics (Cheng et al., CVPR 2019): noise on every convolution."""
        if self._options.weight_noise:
            with torch.no_grad():
                for weights in self._convolutions:
                    weights.add_(torch.randn_like(weights), alpha=self._options.weight_noise)

    def _feed_back(self, estimate: Estimate) -> None:
        """Self-diffusion: each few iterations the estimate, with less noise than before, becomes the seed.

            σ_t = √(1 - Π_{i≤t} (1 - β_i)),   β from 1e-4 to 1e-2, t = T - 1 ... 0

        Source: Luo, Huang and Yang, Self-diffusion for Solving Inverse Problems, NeurIPS 2025, arXiv 2510.21417.
        """
        options = self._options
        if options.descent != "self-diffusion" or self._iteration % options.diffusion_iterations:
            return
        left = options.diffusion_steps - self._iteration // options.diffusion_iterations
        kept = torch.linspace(*BETAS, options.diffusion_steps)[: max(left, 0)]
        noise = math.sqrt(1 - float((1 - kept).prod()))
        for name, prior in self._priors.items():
            prior.feed(estimate[name].detach(), noise)

    def _detached(self, terms: Mapping[str, Tensor], estimate: Estimate, prediction: Tensor) -> Step:
        plain = {name: tensor.detach() for name, tensor in estimate.items()}
        with torch.no_grad():
            picture = self.problem.picture(plain)
        values = {name: term.detach() for name, term in terms.items()}
        return Step(self._iteration, values, plain, prediction.detach(), picture)

    def is_finite(self) -> bool:
        """Whether every learnt number is finite."""
        return all(bool(parameter.isfinite().all()) for parameter in self._learnt)

    def slow_down(self) -> None:
        """Halve the learning rate."""
        for optimiser in self._optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] /= 2

    def state(self) -> dict[str, Any]:
        """A copy of all that the next steps depend on, the global random state included."""
        return {
            "iteration": self._iteration,
            "priors": {name: _copy(prior.state_dict()) for name, prior in self._priors.items()},
            "optimisers": {name: _copy(optimiser.state_dict()) for name, optimiser in self._optimisers.items()},
            "random": random_state(self._device),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`; its learning rate comes back too."""
        self._iteration = state["iteration"]
        for name, prior in self._priors.items():
            prior.load_state_dict(state["priors"][name])
        for name, optimiser in self._optimisers.items():
            optimiser.load_state_dict(_copy(state["optimisers"][name]))
        set_random_state(self._device, state["random"])


def _copy(value: Any) -> Any:  # noqa: ANN401 - a nested state of dicts, lists, tensors and numbers
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
