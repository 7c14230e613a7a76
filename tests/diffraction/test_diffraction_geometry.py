"""How large a pixel of the object is, and how a report shows it."""

import h5py
import numpy as np
import pytest
from patterns import as_cxi, simulated

from dipcli.diffraction.options import PatternOptions
from dipcli.diffraction.readers import load_recording
from dipcli.report.figures import round_length

PLACES = {"wavelength": "source_1", "energy": "source_1", "distance": "detector_1", "x_pixel_size": "detector_1"}


def save(path, **values):
    as_cxi(path, *simulated())
    with h5py.File(path, "a") as file:
        for name, value in values.items():
            group = file.require_group(f"entry_1/instrument_1/{PLACES[name]}")
            group[name] = value


@pytest.mark.parametrize("source", [{"wavelength": 1e-10}, {"energy": 1.98644586e-15}])
def test_a_pixel_is_wavelength_times_distance_over_the_detector(tmp_path, source):
    save(tmp_path / "a.cxi", distance=2.0, x_pixel_size=50e-6, **source)
    recording = load_recording(tmp_path / "a.cxi", PatternOptions())
    assert recording.pixel_nm == pytest.approx(1e9 * 1e-10 * 2 / 50e-6 / recording.intensity.shape[1])


def test_binning_makes_the_field_smaller_and_cropping_the_pixels_larger(tmp_path):
    save(tmp_path / "a.cxi", distance=2.0, x_pixel_size=50e-6, wavelength=1e-10)
    plain, binned, cropped = (
        load_recording(tmp_path / "a.cxi", PatternOptions(**asked)).pixel_nm
        for asked in ({}, {"bin": "2"}, {"crop": "24"})
    )
    assert binned == pytest.approx(plain)
    assert cropped > plain


@pytest.mark.parametrize("values", [{}, {"distance": 2.0}, {"distance": -1.0, "x_pixel_size": 1.0, "energy": 1.0}])
def test_where_the_file_does_not_say_it_nothing_is_said(tmp_path, values):
    save(tmp_path / "a.cxi", **values)
    assert load_recording(tmp_path / "a.cxi", PatternOptions()).pixel_nm is None


@pytest.mark.parametrize(("length", "expected"), [(7.3, 5), (1.0, 1), (19.9, 10), (0.03, 0.02), (999, 500)])
def test_bars_have_round_lengths(length, expected):
    assert round_length(length) == pytest.approx(expected)


def test_a_report_of_an_object_has_a_wheel_a_bar_and_a_curve(program, tmp_path, monkeypatch):
    monkeypatch.setenv("DIPCLI_REPORT", "1")
    seen = []
    monkeypatch.setattr("dipcli.pipeline.process.drawn", lambda report: seen.append(report) or b"png")
    save(tmp_path / "a.cxi", distance=2.0, x_pixel_size=50e-6, wavelength=1e-10)
    few = ("--starts", "2", "--cycles", "20", "--rounds", "1")
    assert program("phase-retrieve", tmp_path / "a.cxi", "-o", tmp_path / "o.npz", *few).exit_code == 0
    (report,) = seen
    assert [panel.title for panel in report.panels if panel.wheel is not None] == [
        "phase, black where there is nothing"
    ]
    assert all(panel.pixel_nm for panel in report.panels[:3])
    (curve,) = report.curves
    assert (curve.title, len(curve.at)) == ("PRTF", len(curve.values))
    assert np.all(curve.values <= 1 + 1e-6)
