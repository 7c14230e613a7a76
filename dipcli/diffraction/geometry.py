"""Where a pattern was measured, by beam, detector and rocking curve, and what follows for its object.

The lab: z along the beam, y up, x to the left as seen along the beam. The detector is turned by `gamma` about y
and then up by `delta`; its rows run down, its columns to the right as seen from the sample. From one frame to the
next the sample is turned by the rocking step about y (vertical) or x (horizontal).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

KEV_NM = 1.23984198  # wavelength times energy
FLAT = 1e-3  # volume of three steps of length 1 that lie in a plane
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

    @property
    def lacks_only_angles(self) -> bool:
        """Whether the sizes of a volume are not known because nobody said where the detector stands."""
        rest = (self.wavelength_nm, self.distance_nm, self.pixel_nm, self.step)
        return all(rest) and not (self.delta or self.gamma)

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
