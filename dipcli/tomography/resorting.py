"""The rays of a fan beam as those of a parallel one.

Source: Kak and Slaney, Principles of computerized tomographic imaging, 1988, section 3.4.3 (re-sorting).
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from dipcli.tomography.projection import Geometry, Projection
from dipcli.tomography.rays import Rays

WIDEST_GAP = 1.5  # usual steps between views, across which nothing is read


def resorted(rays: Rays) -> Rays:
    """The rays of a fan beam as those of a parallel one over a full turn, read between the measured ones."""
    geometry = rays.projection.geometry
    order = np.argsort(np.mod(geometry.angles.double().cpu().numpy(), 2 * math.pi))
    angles = np.mod(geometry.angles.double().cpu().numpy(), 2 * math.pi)[order]
    step = float(np.median(np.diff(angles)))
    n_views = 2 * max(1, round(math.pi / step))
    away = np.arange(geometry.side) - (geometry.side - 1) / 2
    fan = np.arcsin(np.clip(away / geometry.source, -1, 1))
    place = geometry.source * (fan if geometry.is_arc else np.tan(fan)) + geometry.centre
    view = np.mod(np.arange(n_views)[:, None] * (2 * math.pi / n_views) + geometry.turn * fan, 2 * math.pi)
    weights = (rays.precision > 0).to(rays.values)[0, torch.from_numpy(order)].cpu().numpy()
    values = rays.values[0, torch.from_numpy(order)].cpu().numpy() * weights
    total, known = _between(values, weights, (angles, step), view, np.broadcast_to(place, view.shape))
    opposite = (np.roll(each, n_views // 2, 0)[:, ::-1] for each in (total, known))
    total, known = (np.where(known > 0, own, other) for own, other in zip((total, known), opposite, strict=True))
    turn = torch.arange(n_views, device=rays.values.device) * (2 * math.pi / n_views)
    parallel = Geometry(turn, geometry.side, (geometry.side - 1) / 2)
    as_rays = (torch.from_numpy(each.astype(np.float32))[None].to(rays.values) for each in (total, known))
    return Rays(Projection(parallel), *as_rays)


def _between(
    values: NDArray[np.float32],
    weights: NDArray[np.float32],
    views: tuple[NDArray[np.float64], float],
    view: NDArray[np.float64],
    place: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of the four known values around each angle and place of the detector, and 1 where all are known.

    `views` are their angles, in order, and the usual step between them.
    """
    angles, step = views
    around = np.concatenate([angles, [angles[0] + 2 * math.pi]])
    before = np.searchsorted(angles, view, side="right") - 1
    past = np.where(before < 0, view + 2 * math.pi, view)
    before = np.where(before < 0, len(angles) - 1, before)
    gap = around[before + 1] - around[before]
    right = (past - around[before]) / gap
    first = np.clip(np.floor(place).astype(int), 0, values.shape[1] - 2)
    down = place - first
    total = np.zeros(view.shape)
    known = np.zeros(view.shape)
    for next_view, share in ((0, 1 - right), (1, right)):
        for next_place, part in ((0, 1 - down), (1, down)):
            at = (before + next_view) % len(angles), first + next_place
            total += values[at] * share * part
            known += weights[at] * share * part
    is_near = (gap <= WIDEST_GAP * step) & (place >= 0) & (place <= values.shape[1] - 1)
    return total, ((known > 1 - 1e-6) & is_near).astype(np.float64)
