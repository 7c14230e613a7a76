"""One pattern from input to outputs: retrieve its object, score, write, record."""

import csv
import io
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dipcli.batch.plan import Item
from dipcli.diffraction.diffraction import embed
from dipcli.diffraction.options import PhaseOptions, PhasingMethod
from dipcli.diffraction.pattern import Recording
from dipcli.diffraction.phase_search import Control, Shot, peak_bytes
from dipcli.diffraction.phasing import state_phasing
from dipcli.diffraction.preview import save_object_preview
from dipcli.diffraction.readers import load_object, load_recording, load_support, split_name
from dipcli.diffraction.writers import Retrieved, check_object_output, save_retrieved, save_vti
from dipcli.engine.device import derive_seed
from dipcli.engine.forecast import PROCESS_BYTES, free_bytes
from dipcli.errors import InputError
from dipcli.io.atomic import write_atomically
from dipcli.io.names import beside
from dipcli.io.run_record import save_record
from dipcli.metrics import peak_psnr_db
from dipcli.pipeline.context import Record, Session
from dipcli.pipeline.fit import Frame, Restored, restore_frame
from dipcli.pipeline.record import record_of
from dipcli.pipeline.tiling import check_room
from dipcli.report.messages import LOGGER
from dipcli.symmetries import align, error

INSIDE = 0.3  # share of the truth's largest magnitude from which a pixel belongs to the object


def process_recording(
    item: Item, session: Session, recipes: Mapping[PhasingMethod, PhaseOptions], preset: str
) -> Record:
    """Retrieve the object of one pattern and write it, its runs and pictures and, last of all, the record.

    Raises InputError for what cannot be read or used, OutputError for what cannot be written.
    """
    start = time.perf_counter()
    told = recipes["classical"]
    check_object_output(item.output)
    recording = load_recording(item.input, told.pattern)
    for warning in recording.warnings:
        LOGGER.warning("%s", warning)
    truth = _truth(item, session, recording)
    shot = _shot(session, recording, told)
    needed = PROCESS_BYTES + peak_bytes(shot, told.phasing)
    check_room(needed, free_bytes(session.device), "use --crop or --bin, or fewer --starts")
    limit = told.engine.stopping.max_time
    control = Control(
        derive_seed(session.files.seed, item.name) % 2**31,
        time.perf_counter() + limit if limit else math.inf,
        session.interrupted.is_set,
        lambda number, starts, misfit: LOGGER.info(
            "%s: round %d, %d start(s), χ %.4f on free pixels", item.name, number, starts, misfit
        ),
    )
    statement = state_phasing(shot, recipes, control)
    frame = restore_frame(statement, session, item.name, derive_seed(session.files.seed, item.name))
    frame = replace(frame, metrics={} if truth is None else _scores(frame, truth, recording))
    restored = Restored(
        recording.stored_shape,
        recording.stored_dtype,
        [frame],
        time.perf_counter() - start,
        [*recording.warnings, *frame.warnings],
        also_read=recording.files[1:],
    )
    outputs = _write(item, session, recording, frame, told)
    record = record_of(replace(item, input=recording.files[0]), session, restored, outputs, preset)
    save_record(beside(item.output, "run.json"), record)
    return record


def _shot(session: Session, recording: Recording, told: PhaseOptions) -> Shot:
    path = told.phasing.support
    support = None if path is None else torch.from_numpy(load_support(path)).to(session.device)
    intensity = torch.from_numpy(np.ascontiguousarray(recording.intensity))[None].to(session.device)
    return Shot(intensity, torch.from_numpy(np.ascontiguousarray(recording.good)).to(session.device), support)


def _truth(item: Item, session: Session, recording: Recording) -> Tensor | None:
    """The object to score against: a file's, or that of the file with the input's name in a folder."""
    path = session.files.reference
    if path is None:
        return None
    path = path / split_name(item.input)[0].name if path.is_dir() else path
    found = load_object(path)
    shape = recording.intensity.shape
    if found.ndim != len(shape) or any(n > size for n, size in zip(found.shape, shape, strict=True)):
        raise InputError(
            f"{path}: an object of {'x'.join(map(str, found.shape))} does not fit into a pattern of "
            f"{'x'.join(map(str, shape))}; give the object of this pattern."
        )
    return embed(torch.from_numpy(found)[None], shape)


def _scores(frame: Frame, truth: Tensor, recording: Recording) -> dict[str, float]:
    """How near result and textbook are to the truth, up to shift, flip and global phase."""
    scores: dict[str, float] = {}
    inside = truth.abs() > INSIDE * truth.abs().max()
    for prefix, name in (("", "object"), ("classical_", "classical")):
        found = embed(frame.outcome.objects[name].cpu(), recording.intensity.shape)
        aligned = align(found, truth)
        difference = (aligned * truth.conj())[inside].angle().abs()
        scores |= {
            f"{prefix}error": error(found, truth),
            f"{prefix}magnitude_psnr_db": peak_psnr_db(aligned.abs(), truth.abs()),
            f"{prefix}median_phase_error": float(difference.median()),
        }
    return scores


def _write(
    item: Item, session: Session, recording: Recording, frame: Frame, told: PhaseOptions
) -> dict[str, Path]:
    """Write everything but the record; returns what was written, by name."""
    objects = {name: tensor.detach().cpu().numpy() for name, tensor in frame.outcome.objects.items()}
    image, support = objects["object"][0], objects["support"][0]
    modes = objects["modes"]
    if told.phasing.fft_sign == "+1":
        image, modes = image.conj(), modes.conj()
    results = {**frame.statement.facts, **frame.outcome.facts, **frame.metrics, "fft_sign": told.phasing.fft_sign}
    found = Retrieved(
        image.astype(np.complex64),
        support,
        modes.astype(np.complex64),
        objects["weights"],
        objects["prtf"],
        f"dipcli phase-retrieve {item.input} -o {item.output}",
        results,
        {"seed": session.files.seed, **frame.statement.told},
    )
    save_retrieved(item.output, found)
    endings = {"runs": "runs.csv", "prtf": "prtf.csv", "preview": "preview.png"}
    names = {"object": item.output, **{name: beside(item.output, ending) for name, ending in endings.items()}}
    write_atomically(names["runs"], _csv("start,cycles,chi,free_chi,error_to_best", objects["runs"]))
    write_atomically(names["prtf"], _csv("cycles_per_pixel,prtf", objects["prtf"]))
    computed = objects["computed"][0] * float(recording.intensity[recording.good].sum())
    save_object_preview(names["preview"], image, recording.intensity, computed, recording.good)
    if image.ndim == 3:
        names["vti"] = beside(item.output, "vti")
        save_vti(names["vti"], image, support)
    if frame.result is not None:
        names["history"] = beside(item.output, "history.csv")
        write_atomically(names["history"], frame.history.csv())
    return names


def _csv(head: str, rows: np.ndarray) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head.split(","))
    writer.writerows([[f"{value:.6g}" for value in row] for row in rows.tolist()])
    return text.getvalue().encode()
