"""Where a pattern was measured: what files and flags say of beam, detector and rocking curve, and what follows.

The lab: z along the beam, y up, x to the left as seen along the beam. The detector is turned by `gamma` about y
and then up by `delta`; its rows run down, its columns to the right as seen from the sample. From one frame to the
next the sample is turned by the rocking step about y (vertical) or x (horizontal).
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.diffraction.options import GeometryOptions
from dipcli.io.hdf5 import SIGNATURE, has_array, open_hdf5, read_stored

KEV_NM = 1.23984198  # wavelength times energy
JOULES_OF_KEV = 1.602176634e-16
INSTRUMENTS = ("entry_1/instrument_1", "entry/instrument", "entry_1/instrument")
DETECTORS = ("detector_1", "detector")
BEAMS = ("source_1", "beam", "monochromator", "source")
TO_NM = {"m": 1e9, "mm": 1e6, "um": 1e3, "nm": 1.0, "angstrom": 0.1, "a": 0.1, "å": 0.1}
TO_KEV = {"j": 1 / JOULES_OF_KEV, "kev": 1.0, "ev": 1e-3}
FLAT = 1e-3  # volume of three steps of length 1 that lie in a plane
ANGLES = ("theta", "th", "omega", "eta", "mu", "phi", "chi", "rocking_angle")
GROUPS = ("entry_1/sample_1/geometry_1", "entry/sample", "entry/sample/goniometer", "entry/sample/transformations")
ROCKED = tuple(f"{group}/{angle}" for group in (*GROUPS, "entry/data", "entry/positioners") for angle in ANGLES)
Vectors = NDArray[np.float64]  # (3, 3), one in each row


@dataclass(frozen=True)
class Geometry:
    """Lengths in nm, angles in radians; `pixel_nm` of rows and columns, `step` of one frame; None is not known."""

    wavelength_nm: float | None = None
    distance_nm: float | None = None
    pixel_nm: tuple[float, float] | None = None
    step: float | None = None
    delta: float = 0.0
    gamma: float = 0.0
    is_vertical: bool = True

    def binned(self, sizes: tuple[int, ...]) -> "Geometry":
        """After so many frames, rows and columns, or rows and columns, were summed."""
        step = self.step if self.step is None or len(sizes) < 3 else self.step * sizes[0]
        pixel = self.pixel_nm and (self.pixel_nm[0] * sizes[-2], self.pixel_nm[1] * sizes[-1])
        return replace(self, step=step, pixel_nm=pixel)

    def __str__(self) -> str:
        rows, columns = (side / 1e3 for side in self.pixel_nm or (0.0, 0.0))
        angles = f"δ {math.degrees(self.delta):.4g}°, γ {math.degrees(self.gamma):.4g}°"
        parts = [
            "" if self.wavelength_nm is None else f"{KEV_NM / self.wavelength_nm:.4g} keV",
            "" if self.distance_nm is None else f"{self.distance_nm / 1e9:.4g} m",
            f"pixels of {rows:g} x {columns:g} µm" if self.pixel_nm else "",
            "" if self.step is None else f"steps of {math.degrees(self.step):.4g}°",
            angles if self.delta or self.gamma else "",
        ]
        return ", ".join(part for part in parts if part)

    def momentum(self) -> Vectors | None:
        """The momentum transfer Q (3) in 1/nm, along lab x, y, z."""
        if self.wavelength_nm is None:
            return None
        return np.asarray(2 * math.pi / self.wavelength_nm * (self._turn()[:, 2] - np.array([0.0, 0.0, 1.0])))

    def pixels_nm(self, shape: tuple[int, ...]) -> tuple[float, ...] | None:
        """The sides of a pixel of an object whose pattern has this shape (frames, rows, columns)."""
        if len(shape) == 3:
            vectors = self.voxel_vectors(shape)
            return None if vectors is None else tuple(np.linalg.norm(vectors, axis=1).tolist())
        if self.wavelength_nm is None or self.distance_nm is None or self.pixel_nm is None:
            return None
        sides = zip(shape, self.pixel_nm, strict=True)
        return tuple(self.wavelength_nm * self.distance_nm / (n * pixel) for n, pixel in sides)

    def voxel_vectors(self, shape: tuple[int, ...]) -> Vectors | None:
        """Where the next voxel lies along each axis of an object, lab x, y, z in nm; None where that is not known.

        The object's transform is sampled at steps b of momentum along frames, rows and columns, N of each: the
        vectors a have a·(N b) = 2π along their own axis, and 0 along the others.
        """
        momentum = self.momentum()
        if momentum is None or not self.step or self.distance_nm is None or self.pixel_nm is None:
            return None
        turn = self._turn()
        axis = np.array([0.0, 1.0, 0.0] if self.is_vertical else [1.0, 0.0, 0.0])
        across = 2 * math.pi / (self.wavelength_nm or 1.0) / self.distance_nm
        steps = np.stack(
            [
                -self.step * np.cross(axis, momentum),
                -across * self.pixel_nm[0] * turn[:, 1],
                -across * self.pixel_nm[1] * turn[:, 0],
            ]
        )
        if abs(np.linalg.det(steps / np.linalg.norm(steps, axis=1).clip(1e-30)[:, None])) < FLAT:
            return None
        return np.asarray(2 * math.pi * np.linalg.inv(steps * np.array(shape)[:, None]).T)

    def _turn(self) -> Vectors:
        """The detector's own x, y and z, in columns."""
        up, side = (np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]) for a in self._angles())
        about_x, about_y = np.eye(3), np.eye(3)
        about_x[1:, 1:] = up
        about_y[np.ix_([2, 0], [2, 0])] = side
        return about_y @ about_x

    def _angles(self) -> tuple[float, float]:
        return -self.delta, self.gamma


