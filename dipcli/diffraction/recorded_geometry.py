"""What files and flags say of the beam, the detector and the rocking curve."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dipcli.diffraction.geometry import KEV_NM, Geometry
from dipcli.diffraction.options import GeometryOptions
from dipcli.io.hdf5 import SIGNATURE, arrays_called, groups_of_class, has_array, open_hdf5, read_stored

JOULES_OF_KEV = 1.602176634e-16
INSTRUMENTS = ("entry_1/instrument_1", "entry/instrument", "entry_1/instrument")
DETECTORS = tuple(f"{i}/{name}" for i in INSTRUMENTS for name in ("detector_1", "detector"))
BEAMS = tuple(f"{i}/{name}" for i in INSTRUMENTS for name in ("source_1", "beam", "monochromator", "source"))
METERS = {"m": 1e9, "cm": 1e7, "mm": 1e6, "um": 1e3, "nm": 1.0, "angstrom": 0.1}
SPELLED = {"micron": "um", "a": "angstrom", "å": "angstrom", "°": "deg", "degree": "deg", "radian": "rad"} | {
    f"{prefix}{word}": f"{letter}m"
    for prefix, letter in (("", ""), ("centi", "c"), ("milli", "m"), ("micro", "u"), ("nano", "n"))
    for word in ("meter", "metre")
}
KEV = {"j": 1 / JOULES_OF_KEV, "joule": 1 / JOULES_OF_KEV, "kev": 1.0, "ev": 1e-3, "mev": 1e3, "gev": 1e6}
RADIANS = {"deg": math.pi / 180, "rad": 1.0, "mrad": 1e-3}
MICRO = str.maketrans("\u00b5\u03bc", "uu")  # both letters that stand for a millionth
ANGLES = ("theta", "th", "omega", "eta", "mu", "phi", "chi", "rocking_angle")


@dataclass(frozen=True)
class _Quantity:
    """Names of a number, its units, the one of files that name none, and what it may be, in keV or nm."""

    names: tuple[str, ...]
    units: dict[str, float]
    usual: str
    least: float
    most: float


ENERGY = _Quantity(("energy",), KEV, "j", 1e-4, 1e3)
INCIDENT_ENERGY = _Quantity(("incident_energy",), KEV, "ev", 1e-4, 1e3)
WAVELENGTH = _Quantity(("wavelength",), METERS, "m", 1e-4, 1e4)
INCIDENT_WAVELENGTH = _Quantity(("incident_wavelength",), METERS, "angstrom", 1e-4, 1e4)
DISTANCE = _Quantity(("distance", "detector_distance"), METERS, "m", 1e5, 3e11)
COLUMNS = _Quantity(("x_pixel_size",), METERS, "m", 10, 1e7)
ROWS = _Quantity(("y_pixel_size",), METERS, "m", 10, 1e7)
ENERGIES = tuple(each.names[0] for each in (ENERGY, INCIDENT_ENERGY, WAVELENGTH, INCIDENT_WAVELENGTH))
SIDES = (*COLUMNS.names, *ROWS.names)


def geometry_of(path: Path, options: GeometryOptions, n_frames: int | None) -> tuple[Geometry, tuple[str, ...]]:
    """What flags and file say, flags first, and what the file says that cannot be.

    `n_frames` of a rocking curve, if it is one.
    """
    found, doubts = _of_file(path, n_frames)
    wavelength = KEV_NM / options.energy_kev if options.energy_kev else found.wavelength_nm
    pixel = options.pixels_um
    geometry = Geometry(
        wavelength,
        1e9 * options.distance_m if options.distance_m else found.distance_nm,
        (1e3 * pixel[0], 1e3 * pixel[1]) if pixel else found.pixel_nm,
        math.radians(options.rocking_step_deg) if options.rocking_step_deg is not None else found.step,
        math.radians(options.delta_deg) if options.delta_deg is not None else found.delta,
        math.radians(options.gamma_deg) if options.gamma_deg is not None else found.gamma,
        options.rocking_axis == "vertical",
    )
    given = [options.energy_kev and ENERGIES, options.distance_m and DISTANCE.names, pixel and SIDES]
    return geometry, tuple(text for name, text in doubts if not any(name in names for names in given if names))


@dataclass
class _Search:
    """Numbers that are looked for in a file, and what was found and cannot be."""

    path: Path
    file: Any
    doubts: list[tuple[str, str]] = field(default_factory=list)

    def first(self, groups: tuple[str, ...], quantity: _Quantity) -> float | None:
        """The first number of that name in these groups that can be one; None where there is none."""
        strange = []
        for place, value in self._numbers(groups, quantity):
            unit = _text(self.file[place].attrs.get("units", quantity.usual))
            factor = quantity.units.get(_plain(unit))
            if factor is not None and quantity.least <= value * factor <= quantity.most:
                return value * factor
            strange.append((place.rpartition("/")[2], f"{place} is {value:.4g} {unit}, which is not understood"))
        self.doubts += strange[:1]
        return None

    def _numbers(self, groups: tuple[str, ...], quantity: _Quantity) -> Iterator[tuple[str, float]]:
        """Positive numbers, alone or all the same, and where they are."""
        for place in (f"{group}/{name}" for group in groups for name in quantity.names):
            if has_array(self.file, place, least_axes=0):
                values = np.asarray(read_stored(self.path, self.file[place])).ravel()
                is_one = values.size > 0 and values.dtype.kind in "fiu" and bool((values == values[0]).all())
                if is_one and math.isfinite(values[0]) and values[0] > 0:
                    yield place, float(values[0])


def _of_file(path: Path, n_frames: int | None) -> tuple[Geometry, list[tuple[str, str]]]:
    """What a CXI or NeXus file says, in its own units or those that it names, and doubts with their names."""
    if not path.is_file():
        return Geometry(), []
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return Geometry(), []
    with open_hdf5(path) as found:
        search = _Search(path, found)
        beams = (*BEAMS, *groups_of_class(found, "NXbeam", "NXmonochromator"))
        detectors = (*DETECTORS, *groups_of_class(found, "NXdetector"))
        energy = search.first(beams, ENERGY) or search.first(beams, INCIDENT_ENERGY)
        wavelength = search.first(beams, WAVELENGTH) or search.first(beams, INCIDENT_WAVELENGTH)
        distance = search.first(detectors, DISTANCE)
        columns = search.first(detectors, COLUMNS)
        rows = search.first(detectors, ROWS) or columns
        step = None if n_frames is None else _rocking_step(path, found, n_frames)
    if wavelength is None and energy is not None:
        wavelength = KEV_NM / energy
    pixel = (rows, columns) if rows and columns else None
    doubts = [(name, text) for name, text in search.doubts if wavelength is None or name not in ENERGIES]
    return Geometry(wavelength, distance, pixel, step), doubts


def _rocking_step(path: Path, file: Any, n_frames: int) -> float | None:  # noqa: ANN401 - h5py has no types
    """The step in radians of the one angle that changes evenly; in files degrees where no unit is named."""
    steps = set()
    for place in arrays_called(file, *ANGLES):
        unit = RADIANS.get(_plain(_text(file[place].attrs.get("units", "deg"))))
        if unit and n_frames > 1 and file[place].shape == (n_frames,):
            differences = unit * np.diff(np.asarray(read_stored(path, file[place]), np.float64))
            if abs(differences.mean()) > 0 and np.ptp(differences) < abs(differences.mean()):
                steps.add(round(float(differences.mean()), 9))
    return steps.pop() if len(steps) == 1 else None


def _plain(unit: str) -> str:
    """A unit as it is called here: Micrometres -> um."""
    one = unit.strip().lower().translate(MICRO).removesuffix("s")
    return SPELLED.get(one, one)


def _text(value: Any) -> str:  # noqa: ANN401
    return value.decode() if isinstance(value, bytes) else str(value)
