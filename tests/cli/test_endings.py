"""Endings that early stopping did not confirm are warnings; --max-time holds for all that a frame takes."""

import pytest

from tests.commands import record_of, save_hole, save_noisy


def warnings_of(output):
    return " ".join(record_of(output)["warnings"])


def test_a_bound_on_iterations_that_ends_a_fit_is_a_warning(denoise, noisy, tmp_path):
    done = denoise(noisy, "-o", tmp_path / "out.png")
    assert done.exit_code == 0, done.stderr
    assert "The fit came to --iterations 4" in warnings_of(tmp_path / "out.png")
    assert "noisy.png: The fit came to --iterations 4" in done.stderr


def test_of_several_runs_those_that_came_to_the_bound_are_counted(program, noisy, tmp_path):
    flags = ("--classical", "0.5", "--iterations", "4", "--runs", "3", "--threads", "1")
    program("denoise", noisy, "-o", tmp_path / "out.png", *flags)
    assert "3 of 3 runs came to --iterations 4" in warnings_of(tmp_path / "out.png")


def test_a_fixed_number_of_iterations_is_no_warning(denoise, noisy, tmp_path):
    denoise(noisy, "-o", tmp_path / "out.png", "--stop", "never")
    assert record_of(tmp_path / "out.png")["ending"] == "max_iterations"
    assert "--iterations" not in warnings_of(tmp_path / "out.png")


def test_a_fit_that_stopped_by_itself_is_no_warning(program, noisy, tmp_path):
    flags = (
        "--classical",
        "0.5",
        "--runs",
        "1",
        "--threads",
        "1",
        "--warm-up",
        "1",
        "--patience",
        "1",
        "--margin",
        "0.9",
    )
    program("denoise", noisy, "-o", tmp_path / "out.png", *flags)
    assert record_of(tmp_path / "out.png")["ending"] == "early_stop"
    assert warnings_of(tmp_path / "out.png") == ""


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("denoise", ("--classical", "0.5")),
        ("upscale", ("--classical", "0.5")),
        ("inpaint", ("--mask", "mask.png", "--classical", "0.5")),
        ("deblur", ("--kernel", "gauss:1", "--method", "prior")),
    ],
)
def test_time_that_is_over_before_the_fit_leaves_the_classical_answer(
    program, tmp_path, monkeypatch, command, flags
):
    monkeypatch.chdir(tmp_path)
    save_hole(tmp_path / "mask.png", (40, 44))
    source = save_noisy(tmp_path / "in.png", (40, 44, 3))
    done = program(command, source, "-o", tmp_path / "out.png", *flags, "--max-time", "0.001", "--threads", "1")
    assert done.exit_code == 0, done.stderr
    assert record_of(tmp_path / "out.png")["ending"] == "classical"
    assert "--max-time 0.001 was over before the network was fitted" in warnings_of(tmp_path / "out.png")


def test_the_trial_of_a_network_ends_with_the_time(program, tmp_path):
    source = save_noisy(tmp_path / "in.png", (40, 44, 3))
    flags = ("--iterations", "1000000", "--stop", "never", "--max-time", "1", "--compile", "off", "--threads", "1")
    done = program("denoise", source, "-o", tmp_path / "out.png", *flags)
    assert done.exit_code == 0, done.stderr
