"""NAME.report.png: what is drawn, where the detail lies, and that it costs nobody the result."""

import io

import numpy as np
import pytest
from PIL import Image

from dipcli.report import figures
from dipcli.report.figures import Panel, Report, draw
from dipcli.report.history import History


def size_of(png):
    with Image.open(io.BytesIO(png)) as picture:
        return picture.size


def report(*panels, history=None, facts=None):
    return Report(
        "dipcli denoise a.png", panels, facts or {"noise": "Gaussian, σ ≈ 0.1 $x$"}, history or History(), [3]
    )


@pytest.fixture
def pair():
    """Two pictures that differ in one place."""
    one = np.random.default_rng(0).random((90, 120, 3)).astype(np.float32)
    other = one.copy()
    other[60:75, 20:35] += 0.2
    return Panel("input", one), Panel("result", other)


def test_the_detail_is_where_they_differ_most(pair):
    top, bottom, left, right = figures._detail(pair)
    assert top * 90 <= 60 < 75 <= bottom * 90
    assert left * 120 <= 20 < 35 <= right * 120
    assert 0 <= top < bottom <= 1
    assert 0 <= left < right <= 1


@pytest.mark.parametrize("shape", [(5, 7), (24, 24), (25, 200), (200, 25)])
def test_details_stay_within_pictures_of_any_shape(shape):
    values = np.random.default_rng(0).random(shape)
    corner = figures._detail([Panel("a", values), Panel("b", values[::-1, ::-1])])
    assert min(corner) >= 0
    assert max(corner) <= 1
    assert figures._cut(values, corner).size


def test_of_pictures_that_are_the_same_the_middle_is_shown(pair):
    assert figures._detail([pair[0], pair[0]]) == figures.MIDDLE


def test_equal_runs_have_equal_reports(pair):
    assert draw(report(*pair)) == draw(report(*pair))


@pytest.mark.parametrize(
    "panel",
    [
        Panel("missing", np.full((30, 40), np.nan)),
        Panel("colours", np.full((30, 40, 3), np.nan)),
        Panel("a point", np.ones((1, 1)), has_detail=False, has_scale=True),
        Panel("wide", np.ones((3, 4000))),
        Panel("flat", np.zeros((30, 40)), (0.0, 0.0)),
        Panel("with a bar", np.zeros((30, 40)), pixel_nm=65.0),
    ],
    ids=lambda panel: panel.title,
)
@pytest.mark.filterwarnings("error")
def test_odd_pictures_are_drawn(panel):
    assert size_of(draw(report(panel)))[0] > 200


def test_a_report_names_a_name_as_it_is(pair):
    assert draw(report(*pair, facts={"beware": r"$\frac{1} _x_ ^ \alpha"}))


@pytest.mark.parametrize("reporting", ["1", "0"])
def test_a_report_lies_beside_the_output_where_that_is_wanted(denoise, noisy, tmp_path, monkeypatch, reporting):
    monkeypatch.setenv("DIPCLI_REPORT", reporting)
    done = denoise(noisy, "-o", tmp_path / "clean.png", "--reference", noisy)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "clean.report.png").is_file() == (reporting == "1")


def test_nothing_is_drawn_without_the_library(denoise, noisy, tmp_path, monkeypatch):
    monkeypatch.setenv("DIPCLI_REPORT", "1")
    monkeypatch.setattr("dipcli.pipeline.process.can_draw", lambda: False)
    assert denoise(noisy, "-o", tmp_path / "clean.png").exit_code == 0
    assert not (tmp_path / "clean.report.png").exists()


def test_a_report_that_lies_there_is_kept(denoise, noisy, tmp_path):
    (tmp_path / "clean.report.png").write_bytes(b"mine")
    assert denoise(noisy, "-o", tmp_path / "clean.png").exit_code == 2
    assert (tmp_path / "clean.report.png").read_bytes() == b"mine"


def test_a_report_that_cannot_be_drawn_costs_nobody_the_result(denoise, noisy, tmp_path, monkeypatch):
    def fail(_):
        raise ValueError("no font")

    monkeypatch.setenv("DIPCLI_REPORT", "1")
    monkeypatch.setattr(figures, "draw", fail)
    done = denoise(noisy, "-o", tmp_path / "clean.png")
    assert done.exit_code == 0
    assert "no report was drawn, no font; --no-report leaves it out." in done.stderr
    assert (tmp_path / "clean.png").is_file()
