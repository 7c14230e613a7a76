"""Help: on one page what most people use, all of it on request, and the same words in both."""

import re

import pytest
import typer
from typer.testing import CliRunner

from dipcli.cli.expand import expand
from dipcli.cli.usual import USUAL
from dipcli.options.files import FileOptions

TASKS = ("denoise", "inpaint", "upscale", "deblur", "mri", "phase-retrieve", "tomography", "simulate")
COMMANDS = (*TASKS, "status", "doctor")
MOST = 40  # lines of a terminal


@pytest.fixture
def help_of(program, monkeypatch):
    """`help_of(words)` is what is printed on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def shown(*words):
        done = program(*words)
        assert done.exit_code == 0, done.stderr
        return done.stdout

    return shown


def entries(text):
    """Of each option its text, with the line breaks taken out."""
    found = re.split(r"\n  (?=-)", text.split("\nExample")[0])
    return [" ".join(entry.split("\n\n")[0].split()) for entry in found[1:]]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_page_of_a_terminal(help_of, command):
    lines = help_of(command, "--help").splitlines()
    assert len(lines) <= MOST
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_the_long_help_says_what_it_does_and_its_default(help_of, command):
    for entry in entries(help_of(command, "--help-all")):
        if not entry.startswith(("--help-all", "-h, --help")):
            assert re.search(r"[A-Za-z0-9)σ²\"][.)] \[.*default: \S.*\]$", entry), entry


@pytest.mark.parametrize("command", [name for name in COMMANDS if name.replace("-", "_") in USUAL])
def test_the_long_help_has_all_options_of_the_short_one(help_of, command):
    short, long = (
        {entry.split(" ")[0] for entry in entries(help_of(command, flag))} for flag in ("-h", "--help-all")
    )
    assert short < long
    assert len(short) >= 10


def test_defaults_are_those_of_the_chosen_preset(help_of):
    runs = {}
    for preset in ("fast", "best"):
        found = [
            entry for entry in entries(help_of("denoise", "--help-all", "--preset", preset)) if "--runs" in entry
        ]
        runs[preset] = re.search(r"default: (\d+)", found[0])[1]
    assert runs == {"fast": "2", "best": "12"}


@pytest.mark.parametrize("command", TASKS)
def test_help_ends_in_examples(help_of, command):
    for flag in ("--help", "--help-all"):
        last = help_of(command, flag).rstrip().splitlines()[-1]
        assert last.startswith(f"  dipcli {command} ")


def test_help_is_a_command_too(help_of):
    assert help_of("help", "denoise").strip() == help_of("denoise", "--help").strip()
    assert help_of("help").strip() == help_of("--help").strip()


def test_help_of_what_is_no_command_is_one_sentence(program):
    done = program("help", "sharpen")
    assert done.exit_code == 2
    assert "there is no command sharpen" in done.stderr


def test_no_flag_is_negated_twice(help_of):
    assert "--no-no-" not in help_of("mri", "--help-all")
    assert "--no-crop, --crop" in help_of("mri", "--help-all") or "--crop, --no-crop" in help_of(
        "mri", "--help-all"
    )


def test_devices_threads_and_jobs_may_come_from_the_environment():
    seen = []

    def command(files: FileOptions) -> int:
        seen.append((files.device, files.threads, files.batch.jobs, files.call.words["jobs"]))
        return 0

    app = typer.Typer()
    app.command()(expand(command))
    environment = {"DIPCLI_DEVICE": "cpu", "DIPCLI_THREADS": "3", "DIPCLI_JOBS": "2"}
    assert CliRunner().invoke(app, [], env=environment).exit_code == 0
    assert CliRunner().invoke(app, ["--jobs", "5"], env=environment).exit_code == 0
    assert seen == [("cpu", 3, 2, ("--jobs", "2")), ("cpu", 3, 5, ("--jobs", "5"))]
