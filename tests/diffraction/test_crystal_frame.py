"""An object in nm: voxels by the geometry, displacement and strain by the phase, against what is known."""

import math

import numpy as np
import pytest

from dipcli.diffraction.crystal_frame import displacement_and_strain, in_frame
from dipcli.diffraction.geometry import Geometry
from dipcli.diffraction.options import GeometryOptions
from dipcli.diffraction.recorded_geometry import geometry_of

SHAPE = (48, 64, 64)
BRAGG = Geometry(0.15, 1e9, (55e3, 55e3), math.radians(0.01), math.radians(8), math.radians(30))


def momentum_at(geometry, shape, frame, row, column):
    """Where a pixel lies in the crystal's reciprocal space, by turning everything: no small angles."""
    turn = geometry._turn()
    place = geometry.distance_nm * turn[:, 2]
    place = place - (row - shape[1] // 2) * geometry.pixel_nm[0] * turn[:, 1]
    place = place - (column - shape[2] // 2) * geometry.pixel_nm[1] * turn[:, 0]
    q = 2 * np.pi / geometry.wavelength_nm * (place / np.linalg.norm(place) - [0, 0, 1])
    angle = -geometry.step * (frame - shape[0] // 2)
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ q


def test_voxels_are_the_inverse_of_the_steps_in_reciprocal_space():
    vectors = BRAGG.voxel_vectors(SHAPE)
    centre = tuple(n // 2 for n in SHAPE)
    middle = momentum_at(BRAGG, SHAPE, *centre)
    np.testing.assert_allclose(middle, BRAGG.momentum(), rtol=1e-6)
    for axis in range(3):
        beside = list(centre)
        beside[axis] += 1
        step = (momentum_at(BRAGG, SHAPE, *beside) - middle) * SHAPE[axis]
        expected = np.zeros(3)
        expected[axis] = 2 * np.pi
        np.testing.assert_allclose(vectors @ step, expected, atol=0.02)


def test_the_momentum_is_that_of_bragg():
    turn = math.acos(math.cos(BRAGG.delta) * math.cos(BRAGG.gamma))
    assert np.linalg.norm(BRAGG.momentum()) == pytest.approx(4 * np.pi * math.sin(turn / 2) / 0.15)


def test_binned_steps_are_as_many_times_larger():
    doubled = BRAGG.binned((2, 4, 1)).voxel_vectors((24, 16, 64))
    np.testing.assert_allclose(doubled, BRAGG.voxel_vectors(SHAPE), rtol=1e-9)


@pytest.mark.parametrize("change", [{"step": None}, {"delta": 0.0, "gamma": 0.0}, {"pixel_nm": None}])
def test_without_steps_that_span_a_volume_there_are_no_voxels(change):
    from dataclasses import replace

    assert replace(BRAGG, **change).voxel_vectors(SHAPE) is None


def bent(vectors, slope):
    """A ball on skewed voxels whose strain along Q grows by `slope` a nm along Q."""
    momentum = BRAGG.momentum()
    q = momentum / np.linalg.norm(momentum)
    at = np.stack(np.meshgrid(*(np.arange(32) - 16 for _ in range(3)), indexing="ij"), -1) @ vectors
    along = at @ q
    radius = 9 * abs(np.linalg.det(vectors)) ** (1 / 3)
    inside = np.linalg.norm(at, axis=-1) < radius
    phase = -np.linalg.norm(momentum) * slope / 2 * along**2
    return (inside * np.exp(1j * phase)).astype(np.complex64), inside, q, radius


@pytest.mark.parametrize("frame", ["lab", "crystal"])
def test_the_strain_of_a_bent_crystal_is_found_in_either_frame(frame):
    vectors = BRAGG.voxel_vectors(SHAPE)
    image, inside, q, radius = bent(vectors, 1e-5)
    spread = inside.astype(np.float32)
    found = in_frame(image, inside, vectors, BRAGG.momentum(), crystal=frame == "crystal", spread=spread)
    assert found.support.sum() * found.voxel_nm**3 == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.05)
    z, y, x = (
        np.arange(n) - (np.argwhere(found.support)[:, k].min() + np.argwhere(found.support)[:, k].max()) / 2
        for k, n in enumerate(found.image.shape)
    )
    at = np.stack(np.meshgrid(z, y, x, indexing="ij"), -1)[..., ::-1] * found.voxel_nm
    along = at @ (found.frame @ q)
    core = found.support & (np.linalg.norm(at, axis=-1) < 0.7 * radius)
    expected = 1e-5 * along
    assert np.abs(found.strain - expected)[core].max() < 0.15 * np.abs(expected[core]).max()
    if frame == "crystal":
        np.testing.assert_allclose(found.frame @ q, [0, 1, 0], atol=1e-9)


def test_phases_of_many_turns_are_unwrapped():
    z, y, x = np.meshgrid(*(np.arange(24) - 12.0 for _ in range(3)), indexing="ij")
    inside = x**2 + y**2 + z**2 < 100
    u = 1e-3 * (x**2 + 0.5 * y * z)
    momentum = np.array([40.0, 0.0, 0.0])
    image = inside * np.exp(-1j * 40 * u)
    assert np.ptp(40 * u[inside]) > 2 * np.pi / 2
    found, strain = displacement_and_strain(10 * image, inside, 2.0, momentum)
    columns = np.stack([z[inside], y[inside], x[inside], np.ones(inside.sum())], 1)
    flat = u[inside] - columns @ np.linalg.lstsq(columns, u[inside], rcond=None)[0]
    np.testing.assert_allclose(found[inside], flat, atol=1e-5)
    inner = x**2 + y**2 + z**2 < 64
    np.testing.assert_allclose(strain[inner], (1e-3 * x)[inner], atol=1e-5)


def test_flags_go_before_what_the_file_says(tmp_path):
    asked = GeometryOptions(12.398, 2.0, "55,75", 0.01, "horizontal", 10.0, 20.0)
    found, _ = geometry_of(tmp_path / "none.npy", asked, 40)
    assert found.wavelength_nm == pytest.approx(0.1, rel=1e-3)
    assert (found.distance_nm, found.pixel_nm, found.is_vertical) == (2e9, (55e3, 75e3), False)
    assert (found.step, found.delta) == pytest.approx((math.radians(0.01), math.radians(10)))
