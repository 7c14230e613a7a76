"""Memory layout and compilation are measured without leaving a trace."""

import subprocess
from dataclasses import replace

import pytest
import torch
from steps import SHAPE, TINY, assert_same_state

from dipcli.engine import tuning
from dipcli.engine.tuning import Tuning, tune
from dipcli.errors import OptionError
from dipcli.options.engine import DescentOptions, EngineOptions, StoppingOptions
from dipcli.priors.prior import build_prior
from dipcli.problem import Unknown


def priors(shape=SHAPE):
    return {"image": build_prior(Unknown(shape), TINY)}


def options(iterations=10, **descent):
    return EngineOptions(TINY, DescentOptions(**descent), StoppingOptions(iterations=iterations))


@pytest.fixture
def measured(monkeypatch):
    """Let the measurements be these seconds, one after the other."""

    def pretend(*seconds):
        answers = iter(seconds)
        monkeypatch.setattr(tuning, "_seconds_per_step", lambda *_: next(answers))

    return pretend


def test_measuring_leaves_the_random_state():
    networks = priors()
    before = torch.get_rng_state()
    tune(networks, options())
    assert torch.equal(torch.get_rng_state(), before)


def test_measuring_leaves_the_weights():
    networks = priors()
    before = {name: value.clone() for name, value in networks["image"].state_dict().items()}
    tune(networks, options(iterations=10**7, compile="off"))
    assert_same_state({**networks["image"].state_dict()}, before)


def test_measuring_leaves_no_gradient():
    networks = priors()
    tune(networks, options())
    assert all(p.grad is None for p in networks["image"].parameters())


def test_short_runs_stay_as_they_are():
    assert tune(priors(), options()) == Tuning("contiguous", compiled=False)


def test_a_layout_that_is_demanded_is_not_measured(measured):
    measured()
    assert tune(priors(), options(memory_format="channels_last", compile="off")) == Tuning("channels_last")


@pytest.fixture
def compiler(monkeypatch):
    """`compiler(ends)`: networks are compiled by calling that instead; what is said of it comes back in a list."""
    said = []
    monkeypatch.setattr(tuning.LOGGER, "warning", lambda text, *values: said.append(text % values))

    def pretend(ends):
        tuning._say.cache_clear()
        monkeypatch.setattr(torch.nn.Module, "compile", ends)
        return said

    return pretend


def broken(network):
    raise RuntimeError("InvalidCxxCompiler: no working compiler.\nSet TORCHDYNAMO_VERBOSE=1 ...")


def working(network):
    """As if it were compiled."""


def wrong(network):
    """As if code came out that computes something else."""
    for parameter in network.parameters():
        parameter.data += 0.5


@pytest.mark.parametrize("ends", [broken, wrong])
def test_a_long_run_goes_on_without_a_compiler_that_fails(compiler, measured, ends):
    said = compiler(ends)
    measured(*[2000.0] * 20)
    networks = priors()
    for _ in range(2):
        assert tune(networks, options(memory_format="contiguous")) == Tuning(compiled=False)
    assert len(said) == 1
    assert "Networks are not compiled" in said[0]
    assert "\n" not in said[0]


@pytest.mark.parametrize(
    "error",
    [
        PermissionError("cache"),
        ImportError("triton"),
        subprocess.TimeoutExpired("g++", 1),
        AssertionError(),
        KeyError(1),
    ],
    ids=repr,
)
def test_whatever_a_compiler_raises_is_a_reason(compiler, measured, error):
    def fails(network):
        raise error

    said = compiler(fails)
    measured(2000.0)
    assert not tune(priors(), options(memory_format="contiguous")).compiled
    assert len(said) == 1


def test_a_compiler_that_works_is_used_where_it_pays(compiler, measured):
    said = compiler(working)
    measured(2000.0, 1.0)
    assert tune(priors(), options(memory_format="contiguous")).compiled
    measured(2000.0, 1900.0)
    assert not tune(priors(), options(memory_format="contiguous")).compiled
    assert not said


def test_compiling_that_is_demanded_and_fails_is_an_error_in_a_sentence(compiler, measured):
    compiler(broken)
    measured(*[0.1] * 9)
    with pytest.raises(OptionError, match=r"--compile on: .*no working compiler\); leave it out\."):
        tune(priors(), options(compile="on"))


def test_a_checkpoint_of_a_machine_that_compiled_goes_on_where_none_can(compiler):
    said = compiler(broken)
    tuned = Tuning("channels_last", compiled=True)
    assert tuned.usable(priors(), options()) == Tuning("channels_last", compiled=False)
    assert len(said) == 1


def test_a_trial_of_the_compiler_leaves_weights_and_random_numbers(compiler, measured):
    compiler(wrong)
    measured(2000.0)
    networks = priors()
    weights = {name: value.clone() for name, value in networks["image"].state_dict().items()}
    random = torch.get_rng_state()
    tune(networks, options(memory_format="contiguous"))
    assert torch.equal(torch.get_rng_state(), random)
    assert_same_state({**networks["image"].state_dict()}, weights)


@pytest.mark.parametrize(("other", "expected"), [(0.5, "channels_last"), (1.5, "contiguous")])
def test_long_runs_take_the_faster_layout(measured, other, expected):
    measured(1.0, other)
    assert tune(priors(), options(iterations=1000, compile="off")).memory_format == expected


def test_a_layout_that_is_not_chosen_is_undone(measured):
    measured(1.0, 1.5)
    networks = priors()
    tune(networks, options(iterations=1000, compile="off"))
    assert all(p.is_contiguous() for p in networks["image"].parameters())


def test_channels_last_lays_out_the_weights():
    networks = priors()
    Tuning("channels_last").apply(networks)
    weights = [p for p in networks["image"].network.parameters() if p.ndim == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


@pytest.mark.parametrize("shape", [(1, 20), (1, 16, 16), (1, 16, 16, 16)], ids=str)
def test_layouts_hardly_change_the_estimate(shape):
    network = {"image": build_prior(Unknown(shape), replace(TINY, jitter=0.0))}
    before = network["image"]().detach()
    Tuning("channels_last").apply(network)
    torch.testing.assert_close(network["image"]().detach(), before, rtol=1e-4, atol=1e-5)
