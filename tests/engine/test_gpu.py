"""The same on an accelerator as on the processor: by hand, `-m gpu`; DIPCLI_TEST_DEVICE names one but CUDA."""

import copy
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from patterns import simulated
from problems import COMPLEX, PROBLEMS, building_on
from projections import noisy_sinogram
from scans import sampled_kspace
from test_checkpoint import STOPPING, left_and_gone_on

import dipcli
from dipcli.engine.descent import Descent, Step
from dipcli.engine.restore import restore
from dipcli.engine.stopping import build_stopper
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.priors.prior import build_prior
from dipcli.problem import Unknown
from dipcli.symmetries import error
from tests.noises import gaussian

DEVICE = torch.device(os.environ.get("DIPCLI_TEST_DEVICE", "cuda"))
ALL = {**PROBLEMS, **COMPLEX}
READS = ("deblurring-blind", "tomography", "tomography-fan", "emission")  # values, while they are built or watched
SMALL = PriorOptions(width=(8, 8), skip_width=(2,), seed_channels=4, jitter=0.0)
DESCENT = DescentOptions(memory_format="contiguous", compile="off")
NETWORKS = {
    "skip": {},
    "skip-average": {"downsample": "average", "upsample": "nearest"},
    "decoder": {"prior": "decoder", "width": (8, 8), "skip_width": (0,)},
    "convdecoder": {"prior": "convdecoder", "width": (8, 8)},
    "projector": {"prior": "projector", "learn": "seed"},
    "siren": {"prior": "siren", "width": (16, 16), "seed_kind": "meshgrid"},
    "mlp": {"prior": "mlp", "width": (16, 16)},
    "spectral": {"prior": "spectral"},
    "free": {"prior": "free"},
}


