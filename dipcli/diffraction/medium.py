"""Recordings of diffraction: how they are read, scored and written."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from dipcli.diffraction.crystal_frame import CrystalFrame, in_frame
from dipcli.diffraction.options import PhaseOptions
from dipcli.diffraction.panels import panels_of
from dipcli.diffraction.pattern import Recording
from dipcli.diffraction.phase_cost import LARGE, peak_bytes, seconds_of
from dipcli.diffraction.phase_search import Measurement, box_sides, limits_of
from dipcli.diffraction.phasing import state_phasing
from dipcli.diffraction.preview import save_object_preview
from dipcli.diffraction.readers import load_object, load_recording, load_support
from dipcli.diffraction.writers import Retrieved, check_object_output, save_retrieved, save_vti
from dipcli.engine.device import freed_memory_kept
from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.grid import embed
from dipcli.io.atomic import write_atomically
from dipcli.io.names import beside, by
from dipcli.metrics import peak_psnr_db
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control, Medium
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.problem import Unknown
from dipcli.report.figures import Curve, Panel
from dipcli.symmetries import align, error

INSIDE = 0.3  # share of the truth's largest magnitude from which a pixel belongs to the object


class Patterns(Medium[Recording, Measurement]):
    """Files of one pattern each; its picture is the magnitude of the object on its box."""

    holds_stacks = False
    advice = "use --crop or --bin, or fewer --starts"

    def __init__(self, options: PhaseOptions) -> None:
        self._options = options

    def load(self, item: Item) -> Recording:
        """The pattern, if its support and its coherence fit and its object can be written."""
        check_object_output(item.output)
        recording = load_recording(item.input, self._options.pattern, self._options.geometry)
        limits_of(self._shot(recording, torch.device("cpu")))
        self._options.phasing.sigmas_of_coherence(recording.intensity.ndim)
        return recording

    def references(self, item: Item, source: Recording, path: Path | None) -> Sequence[Tensor | None]:  # noqa: ARG002
        """The true object, in a field of the pattern's size."""
        if path is None:
            return [None]
        found, shape = load_object(path), source.intensity.shape
        if found.ndim == len(shape) and found.any():
            found = found[ndimage.find_objects((found != 0).astype(np.uint8))[0]]  # without empty margins
        if found.ndim != len(shape) or any(n > size for n, size in zip(found.shape, shape, strict=True)):
            raise OptionError(
                f"{path}: an object of {by(found.shape)} does not fit into a pattern of "
                f"{by(shape)}; give the object of this pattern."
            )
        return [embed(torch.from_numpy(found)[None], shape)]

    def frames(self, source: Recording, device: torch.device) -> Iterable[Measurement]:
        """The one pattern, with its support where that is known."""
        yield self._shot(source, device)

    def workload(self, measurement: Measurement) -> Workload:
        """Of the search and, where the method has networks, of their two unknowns."""
        phasing, box = self._options.phasing, box_sides(measurement.intensity)
        has_networks = phasing.chosen in ("double-dip", "hybrid")
        names = ("first", "second") if has_networks else ()
        usual, most = seconds_of(measurement, phasing)
        return Workload(
            tuple(measurement.intensity.shape),
            self._options.engine,
            {name: Unknown((1, *box)) for name in names},
            usual,
            peak_bytes(measurement, phasing),
            classical_most=most,
        )

    def state(self, source: Recording, measurement: Measurement, control: Control) -> Statement:
        """The search, within the time that is left."""
        with freed_memory_kept() if measurement.intensity.numel() > LARGE else nullcontext():
            statement = state_phasing(measurement, self._options, control)
        found, sides = str(source.geometry), source.geometry.pixels_nm(source.intensity.shape)
        if sides is not None:
            found += f": pixels of the object of {' x '.join(f'{side:.3g}' for side in sides)} nm"
        elif source.intensity.ndim == 3 and source.geometry.lacks_only_angles:
            found += ": sizes in nm need --delta-deg and --gamma-deg"
        return replace(statement, decisions={**statement.decisions, "geometry": found}) if found else statement

    def score(
        self,
        source: Recording,  # noqa: ARG002
        measurement: Measurement,
        fitted: Fitted,
        truth: Tensor,
    ) -> Mapping[str, float]:
        """How near result and classical object are to the truth, up to shift, flip and global phase."""
        scores: dict[str, float] = {}
        inside = truth.abs() > INSIDE * truth.abs().max()
        for prefix, name in (("", "object"), ("classical_", "classical")):
            found = embed(fitted.restoration.objects[name].cpu(), measurement.intensity.shape[1:])
            aligned = align(found, truth)
            difference = (aligned * truth.conj())[inside].angle().abs()
            scores |= {
                f"{prefix}error": error(found, truth),
                f"{prefix}magnitude_psnr_db": peak_psnr_db(aligned.abs(), truth.abs()),
                f"{prefix}median_phase_error": float(difference.median()),
            }
        return scores

    def files(self, item: Item, source: Recording, reference: Path | None) -> Sequence[Path]:  # noqa: ARG002
        """Those of the pattern."""
        return source.files

    def panels(
        self,
        source: Recording,
        measurement: Measurement,  # noqa: ARG002
        fitted: Fitted,
        truth: Tensor | None,  # noqa: ARG002
    ) -> Sequence[Panel]:
        """The object before and after, and the patterns."""
        return panels_of(source, fitted)

    def arrays(self, source: Recording, frames: Sequence[Fitted]) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """The complex object on its box as `image`, support, modes, PRTF; by the transform that was asked for."""
        (fitted,) = frames
        found = {name: tensor.detach().cpu().numpy() for name, tensor in fitted.restoration.objects.items()}
        found |= {name: found[name][0] for name in ("object", "classical", "support", "spread", "computed")}
        if self._options.phasing.fft_sign == "+1":
            found |= {name: found[name].conj() for name in ("object", "classical", "modes")}
        return {"image": found.pop("object"), **found}

    def curves(self, fitted: Fitted) -> Sequence[Curve]:
        """The agreement of the starts, ring by ring of frequencies."""
        prtf = fitted.restoration.objects["prtf"].cpu().numpy()
        return (Curve("PRTF", "cycles a pixel", prtf[:, 0], prtf[:, 1]),) if len(prtf) else ()

    def write(self, item: Item, source: Recording, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:
        """The object, all starts, the PRTF, a preview and, of a volume, a file for ParaView."""
        (fitted,) = frames
        objects, sign = self.arrays(source, frames), self._options.phasing.fft_sign
        image, support = objects["image"], objects["support"]
        decisions = {**fitted.statement.decisions, **fitted.restoration.decisions}
        crystal = self._in_frame(source, fitted) if image.ndim == 3 else None
        found = Retrieved(
            image.astype(np.complex64),
            support,
            objects["modes"].astype(np.complex64),
            objects["weights"],
            objects["spread"],
            objects["prtf"],
            f"dipcli phase-retrieve {item.input} -o {item.output}",
            {**decisions, **fitted.metrics, "fft_sign": sign},
            {"seed": context.files.seed, **fitted.statement.options},
            source.geometry.pixels_nm(source.intensity.shape),
            source.geometry.voxel_vectors(source.intensity.shape),
            crystal,
        )
        save_retrieved(item.output, found)
        endings = {"runs": "runs.csv", "prtf": "prtf.csv", "preview": "preview.png"}
        names = {"object": item.output, **{name: beside(item.output, ending) for name, ending in endings.items()}}
        write_atomically(names["runs"], _csv("start,cycles,chi,free_chi,error_to_best", objects["runs"]))
        write_atomically(names["prtf"], _csv("cycles_per_pixel,prtf", objects["prtf"]))
        computed = np.asarray(objects["computed"] * float(source.intensity[source.mask].sum()), np.float32)
        save_object_preview(names["preview"], image, source.intensity, computed, source.mask)
        if image.ndim == 3:
            names["vti"] = beside(item.output, "vti")
            save_vti(names["vti"], *_volume(image, support, objects["spread"], crystal))
        return names

    def _in_frame(self, source: Recording, fitted: Fitted) -> CrystalFrame | None:
        """A volume in an orthogonal frame, where its voxels are known."""
        vectors = source.geometry.voxel_vectors(source.intensity.shape)
        momentum = source.geometry.momentum()
        if vectors is None or momentum is None:
            return None
        objects = {
            name: fitted.restoration.objects[name][0].cpu().numpy() for name in ("object", "support", "spread")
        }
        return in_frame(
            objects["object"],
            objects["support"],
            vectors,
            momentum,
            crystal=self._options.geometry.frame == "crystal",
            spread=objects["spread"],
        )

    def _shot(self, recording: Recording, device: torch.device) -> Measurement:
        path = self._options.phasing.support
        return Measurement(
            torch.from_numpy(np.ascontiguousarray(recording.intensity))[None].to(device),
            torch.from_numpy(np.ascontiguousarray(recording.mask)).to(device),
            None if path is None else torch.from_numpy(load_support(path)).to(device),
        )


def _volume(
    image: NDArray[np.complex64],
    support: NDArray[np.bool_],
    spread: NDArray[np.float32],
    crystal: CrystalFrame | None,
) -> tuple[dict[str, NDArray[Any]], float]:
    """What ParaView is shown: the object in nm, with displacement and strain, or else by its voxels."""
    if crystal is not None:
        image, support, spread = crystal.image, crystal.support, crystal.spread
    arrays = {"magnitude": np.abs(image), "phase": np.angle(image), "support": support.astype(np.uint8)}
    arrays["spread"] = spread
    if crystal is None:
        return arrays, 1.0
    return {**arrays, "displacement_nm": crystal.displacement_nm, "strain": crystal.strain}, crystal.voxel_nm


def _csv(head: str, rows: np.ndarray) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head.split(","))
    writer.writerows([[f"{value:.6g}" for value in row] for row in rows.tolist()])
    return text.getvalue().encode()
