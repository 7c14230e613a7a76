"""Scans of k-space: how they are read, undersampled for a test, scored and written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.engine.restore import Networks
from dipcli.errors import OptionError
from dipcli.fourier import ifft
from dipcli.grid import crop_middle
from dipcli.io.names import by, ending_of, stem_of
from dipcli.mri.encoding import root_sum_of_squares
from dipcli.mri.model_choice import workload_of
from dipcli.mri.options import MriOptions
from dipcli.mri.readers import given_maps, load_reconstruction, load_scan
from dipcli.mri.reconstruction import state_mri
from dipcli.mri.sampling import sampling_mask
from dipcli.mri.scan import Scan, padding_of
from dipcli.mri.slices import Recipe, Slice
from dipcli.mri.unfitted import blank_mri, complete_mri, is_settled
from dipcli.mri.writers import check_scan_output, save_scan
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control
from dipcli.pipeline.process import reference_path
from dipcli.pipeline.slice_medium import SliceMedium, arrays_by_method
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.pipeline.warm_start import make_of

COMPLEX = "complex_image"  # of the objects of a slice: what is written where a format can hold it


class Scans(SliceMedium[Scan, Slice]):
    """Files of k-space; a frame is one slice, its picture the magnitude in units of k-space."""

    simplest = "zero-filled"
    states_apart = True

    def __init__(self, options: MriOptions, recipe: Recipe) -> None:
        """`options` are those that do not depend on the model of the coils, `recipe` has all of them for one."""
        self._options, self._recipe = options, recipe

    def load(self, item: Item) -> Scan:
        """The scan, if it can be tested and written as asked for."""
        check_scan_output(item.output)
        scan = load_scan(item.input, self._options.reading)
        if self._options.undersampling.undersample is not None and not bool(scan.sampled.all()):
            raise OptionError(f"{item.input}: is not fully sampled, so --undersample has no truth.")
        return scan

    def references(self, item: Item, source: Scan, path: Path | None) -> Sequence[Tensor | None]:  # noqa: ARG002
        """As many true slices: of the file, or the full reconstruction of a retrospective test."""
        if path is not None:
            found = torch.from_numpy(load_reconstruction(path, source.slices))
            if len(found) != len(source.kspace):
                raise OptionError(
                    f"{path}: {len(found)} slice(s), but {len(source.kspace)} are wanted; give as many."
                )
            space, crop = source.kspace.shape[2:], self._crop(source)
            expected = space if crop is None else tuple(min(n, side) for n, side in zip(crop, space, strict=True))
            if found.shape[1:] != expected:
                sizes = [by(shape) for shape in (found.shape[1:], expected)]
                raise OptionError(
                    f"{path}: the reference is {sizes[0]}, but the reconstruction will be {sizes[1]}; "
                    "give one of the same size."
                )
            return list(found[:, None])
        if self._options.undersampling.undersample is None:
            return [None] * len(source.kspace)
        slices = (torch.from_numpy(kspace) for kspace in source.kspace)
        return [root_sum_of_squares(crop_middle(ifft(kspace), self._crop(source))) for kspace in slices]

    def frames(self, source: Scan, device: torch.device) -> Iterable[Slice]:
        """The slices, undersampled where that is asked for."""
        maps = self._maps(source, device)
        scan = source if self._options.undersampling.undersample is None else self._undersampled(source)
        for index, (kspace, sampled) in enumerate(zip(scan.kspace, scan.sampled, strict=True)):
            pair = (torch.from_numpy(kspace).to(device), torch.from_numpy(sampled).to(device))
            yield Slice(*pair, maps[min(index, len(maps) - 1)], self._crop(scan))

    def workload(self, measurement: Slice) -> Workload:
        """Of the model that the calibration block is likely to lead to."""
        work = workload_of(measurement, self._options.reconstruction, self._recipe)
        if is_settled(measurement, self._options):
            return replace(work, unknowns={}, classical_seconds=0.0, classical_bytes=0.0)
        return work

    def state(self, source: Scan, measurement: Slice, control: Control) -> Statement:  # noqa: ARG002
        """As for any slice, but for those of which nothing has to be recovered."""
        is_empty = not bool(measurement.kspace.any()) and bool(source.kspace.any())
        if is_empty:
            return blank_mri(measurement, self._options)
        if is_settled(measurement, self._options):
            return complete_mri(measurement, self._options)
        return state_mri(measurement, self._options.reconstruction, self._recipe)

    def networks(self, before: Sequence[Fitted], statement: Statement) -> Sequence[Networks]:
        """Those of the last slice that was fitted, where this one's are of the same make."""
        fitted = [frame for frame in before if frame.result is not None]
        if self._options.reconstruction.cold_start or not fitted or fitted[-1].result is None:
            return ()
        return fitted[-1].result.networks if make_of(fitted[-1].statement) == make_of(statement) else ()

    def files(self, item: Item, source: Scan, reference: Path | None) -> Sequence[Path]:  # noqa: ARG002
        """The scan, its mask, maps and reference, and the headers of BART's pairs."""
        reading, maps = self._options.reading, self._options.reconstruction.maps
        given = (item.input, reading.mask, reading.noise, maps, reference)
        files = [path for path in given if path is not None]
        pairs = [path.with_suffix(".hdr") for path in files if path.suffix == ".cfl"]
        return [item.input, *(path for path in (*files[1:], *pairs) if path.is_file())]

    def write(self, item: Item, source: Scan, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:
        """The images, what was asked for beside them, and a preview of the middle slice."""
        pictures = arrays_by_method(frames)
        objects = self.objects(frames, pictures)
        truths = self.references(item, source, reference_path(item, context.files.reference))
        known = [truth for truth in truths if truth is not None]
        if known:
            objects["error"] = np.abs(pictures[""] - torch.cat(known).cpu().numpy())
        written = save_scan(item.output, objects.pop(COMPLEX), source, objects)
        preview = self.save_preview(item.output, pictures)
        others = {_called(item.output, path): path for path in written if path != item.output}
        return {"reconstruction": item.output, **others, "preview": preview}

    def objects(self, frames: Sequence[Fitted], pictures: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """What is returned beside the magnitudes: complex images, their spread, and what was asked for."""
        objects = {COMPLEX: _stacked(frames, COMPLEX)[:, 0], **super().objects(frames, pictures)}
        if self._options.reconstruction.keep_classical:
            objects |= {name.replace("-", "_"): stack for name, stack in pictures.items() if name}
        if self._options.reconstruction.keep_coils:
            objects["coil_images"] = _stacked(frames, "coil_images")
        if self._options.reconstruction.save_maps and any("maps" in frame.restoration.objects for frame in frames):
            objects["maps"] = _stacked(frames, "maps")
        return objects

    def _maps(self, scan: Scan, device: torch.device) -> Sequence[Tensor | None]:
        """The given maps of every slice, or of all at once. Raises OptionError where there are not as many."""
        path = self._options.reconstruction.maps
        if path is None:
            return (None,)
        found = given_maps(path, scan.slices)
        return [torch.from_numpy(maps[maps.any((1, 2, 3))]).to(device) for maps in found]

    def _undersampled(self, scan: Scan) -> Scan:
        """The scan as if only a part had been measured."""
        asked = self._options.undersampling
        mask = sampling_mask(
            (scan.sampled.shape[1], scan.sampled.shape[2]),
            asked.undersample or 1,
            asked.sampling,
            center_fraction=asked.center_fraction,
            seed=asked.mask_seed,
        )
        if not mask.any():
            raise OptionError(
                f"--undersample {asked.undersample:g} keeps no value of this scan; give a smaller one."
            )
        return replace(scan, kspace=scan.kspace * mask, sampled=mask | padding_of(scan.kspace, scan.sampled))

    def _crop(self, scan: Scan) -> tuple[int, int] | None:
        return None if self._options.reconstruction.no_crop else scan.crop


def _stacked(frames: Sequence[Fitted], name: str) -> NDArray[Any]:
    """One object of every slice; 0 in what a slice has not, such as a second set of maps."""
    objects = [frame.restoration.objects.get(name) for frame in frames]
    found = {index: each.cpu().numpy() for index, each in enumerate(objects) if each is not None}
    first = next(iter(found.values()))
    stack = np.zeros((len(frames), max(map(len, found.values())), *first.shape[1:]), first.dtype)
    for index, own in found.items():
        stack[index, : len(own)] = own
    return stack


def _called(output: Path, path: Path) -> str:
    """What a file beside an output is called in the record: recon.spread.npy -> spread, recon.hdr -> hdr."""
    name = path.name.removeprefix(f"{stem_of(output)}.")
    return name if name.endswith("hdr") else name.removesuffix(ending_of(path))