@pytest.fixture
def exact():
    """Products in full float32: what differs is the order of sums."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.set_float32_matmul_precision(before[0])
    torch.backends.cudnn.allow_tf32 = before[1]


def alike(there, here, tolerance=1e-4):
    """Whether the largest difference is at most that share of the largest value."""
    return float((there.cpu() - here).abs().max()) <= tolerance * max(1e-3, float(here.abs().max()))


def built(name, device):
    with building_on(device):
        return ALL[name]()


def moved(descent_of, device):
    torch.manual_seed(0)
    problem = built(descent_of, device)
    priors = {name: build_prior(unknown, SMALL).to(device) for name, unknown in problem.unknowns.items()}
    return Descent(problem, priors, DESCENT)


@pytest.mark.parametrize("name", sorted(set(ALL) - set(READS)))
def test_a_problem_computes_where_it_was_built(name):
    nowhere = torch.device("meta")  # which refuses, as a GPU does, what is mixed with the processor's
    problem = built(name, nowhere)
    estimate = {key: torch.rand(unknown.shape, device=nowhere) for key, unknown in problem.unknowns.items()}
    prediction = problem.predict(estimate)
    terms = problem.terms(estimate, prediction)
    assert {tensor.device for tensor in (prediction, problem.picture(estimate), *terms.values())} == {nowhere}


@pytest.mark.gpu
@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("name", ALL)
def test_terms_and_gradients_of_every_problem(name):
    found = []
    for device in (DEVICE, torch.device("cpu")):
        problem = built(name, device)
        random = torch.Generator().manual_seed(5)
        estimate = {
            key: (0.1 + 0.8 * torch.rand(unknown.shape, generator=random)).to(device).requires_grad_()
            for key, unknown in problem.unknowns.items()
        }
        terms = problem.terms(estimate, problem.predict(estimate))
        torch.stack(list(terms.values())).sum().backward()
        found.append(([term.detach() for term in terms.values()], [tensor.grad for tensor in estimate.values()]))
    for there, here in zip(*found, strict=True):
        assert all(alike(*pair) for pair in zip(there, here, strict=True))


@pytest.mark.gpu
@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("changes", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("shape", [(3, 32, 40), (1, 16, 16, 16)], ids=["2D", "3D"])
def test_values_and_gradients_of_every_network(changes, shape):
    torch.manual_seed(0)
    here = build_prior(Unknown(shape), replace(SMALL, **changes))
    there = copy.deepcopy(here).to(DEVICE)
    for prior in (there, here):
        prior().square().mean().backward()
    assert alike(there().detach(), here().detach())
    learnt = [(a.grad, b.grad) for a, b in zip(there.parameters(), here.parameters(), strict=True)]
    assert any(b is not None for _, b in learnt)
    largest = max(float(b.abs().max()) for _, b in learnt if b is not None)
    assert all(float((a.cpu() - b).abs().max()) <= 1e-3 * largest for a, b in learnt if b is not None)


@pytest.mark.gpu
@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("name", ALL)
def test_a_few_steps_of_every_problem(name):
    options = EngineOptions(SMALL, DESCENT, StoppingOptions(stop="never", iterations=3))
    there, here = (restore(built(name, device), options, seed=3) for device in (DEVICE, torch.device("cpu")))
    assert alike(
        there.picture, here.picture, 0.02
    )  # Adam's first steps have the size of the rate, whatever it sees


@pytest.mark.gpu
@pytest.mark.parametrize("stop", ["emv", "wmv", "self-validation", "sharpness", "held-out"])
def test_scores_of_every_stopper(stop):
    scores = []
    for device in (DEVICE, torch.device("cpu")):
        torch.manual_seed(0)
        _, stopper = build_stopper(built("denoising", device), replace(STOPPING, stop=stop, warm_up=0))
        pictures = torch.rand(12, 1, 16, 20, generator=torch.Generator().manual_seed(1))
        told = []
        for number, picture in enumerate(pictures.to(device), 1):
            terms = {"data": picture.mean()}
            told.append(stopper.update(Step(number, terms, {"image": picture}, picture, picture)).score)
        scores.append([np.nan if score is None else score for score in told])
    np.testing.assert_allclose(*scores, rtol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("stop", ["emv", "wmv", "held-out"])
def test_a_fit_that_is_left_again_and_again_ends_as_if_it_never_was(stop):
    options = EngineOptions(
        replace(SMALL, jitter=0.05), replace(DESCENT, weight_noise=1e-3), replace(STOPPING, stop=stop)
    )
    result, legs = left_and_gone_on(options, 3, built("denoising", DEVICE), DEVICE)
    assert legs > 1
    assert torch.equal(result.picture, restore(built("denoising", DEVICE), options, seed=3).picture)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_result(name):
    options = EngineOptions(SMALL, DESCENT, StoppingOptions(stop="never", iterations=5))
    first, second = (restore(built(name, DEVICE), options, seed=3) for _ in range(2))
    assert torch.equal(first.picture, second.picture)


@pytest.mark.gpu
@pytest.mark.skipif(DEVICE.type != "cuda", reason="only CUDA says where it waits")
@pytest.mark.parametrize("name", sorted(set(ALL) - {"deblurring-blind"}))  # whose picture is shifted by a centroid
def test_a_step_waits_for_nothing(name):
    descent = moved(name, DEVICE)
    next(descent)
    torch.cuda.set_sync_debug_mode("error")
    try:
        next(descent)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.parametrize("changes", NETWORKS.values(), ids=NETWORKS)
def test_networks_have_deterministic_gradients(changes):
    prior = build_prior(Unknown((3, 32, 40)), replace(SMALL, **changes)).to(DEVICE)
    torch.use_deterministic_algorithms(True)
    try:
        prior().square().mean().backward()
    finally:
        torch.use_deterministic_algorithms(False)


def drawn():
    """A small picture with noise, (48, 48, 3)."""
    torch.manual_seed(1)
    across = torch.linspace(0, 1, 48)
    clean = (0.3 + 0.4 * (across[:, None] * across + (across > 0.5))).expand(3, 48, 48)
    return gaussian(clean, 0.05).clamp(0, 1).permute(1, 2, 0).numpy()


CLASSICAL = {
    "denoise": lambda **on: dipcli.denoise(drawn(), **on),
    "inpaint": lambda **on: dipcli.inpaint(drawn(), np.indices((48, 48)).sum(0) % 5 == 0, **on),
    "upscale": lambda **on: dipcli.upscale(drawn(), 2, **on),
    "deblur": lambda **on: dipcli.deblur(drawn(), np.full((3, 3), 1 / 9), keep=True, **on),
    "mri": lambda **on: dipcli.reconstruct(sampled_kspace()[0], axes="coil,y,x", **on),
    "tomography": lambda **on: dipcli.reconstruct_slices(noisy_sinogram(), 180, **on),
}


@pytest.mark.gpu
@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("call", CLASSICAL.values(), ids=CLASSICAL)
def test_classical_methods(call):
    there, here = (torch.from_numpy(call(device=name, preset="instant").image) for name in (DEVICE.type, "cpu"))
    assert alike(there.abs(), here.abs(), 0.01)
    assert float((there - here).abs().square().mean().sqrt()) <= 1e-3 * float(here.abs().max())


@pytest.mark.gpu
def test_phases():
    counts, _ = simulated()
    there, here = (
        torch.from_numpy(dipcli.phase_retrieve(counts, seed=1, preset="instant", device=name).image)[None]
        for name in (DEVICE.type, "cpu")
    )
    assert error(there, here) < 0.05
