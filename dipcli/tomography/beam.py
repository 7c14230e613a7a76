"""The forward model of a geometry: of a parallel beam, or of a fan."""

from dipcli.tomography.fan import FanProjection
from dipcli.tomography.projection import Geometry, Projection

Beam = Projection | FanProjection


def projection_of(geometry: Geometry) -> Beam:
    """Image (1, side, side) -> line integrals (1, views, detectors)."""
    return FanProjection(geometry) if geometry.is_fan else Projection(geometry)
