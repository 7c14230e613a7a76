"""How large a pixel of the object is, and how a report shows it."""

import h5py
import numpy as np
import pytest
from patterns import as_cxi, simulated

from dipcli.diffraction.options import GeometryOptions, PatternOptions
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


def as_nexus(path, counts):
    """As beamlines of NeXus have it, with units in attributes, and a rocking curve."""
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = counts
        for name, value, unit in (
            ("beam/incident_energy", 9000.0, "eV"),
            ("detector/distance", 1500.0, "mm"),
            ("detector/x_pixel_size", 55.0, "um"),
            ("detector/y_pixel_size", 75e-6, "m"),
        ):
            file[f"entry/instrument/{name}"] = value
            file[f"entry/instrument/{name}"].attrs["units"] = unit
        file["entry/sample/goniometer/omega"] = 10 + 0.02 * np.arange(len(counts))
        file["entry/sample/goniometer/chi"] = np.full(len(counts), 90.0)


def test_nexus_files_say_units_and_the_rocking_step(tmp_path):
    as_nexus(tmp_path / "a.h5", simulated(n_axes=3)[0])
    found = load_recording(tmp_path / "a.h5", PatternOptions()).geometry
    assert found.wavelength_nm == pytest.approx(1.23984198 / 9)
    assert (found.distance_nm, found.pixel_nm) == (pytest.approx(1.5e9), pytest.approx((75e3, 55e3)))
    assert np.degrees(found.step) == pytest.approx(0.02)


def test_other_units_and_groups_are_understood(tmp_path):
    as_nexus(tmp_path / "a.h5", simulated(n_axes=3)[0])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        instrument, sample = file["entry/instrument"], file["entry/sample/goniometer"]
        instrument.move("detector", "eiger")
        instrument["eiger"].attrs["NX_class"] = "NXdetector"
        for name, value, unit in (("distance", 150.0, "cm"), ("x_pixel_size", 55.0, "\u00b5m")):
            del instrument[f"eiger/{name}"]
            instrument[f"eiger/{name}"] = np.full(3, value)
            instrument[f"eiger/{name}"].attrs["units"] = unit
        omega = np.radians(sample["omega"][()])
        del sample["omega"]
        file["entry/instrument/positioners/eta"] = omega
        file["entry/instrument/positioners/eta"].attrs["units"] = "rad"
    found = load_recording(tmp_path / "a.h5", PatternOptions())
    assert found.warnings == ()
    assert found.geometry.distance_nm == pytest.approx(1.5e9)
    assert found.geometry.pixel_nm == pytest.approx((75e3, 55e3))
    assert np.degrees(found.geometry.step) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("name", "value"), [("energy", 9.0), ("energy", 9000.0), ("distance", 1500.0), ("x_pixel_size", 55.0)]
)
def test_numbers_without_a_unit_that_cannot_be_are_left_aside(tmp_path, name, value):
    save(tmp_path / "a.cxi", **{"energy": 1.44e-15, "distance": 1.5, "x_pixel_size": 55e-6} | {name: value})
    found = load_recording(tmp_path / "a.cxi", PatternOptions())
    (warning,) = found.warnings
    assert f"/{name} is {value:.4g} {'j' if name == 'energy' else 'm'}, which is not understood" in warning
    assert found.pixel_nm is None
    given = GeometryOptions(energy_kev=9, distance_m=1.5, pixel_um="55")
    assert load_recording(tmp_path / "a.cxi", PatternOptions(), given).warnings == ()


def test_without_the_detectors_angles_it_is_said_that_they_are_needed(program, tmp_path):
    as_nexus(tmp_path / "a.h5", simulated(n_axes=3)[0])
    done = program("phase-retrieve", tmp_path / "a.h5", "-o", tmp_path / "o.cxi", *FEW)
    assert "steps of 0.02°: sizes in nm need --delta-deg and --gamma-deg" in done.stderr


FEW = ("--starts", "2", "--cycles", "20", "--rounds", "1", "--threads", "1")
ANGLES = ("--delta-deg", "5", "--gamma-deg", "30")


def test_a_volume_is_written_in_nm_with_its_strain(program, tmp_path):
    as_nexus(tmp_path / "a.h5", simulated(n_axes=3)[0])
    done = program("phase-retrieve", tmp_path / "a.h5", "-o", tmp_path / "o.cxi", *FEW, *ANGLES)
    assert done.exit_code == 0, done.stderr
    assert "geometry 9 keV, 1.5 m, pixels of 75 x 55 µm, steps of 0.02°, δ 5°, γ 30°: pixels of the" in done.stderr
    with h5py.File(tmp_path / "o.cxi") as file:
        assert file["entry_1/image_1/voxel_vectors_nm"].shape == (3, 3)
        crystal = file["entry_1/image_3"]
        side = float(crystal["voxel_size_nm"][()])
        shape = crystal["data"].shape
        assert crystal["strain"].shape == crystal["displacement_nm"].shape == shape
    text = (tmp_path / "o.vti").read_text()
    assert f'Spacing="{side:.9g} {side:.9g} {side:.9g}"' in text
    assert f'WholeExtent="0 {shape[2] - 1} 0 {shape[1] - 1} 0 {shape[0] - 1}"' in text
    assert all(f'Name="{name}"' in text for name in ("magnitude", "phase", "support", "displacement_nm", "strain"))


def test_a_plane_has_pixels_in_nm(program, tmp_path):
    as_cxi(tmp_path / "a.cxi", *simulated())
    flags = ("--energy-kev", "8", "--distance-m", "2", "--pixel-um", "50,100")
    assert program("phase-retrieve", tmp_path / "a.cxi", "-o", tmp_path / "o.npz", *FEW, *flags).exit_code == 0
    with np.load(tmp_path / "o.npz") as found:
        rows, columns = found["pixel_size_nm"]
    assert rows == pytest.approx(1.23984198 / 8 * 2e9 / (32 * 50e3))
    assert rows == pytest.approx(2 * columns)


@pytest.mark.parametrize("text", ["x", "55,", "0", "1,2,3"])
def test_a_pixel_that_is_none_is_a_usage_error(program, tmp_path, text):
    as_cxi(tmp_path / "a.cxi", *simulated())
    done = program("phase-retrieve", tmp_path / "a.cxi", "-o", tmp_path / "o.npz", "--pixel-um", text)
    assert done.exit_code == 2
