"""Scans of projections: how they are read, thinned out for a test, scored and written."""

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.io.names import by
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control
from dipcli.pipeline.slice_medium import SliceMedium, arrays_by_method
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.tomography.centre import axis_of
from dipcli.tomography.emission import Emission
from dipcli.tomography.fan_centre import FanAxis, fan_axis_of
from dipcli.tomography.filtered import filtered_back_projection
from dipcli.tomography.options import TomographyOptions
from dipcli.tomography.projection import Geometry
from dipcli.tomography.readers import load_projections, load_volume
from dipcli.tomography.reconstruction import Slice, rays_of, state_tomography, workload_of
from dipcli.tomography.scan import Scan
from dipcli.tomography.writers import check_volume_output, save_volume


class Projections(SliceMedium[Scan, Slice]):
    """Files of projections; a frame is one slice, its picture what a pixel of it absorbs."""

    simplest = "fbp"
    advice = "use --slices, --method fbp, or bin the detector"

    def __init__(self, options: TomographyOptions) -> None:
        self._options = options
        self._axis: FanAxis | None = None

    def load(self, item: Item) -> Scan:
        """The scan, if it can be tested and written as asked for."""
        check_volume_output(item.output)
        scan = load_projections(item.input, self._options.reading, self._options.beam)
        views, detectors = scan.integrals.shape[1:]
        simulate, centre = self._options.correction.simulate, self._options.correction.centre
        if simulate is not None and simulate >= views:
            raise OptionError(f"--simulate {simulate}: {item.input} has {views} views; leave some for the test.")
        if centre is not None and not 0 <= centre <= detectors - 1:
            raise OptionError(f"--centre {centre:g} is not among the detector's pixels, 0 to {detectors - 1}.")
        source = self._options.beam.source_distance
        if source is not None and source <= detectors / 2:
            raise OptionError(
                f"--source-distance {source:g} is less than half of the detector's {detectors} pixels; give it in "
                "pixels."
            )
        return scan

    def references(self, item: Item, source: Scan, path: Path | None) -> Sequence[Tensor | None]:  # noqa: ARG002
        """As many true slices: of the file, or of all views in a test with some."""
        count, _, side = source.integrals.shape
        if path is not None:
            found = torch.from_numpy(load_volume(path, source.slices))
            if found.shape != (count, side, side):
                raise OptionError(
                    f"{path}: the reference is {by(found.shape)}, but the reconstruction will be "
                    f"{by((count, side, side))}; give one of that size."
                )
            return list(found[:, None])
        if self._options.correction.simulate is None:
            return [None] * count
        whole = self.for_frames(source, torch.device("cpu"))
        return [whole._back_projected(one) for one in whole._slices(source, torch.device("cpu"))]

    def for_frames(self, source: Scan, device: torch.device) -> Self:  # noqa: ARG002
        """With the axis of rotation, which all slices share."""
        if self._axis is not None:
            return self
        found = copy.copy(self)
        given, beam = self._options.correction.centre, self._options.beam
        angles = np.radians(source.angles)
        if beam.source_distance is not None:
            axis = fan_axis_of(source.integrals, angles, beam.source_distance, is_arc=beam.detector == "arc")
            found._axis = axis if given is None else axis._replace(centre=given, said="as given")
        elif given is not None:
            found._axis = FanAxis(given, 1, "as given")
        elif source.emission is not None:
            found._axis = FanAxis((source.integrals.shape[2] - 1) / 2, 1, "the middle of a scanner of emissions")
        else:
            place, said = axis_of(source.integrals, angles)
            found._axis = FanAxis(place, 1, said)
        return found

    def frames(self, source: Scan, device: torch.device) -> Iterable[Slice]:
        """The slices, with fewer views where that is asked for."""
        n_views, wanted = source.integrals.shape[1], self._options.correction.simulate
        if wanted is None:
            return self._slices(source, device)
        kept = np.round(np.arange(wanted) * n_views / wanted).astype(int)
        thinned = source.views(kept)
        return self._slices(thinned, device)

    def workload(self, measurement: Slice) -> Workload:
        """Of the method that was asked for."""
        return workload_of(measurement, self._options)

    def state(self, source: Scan, measurement: Slice, control: Control) -> Statement:  # noqa: ARG002
        """The classical search, and the network's share."""
        return state_tomography(measurement, self._options, control)

    def files(self, item: Item, source: Scan, reference: Path | None) -> Sequence[Path]:  # noqa: ARG002
        """The projections, their fields and angles, and the reference."""
        reading = self._options.reading
        angles = Path(reading.angles) if reading.angles is not None else None
        beam = self._options.beam
        given = (reading.flat, reading.dark, beam.attenuation, beam.randoms, angles, reference)
        own = sorted(item.input.iterdir()) if item.input.is_dir() else [item.input]
        return [*own, *(path for path in given if path is not None and path.is_file())]

    def write(self, item: Item, source: Scan, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:  # noqa: ARG002
        """The slices, what was asked for beside them, and a preview of the middle one."""
        pictures = arrays_by_method(frames)
        written = save_volume(item.output, pictures[""], self.objects(frames, pictures), source.slices)
        preview = self.save_preview(item.output, pictures)
        return {"reconstruction": item.output, **written, "preview": preview}

    def objects(self, frames: Sequence[Fitted], pictures: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """What is returned beside the slices: their spread, and what was asked for."""
        asked = {name: stack for name, stack in pictures.items() if name and self._options.imaging.keep_classical}
        return {**super().objects(frames, pictures), **asked}

    def _slices(self, source: Scan, device: torch.device) -> Iterable[Slice]:
        n_detectors, beam = source.integrals.shape[2], self._options.beam
        axis = self._axis or FanAxis((n_detectors - 1) / 2, 1, "")
        angles = torch.from_numpy(source.angles * (math.pi / 180)).to(device)
        distance = math.inf if beam.source_distance is None else beam.source_distance
        geometry = Geometry(angles, n_detectors, axis.centre, distance, beam.detector == "arc", axis.turn)
        said = f"on pixel {axis.centre:.2f} of 0 to {n_detectors - 1}, {axis.said}"
        for index in range(len(source.integrals)):

            def one(stack: NDArray[Any], index: int = index) -> Tensor:
                return torch.from_numpy(np.ascontiguousarray(stack[index]))[None].to(device)

            counts = source.emission
            emission = None if counts is None else Emission(*(one(stack) for stack in counts))
            yield Slice(one(source.integrals), one(source.known), geometry, said, emission)

    def _back_projected(self, one: Slice) -> Tensor:
        rays, scale, _ = rays_of(one)
        return scale * filtered_back_projection(rays, self._options.imaging.filter)
