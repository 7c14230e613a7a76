"""Numbers on the command line: finite, in their range, fractions allowed; else a usage error in a sentence."""

import inspect
import math
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from dipcli.cli.app import app
from dipcli.cli.deblur import deblur
from dipcli.cli.denoise import denoise
from dipcli.cli.expand import expand
from dipcli.cli.mri import mri
from dipcli.cli.numbers import counts_parser, number_parser
from dipcli.cli.phase_retrieve import phase_retrieve
from dipcli.cli.simulate import simulate
from dipcli.engine.device import allocated_threads, most_threads
from dipcli.options.notes import Range
from tests.commands import record_of

COMMANDS = {
    "denoise": denoise,
    "deblur": deblur,
    "mri": mri,
    "phase-retrieve": phase_retrieve,
    "simulate": simulate,
}


def options_of(command, number):
    """The flags of a command that take a float, or an int."""
    parameters = inspect.signature(expand(COMMANDS[command])).parameters.values()
    kinds = {p.name: str(get_args(p.annotation)[:1]) for p in parameters}
    return [
        f"--{name.replace('_', '-')}" for name, kind in kinds.items() if number in kind and "tuple" not in kind
    ]


def call(command, *flags):
    source = "cdi" if command == "simulate" else "missing.png"
    return CliRunner().invoke(app, [command, source, *flags], env={"COLUMNS": "300", "TERM": "dumb"})


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_float_is_finite(command, value):
    flags = [flag for flag in options_of(command, "float") if (flag, value) != ("--photons", "inf")]
    assert flags
    for flag in flags:
        done = call(command, flag, value)
        assert (done.exit_code, "Traceback" in done.output) == (2, False), flag
        assert "no finite number" in done.output


def test_infinity_is_taken_where_it_means_something(tmp_path):
    assert call("simulate", "--photons", "inf", "-o", tmp_path / "a.npz", "--dry-run").exit_code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_count_has_a_ceiling(command):
    for flag in options_of(command, "int"):
        assert call(command, flag, "9" * 30).exit_code == 2, flag


@pytest.mark.parametrize("counts", ["1000000000", "128x1000000", "9" * 5000, "8,,8", "-1", "0"])
def test_widths_have_a_ceiling(counts):
    done = call("denoise", "--width", counts)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_threads_far_beyond_the_processors_are_refused(program, noisy, tmp_path):
    done = program("denoise", noisy, "-o", tmp_path / "b.png", "--threads", most_threads() + 1)
    assert done.exit_code == 2
    assert f"give at most {most_threads()}" in done.stderr


def test_an_allocation_far_beyond_the_processors_is_not_followed():
    assert allocated_threads({"SLURM_CPUS_PER_TASK": "1000000"}) == most_threads()


def test_a_fraction_is_a_number():
    assert number_parser(Range(0, 1))("25/255") == 25 / 255


@pytest.mark.parametrize("text", ["1/0", "a/2", "1/2/3", "", "/", "50%"])
def test_other_words_are_no_numbers(text):
    with pytest.raises(typer.BadParameter, match="is no number"):
        number_parser(Range())(text)


def test_a_fraction_may_not_be_infinite_either():
    with pytest.raises(typer.BadParameter, match="no finite number"):
        number_parser(Range())("1e300/1e-300")
    assert number_parser(Range(1, math.inf))("inf") == math.inf


def test_counts_may_be_repeated():
    assert counts_parser(Range(1, 100))("16,32x2") == (16, 32, 32)


def test_a_fraction_is_recorded_as_the_number_that_it_is(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "out.png", "--sigma", "25/255")
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "out.png")["options"]["sigma"] == pytest.approx(25 / 255)
