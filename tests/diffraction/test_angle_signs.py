"""Signs of angles against the right-handed rotations of the conventions of CXI and NeXus.

Both have z along the beam and y up, so x is to the left as seen along it. `gamma` turns the detector about +y;
`delta` lifts it, so it turns about -x.
"""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dipcli.diffraction.geometry import KEV_NM, Geometry

WAVELENGTH, DISTANCE, PIXEL, STEP = KEV_NM / 9, 1.5e9, (75e3, 55e3), np.radians(0.02)
SHAPE = (40, 32, 24)
LAB = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}


def turned(axis, degrees):
    return Rotation.from_rotvec(np.radians(degrees) * np.array(LAB[axis], float)).as_matrix()


def geometry(delta, gamma, *, is_vertical=True):
    return Geometry(WAVELENGTH, DISTANCE, PIXEL, STEP, np.radians(delta), np.radians(gamma), is_vertical)


def momentum(delta, gamma, row=0.0, column=0.0, rocked=0.0, axis="y"):
    """Q, in the crystal's axes, of a pixel so far from the centre, the crystal turned by `rocked` degrees."""
    on_detector = np.array([-column * PIXEL[1], -row * PIXEL[0], DISTANCE])  # columns to the right, rows down
    out = turned("y", gamma) @ turned("x", -delta) @ on_detector
    k = 2 * np.pi / WAVELENGTH
    return turned(axis, rocked).T @ (k * (out / DISTANCE - np.array(LAB["z"])))


def test_gamma_goes_to_the_left_and_delta_up():
    k = 2 * np.pi / WAVELENGTH
    angle = np.radians(20)
    np.testing.assert_allclose(geometry(0, 20).momentum(), k * np.array([np.sin(angle), 0, np.cos(angle) - 1]))
    np.testing.assert_allclose(geometry(20, 0).momentum(), k * np.array([0, np.sin(angle), np.cos(angle) - 1]))


@pytest.mark.parametrize(("delta", "gamma"), [(5, 30), (-5, 30), (20, -10), (0, 25)])
def test_the_momentum_is_that_of_right_handed_rotations(delta, gamma):
    np.testing.assert_allclose(geometry(delta, gamma).momentum(), momentum(delta, gamma), atol=1e-9)


@pytest.mark.parametrize(("axis", "is_vertical"), [("y", True), ("x", False)])
@pytest.mark.parametrize(("delta", "gamma"), [(5, 30), (20, -10)])
def test_voxels_are_reciprocal_to_the_steps_of_frames_rows_and_columns(delta, gamma, axis, is_vertical):
    here, degrees = momentum(delta, gamma), np.degrees(STEP)
    steps = np.stack(
        [
            momentum(delta, gamma, rocked=degrees, axis=axis) - here,
            momentum(delta, gamma, row=1) - here,
            momentum(delta, gamma, column=1) - here,
        ]
    )
    vectors = geometry(delta, gamma, is_vertical=is_vertical).voxel_vectors(SHAPE)
    products = vectors @ (steps * np.array(SHAPE)[:, None]).T
    np.testing.assert_allclose(products, 2 * np.pi * np.eye(3), atol=0.02)  # steps of 0.02° are not quite straight
