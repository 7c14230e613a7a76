"""What is seen while work goes on, on terminals of any width and elsewhere."""

import io
import threading

import pytest
from rich.console import Console

from dipcli.report import progress as progresses
from dipcli.report.progress import Display, FitProgress, shortened, stage

LONG = "a_very_long_name_of_a_picture_that_nobody_would_type_0012.png [3/12]"
FIT = FitProgress(LONG, 240, 400, "40/200", "run 2/2", "loss 0.0123, variance 1.23e-04", 83.0)


def drawn(width, *shown):
    """The last picture of the bars on a terminal, line by line."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    with Display(console, n_items=12, quiet=False) as display:
        for _ in range(3):
            display.advance()
        for progress in shown:
            display.show(progress)
        plain = Console(file=io.StringIO(), width=width)
        plain.print(display._bar.get_renderable())
    return plain.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_each_fit_has_one_line_whatever_the_width(width):
    other = FitProgress("b.png", 0, 0, "classical")
    lines = drawn(width, FIT, other)
    assert len(lines) == 3
    assert all(len(line.rstrip()) <= width for line in lines)
    assert "3/12" in lines[0]
    assert lines[1].startswith("a_")
    assert "12]" in lines[1]
    assert "40/200" in lines[1]
    assert lines[1].rstrip().endswith("1:23")
    assert "classical" in lines[2]
    assert lines[2].rstrip().endswith("+0:00")


def test_loss_and_variance_go_first_and_then_the_run():
    found = {width: drawn(width, FIT)[1] for width in (40, 80, 120)}
    assert "loss 0.0123, variance 1.23e-04" in found[120]
    assert "loss" not in found[80]
    assert "run 2/2" in found[80]
    assert "run" not in found[40]


def test_what_is_over_is_shown_no_more():
    assert len(drawn(80, FIT, FitProgress(LONG, 0, 0, ""))) == 1


def test_a_stage_is_shown_while_it_lasts():
    seen = []
    with stage(seen.append, "a.png", "classical"):
        assert [each.step for each in seen] == ["classical"]
    assert [each.step for each in seen] == ["classical", ""]


@pytest.mark.parametrize(("columns", "short"), [(40, "frame_0001.png"), (10, "fra…01.png"), (5, "fr…ng")])
def test_both_ends_of_a_name_are_kept(columns, short):
    assert shortened("frame_0001.png", columns) == short


def said_elsewhere(monkeypatch, progress, n_items, clock):
    """The first line that is said where there is no terminal and one of its clocks has run out."""
    monkeypatch.setattr(progresses, clock, 0.0)
    heard = threading.Event()
    lines = []

    class Stream(io.StringIO):
        def write(self, text):
            lines.append(text)
            heard.set()

    with Display(Console(file=Stream(), width=80), n_items=n_items, quiet=False) as display:
        display.advance()
        display.show(progress)
        assert heard.wait(60)
    return "".join(lines).splitlines()[0]


def test_elsewhere_a_line_says_how_far_it_is(monkeypatch):
    line = said_elsewhere(monkeypatch, FIT, 12, "PLAIN_SECONDS")
    assert line == (
        f"1/12 done, {LONG}: run 2/2, iteration 40/200, loss 0.0123, variance 1.23e-04, at most 83 s left"
    )


def test_elsewhere_what_nobody_reports_on_is_said_now_and_then(monkeypatch):
    line = said_elsewhere(monkeypatch, FitProgress("a.png", 0, 0, "classical"), 1, "HEARTBEAT_SECONDS")
    assert line == "a.png: classical, for 0.0 s"


def test_quiet_is_quiet():
    stream = io.StringIO()
    with Display(Console(file=stream), n_items=3, quiet=True) as display:
        display.show(FIT)
        display.advance()
    assert stream.getvalue() == ""
