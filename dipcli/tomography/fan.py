"""The forward model of fan-beam tomography: each ray is one of a parallel beam from another angle.

Finely sampled projections of the image are read between their samples where the rays of the fan are, so that few
views are explained as they were measured (`resorting.py` goes the other way).
"""

import math
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dipcli.tomography.projection import Geometry, Projection

VIEWS = 2  # parallel views in half a turn, for each pixel of a side
FINE = 2  # samples of a parallel view for each pixel
SHARPNESS = -0.5  # of the cubic that is laid between samples (Keys, 1981, doi 10.1109/TASSP.1981.1163711)


@final
class FanProjection(nn.Module):
    """Image (1, side, side), its mean along each pixel -> line integrals (1, views, detectors), in pixels.

    Pixels are those of the detector as they appear on the axis of rotation; the image is 0 around its own.
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__()
        self.geometry = geometry
        side = geometry.side
        n_views, middle = VIEWS * side, (side - 1) / 2
        angles = torch.arange(n_views, device=geometry.angles.device) * (math.pi / n_views)
        self.parallel = Projection(Geometry(angles, side, middle), FINE)
        turned, away = (torch.from_numpy(each) for each in parallel_rays(geometry))
        self._rows: Tensor
        self._columns: Tensor
        self._row_weights: Tensor
        self._column_weights: Tensor
        rows, row_weights = _cubic(turned * (n_views / math.pi))
        columns, column_weights = _cubic((away + middle) * FINE)
        last = FINE * (side - 1)
        column_weights = column_weights * ((columns >= 0) & (columns <= last))
        self._keep("_rows", rows % (2 * n_views) * (last + 1))
        self._keep("_columns", columns.clamp(0, last))
        self._keep("_row_weights", row_weights.float())
        self._keep("_column_weights", column_weights.float())

    def _keep(self, name: str, tensor: Tensor) -> None:
        self.register_buffer(name, tensor.to(self.geometry.angles.device), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """The sinogram."""
        half = self.parallel(image)[0, :, : FINE * (self.geometry.side - 1) + 1]
        whole = torch.cat([half, half.flip(1)]).flatten()  # from the other side each view is seen mirrored
        rays = whole.new_zeros(self._rows.shape[1:])
        for row, row_weight in zip(self._rows, self._row_weights, strict=True):
            for column, column_weight in zip(self._columns, self._column_weights, strict=True):
                rays = rays + whole[row + column] * (row_weight * column_weight)
        return rays[None]


def parallel_rays(geometry: Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The angle, and the distance from the axis, at which each ray (views, detectors) is one of a parallel beam.

    For the angle β of a view, the source is at (sin β, -cos β) times its distance.
    """
    place = np.arange(geometry.n_detectors) - geometry.centre
    fan = place / geometry.source if geometry.is_arc else np.arctan(place / geometry.source)
    angles = geometry.angles.double().cpu().numpy()
    turned = angles[:, None] - geometry.turn * fan
    return turned, np.tile(geometry.source * np.sin(fan), (len(turned), 1))


def _cubic(at: Tensor) -> tuple[Tensor, Tensor]:
    """The four samples around positions (*points), and their weights, both (4, *points)."""
    first = at.floor()
    points = first + torch.arange(-1, 3).reshape(-1, *[1] * at.ndim)
    away = (at - points).abs()
    near = ((SHARPNESS + 2) * away - (SHARPNESS + 3)) * away.square() + 1
    far = SHARPNESS * (((away - 5) * away + 8) * away - 4)
    return points.long(), torch.where(away <= 1, near, torch.where(away < 2, far, torch.zeros_like(far)))