def geometry_of(path: Path, options: GeometryOptions, n_frames: int | None) -> Geometry:
    """What flags and file say, flags first. `n_frames` of a rocking curve, if it is one."""
    found = _of_file(path, n_frames)
    wavelength = KEV_NM / options.energy_kev if options.energy_kev else found.wavelength_nm
    pixel = options.pixels_um
    return Geometry(
        wavelength,
        1e9 * options.distance_m if options.distance_m else found.distance_nm,
        (1e3 * pixel[0], 1e3 * pixel[1]) if pixel else found.pixel_nm,
        math.radians(options.rocking_step_deg) if options.rocking_step_deg is not None else found.step,
        math.radians(options.delta_deg) if options.delta_deg is not None else found.delta,
        math.radians(options.gamma_deg) if options.gamma_deg is not None else found.gamma,
        options.rocking_axis == "vertical",
    )


def _of_file(path: Path, n_frames: int | None) -> Geometry:
    """What a CXI or NeXus file says, in its own units or those that its attributes name."""
    if not path.is_file():
        return Geometry()
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return Geometry()
    with open_hdf5(path) as found:

        def first(
            groups: tuple[str, ...], names: tuple[str, ...], units: dict[str, float], unit: str
        ) -> float | None:
            places = (f"{i}/{g}/{name}" for i in INSTRUMENTS for g in groups for name in names)
            values = (_number(path, found, place, units, unit) for place in places)
            return next((value for value in values if value is not None), None)

        energy = first(BEAMS, ("energy",), TO_KEV, "j") or first(BEAMS, ("incident_energy",), TO_KEV, "ev")
        wavelength = first(BEAMS, ("wavelength",), TO_NM, "m") or first(
            BEAMS, ("incident_wavelength",), TO_NM, "angstrom"
        )
        distance = first(DETECTORS, ("distance", "detector_distance"), TO_NM, "m")
        columns = first(DETECTORS, ("x_pixel_size",), TO_NM, "m")
        rows = first(DETECTORS, ("y_pixel_size",), TO_NM, "m") or columns
        step = None if n_frames is None else _rocking_step(path, found, n_frames)
    if wavelength is None and energy is not None:
        wavelength = KEV_NM / energy
    return Geometry(wavelength, distance, (rows, columns) if rows and columns else None, step)


def _rocking_step(path: Path, file: Any, n_frames: int) -> float | None:  # noqa: ANN401 - h5py has no types
    """The step of the one angle in degrees that changes evenly from frame to frame, in radians."""
    steps = []
    for place in ROCKED:
        if has_array(file, place, least_axes=1) and file[place].shape == (n_frames,):
            values = np.asarray(read_stored(path, file[place]), np.float64)
            differences = np.diff(values)
            if n_frames > 1 and abs(differences.mean()) > 0 and np.ptp(differences) < abs(differences.mean()):
                steps.append(float(math.radians(differences.mean())))
    return steps[0] if len(steps) == 1 else None


def _number(path: Path, file: Any, name: str, units: dict[str, float], usual: str) -> float | None:  # noqa: ANN401
    """A positive number in the unit that its attribute names, or the usual one; None where there is none."""
    if not has_array(file, name, least_axes=0):
        return None
    values = np.asarray(read_stored(path, file[name])).ravel()
    if values.size != 1 or values.dtype.kind not in "fiu":
        return None
    value, unit = float(values[0]), file[name].attrs.get("units", usual)
    unit = (unit.decode() if isinstance(unit, bytes) else str(unit)).strip().lower()
    factor = units.get(unit, units.get(unit.rstrip("s")))
    return value * factor if factor and math.isfinite(value) and value > 0 else None
