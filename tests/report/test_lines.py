"""What is said to a person when something is done."""

import pytest

from dipcli.report.endings import batch_line, duration, ending_line

RUN = {"ending": "early_stop", "iterations": 100, "best_iteration": 75}
RECORD = {
    "ending": "early_stop",
    "runs": [RUN],
    "engine": {"stopping": {"iterations": 200}},
    "classical": {"method": "patch groups"},
    "metrics": {"psnr_db": 30.674, "input_psnr_db": 20.46, "classical_psnr_db": 30.66, "ssim": 0.9},
    "confirmed": True,
    "seconds": 48.9,
}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "a.png: 30.67 dB (input 20.46, classical 30.66), stopped at 100 of 200, 49 s"),
        ({"metrics": {}}, "a.png: stopped at 100 of 200, 49 s"),
        ({"metrics": {"psnr_db": None}}, "a.png: stopped at 100 of 200, 49 s"),
        (
            {"metrics": {}, "runs": [RUN, {**RUN, "iterations": 57}]},
            "a.png: 2 runs stopped at 57-100 of 200, 49 s",
        ),
        ({"metrics": {}, "ending": "classical", "runs": []}, "a.png: patch groups, no network, 49 s"),
        (
            {"metrics": {}, "ending": "max_iterations", "confirmed": False},
            "a.png: all 200 iterations, not confirmed, 49 s",
        ),
        (
            {"metrics": {}, "ending": "max_time", "confirmed": False},
            "a.png: ended by --max-time at 100 of 200, not confirmed, 49 s",
        ),
        ({"metrics": {}, "frames": [{}, {}]}, "a.png: 2 frames, stopped at 100 of 200, 49 s"),
        (
            {"metrics": {"psnr_db": 30, "zero_filled_psnr_db": 21.5, "classical_psnr_db": 29.9}},
            "a.png: 30.00 dB (zero-filled 21.50, classical 29.90), stopped at 100 of 200, 49 s",
        ),
        (
            {"metrics": {"psnr_db": 40, "missing_psnr_db": 24.1, "classical_missing_psnr_db": 24}},
            "a.png: 24.10 dB where it was missing (classical 24.00), stopped at 100 of 200, 49 s",
        ),
    ],
)
def test_one_line_says_what_came_out(changes, line):
    assert ending_line("a.png", {**RECORD, **changes}) == line


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((3, 0, 0, 0, 0), "3 inputs: 3 done, 3.0 min"),
        ((10, 1, 2, 0, 0), "12 inputs: 10 done (1 not confirmed), 2 failed, 3.0 min"),
        ((0, 0, 1, 2, 4), "7 inputs: 0 done, 1 failed, 2 not finished, 4 left as they were, 3.0 min"),
    ],
)
def test_one_line_says_what_came_of_a_batch(counts, line):
    names = ("done", "unconfirmed", "failed", "interrupted", "skipped")
    assert batch_line(dict(zip(names, counts, strict=True)), 180) == line


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (4.21, "4.2 s"), (99, "99 s"), (100, "1.7 min"), (5999, "100 min"), (36_000, "10 h")],
)
def test_durations_have_a_unit_that_fits(seconds, words):
    assert duration(seconds) == words
