"""One scan from input to outputs: reconstruct every slice, score, write, record."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from dipcli.batch.plan import Item
from dipcli.engine.device import derive_seed
from dipcli.engine.restore import Networks
from dipcli.errors import InputError
from dipcli.fourier import ifft
from dipcli.io.atomic import write_atomically
from dipcli.io.names import beside, stem_of
from dipcli.io.run_record import save_record
from dipcli.metrics import foreground, nmse, peak_psnr_db, peak_ssim
from dipcli.mri.encoding import root_sum_of_squares
from dipcli.mri.options import EncodingName, MriOptions
from dipcli.mri.readers import load_maps, load_reconstruction, load_scan
from dipcli.mri.reconstruction import Slice, blank_mri, crop_middle, state_mri
from dipcli.mri.sampling import sampling_mask
from dipcli.mri.scan import Scan, padding_of
from dipcli.mri.writers import check_scan_output, save_preview, save_scan
from dipcli.pipeline.context import Record, Session
from dipcli.pipeline.fit import Frame, Restored, label_of, restore_frame
from dipcli.pipeline.record import record_of
from dipcli.pipeline.statement import Statement
from dipcli.report.messages import LOGGER

REFERENCES = (".h5", ".npy")  # endings of files that hold reconstructions


def process_scan(item: Item, session: Session, recipes: Mapping[EncodingName, MriOptions], preset: str) -> Record:
    """Reconstruct one file and write the magnitudes, a preview, the history and, last of all, the record.

    There is a recipe for each model; how files are read and undersampled is the same in all.

    Raises InputError for what cannot be read or used, OutputError for what cannot be written.
    """
    start = time.perf_counter()
    options = next(iter(recipes.values()))
    check_scan_output(item.output)
    scan = load_scan(item.input, options.reading)
    for warning in scan.warnings:
        LOGGER.warning("%s", warning)
    reference = _reference(item, session, scan, options)
    if options.undersampling.undersample is not None:
        scan = _undersampled(item, scan, options)
    frames = _restore(item, session, scan, recipes, reference)
    restored = Restored(
        scan.stored_shape,
        "complex64",
        frames,
        time.perf_counter() - start,
        [*scan.warnings, *_warnings(scan, frames)],
        None if reference is None else _scores(_pictures(frames), reference),
        _also_read(item, session, options),
    )
    outputs = _write(item, scan, restored, options)
    record = record_of(item, session, restored, outputs, preset)
    save_record(beside(item.output, "run.json"), record)
    return record


def _also_read(item: Item, session: Session, options: MriOptions) -> list[Path]:
    """The files beside the scan that entered the result: headers of pairs, mask, maps and reference."""
    given = (options.reading.mask, options.reconstruction.maps, reference_of(item, session.files.reference))
    files = [path for path in (item.input, *given) if path is not None]
    pairs = [path.with_suffix(".hdr") for path in files if path.suffix == ".cfl"]
    return [path for path in (*files[1:], *pairs) if path.is_file()]


def _undersampled(item: Item, scan: Scan, options: MriOptions) -> Scan:
    """The scan as if only a part had been measured. Raises InputError where not all of it was."""
    told = options.undersampling
    if not bool(scan.sampled.all()):
        raise InputError(f"{item.input}: is not fully sampled, so --undersample has no truth to test against.")
    space = (scan.sampled.shape[1], scan.sampled.shape[2])
    mask = sampling_mask(
        space,
        told.undersample or 1,
        told.sampling,
        center_fraction=told.center_fraction,
        seed=told.mask_seed,
    )
    return replace(scan, kspace=scan.kspace * mask, sampled=mask | padding_of(scan.kspace, scan.sampled))


def _reference(item: Item, session: Session, scan: Scan, options: MriOptions) -> Tensor | None:
    """The truth (slices, height, width): a file, or the full reconstruction of a retrospective test."""
    path = reference_of(item, session.files.reference)
    if path is not None:
        found = torch.from_numpy(load_reconstruction(path, scan.slices))
        if len(found) != len(scan.kspace):
            raise InputError(f"{path}: {len(found)} slice(s), but {len(scan.kspace)} are wanted; give as many.")
        return found
    if options.undersampling.undersample is None:
        return None
    full = [root_sum_of_squares(crop_middle(ifft(torch.from_numpy(k)), _crop(scan, options))) for k in scan.kspace]
    return torch.cat(full)


def reference_of(item: Item, given: Path | None) -> Path | None:
    """The truth of one item: the given file, or the one in a folder that is called as output or input."""
    if given is None or not given.is_dir():
        return given
    folder = (given / item.name).parent
    names = [item.output.name, item.input.name, *(f"{stem_of(item.input)}{ending}" for ending in REFERENCES)]
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])


def _crop(scan: Scan, options: MriOptions) -> tuple[int, int] | None:
    return None if options.reconstruction.no_crop else scan.crop


def _restore(
    item: Item,
    session: Session,
    scan: Scan,
    recipes: Mapping[EncodingName, MriOptions],
    reference: Tensor | None,
) -> list[Frame]:
    options, device = next(iter(recipes.values())), session.device
    told = options.reconstruction
    maps = None if told.maps is None else torch.from_numpy(load_maps(told.maps)).to(device)
    frames: list[Frame] = []
    for index, (kspace, sampled) in enumerate(zip(scan.kspace, scan.sampled, strict=True)):
        pair = (torch.from_numpy(kspace).to(device), torch.from_numpy(sampled).to(device))
        state = state_mri if kspace.any() or not scan.kspace.any() else blank_mri
        statement = state(Slice(*pair, maps, _crop(scan, options)), recipes)
        truth = None if reference is None else reference[index : index + 1].to(device)
        _check_size(truth, statement)
        frame = restore_frame(
            statement,
            session,
            label_of(item.name, index, len(scan.kspace)),
            derive_seed(session.files.seed, item.name, index),
            metric=None if truth is None else partial(peak_psnr_db, reference=truth),
            networks=() if told.cold_start else _neighbours(frames, statement),
        )
        scored = {} if truth is None or frame.result is None else _scores(_pictures([frame]), truth)
        frames.append(replace(frame, metrics=scored))
    return frames


def _neighbours(frames: Sequence[Frame], statement: Statement) -> Sequence[Networks]:
    """The networks of the last slice that was fitted, where this one's are of the same make."""
    fitted = [frame for frame in frames if frame.result is not None]
    if not fitted or fitted[-1].result is None or _make(fitted[-1].statement) != _make(statement):
        return ()
    return fitted[-1].result.networks


def _make(statement: Statement) -> tuple[object, ...]:
    """What two statements must have in common for one's networks to fit the other."""
    unknowns = {} if statement.problem is None else statement.problem.unknowns
    return (statement.options.prior, *((name, unknown.shape) for name, unknown in unknowns.items()))


def _warnings(scan: Scan, frames: Sequence[Frame]) -> list[str]:
    """Those of all slices, each with the number of its slice where there are several."""
    if len(frames) == 1:
        return list(frames[0].warnings)
    return [f"slice {n}: {w}" for n, frame in zip(scan.slices, frames, strict=True) for w in frame.warnings]


def _check_size(truth: Tensor | None, statement: Statement) -> None:
    shape = statement.classical[1].shape
    if truth is not None and truth.shape != shape:
        raise InputError(
            f"the reference is {'x'.join(map(str, truth.shape[1:]))}, but the reconstruction will be "
            f"{'x'.join(map(str, shape[1:]))}; give one of the same size."
        )


def _pictures(frames: Sequence[Frame]) -> dict[str, Tensor]:
    """Every method's slices (slices, height, width), of those that all slices have; our result has no name.

    An empty slice is black by every method.
    """
    fitted = [frame.statement.beside for frame in frames if frame.result is not None]
    names = [name for name in fitted[0] if all(name in beside for beside in fitted)] if fitted else []
    return {
        "": torch.cat([frame.outcome.picture for frame in frames]),
        "classical": torch.cat([frame.statement.classical[1] for frame in frames]),
        **{name: torch.cat([_beside(frame, name) for frame in frames]) for name in names},
    }


def _beside(frame: Frame, name: str) -> Tensor:
    return frame.outcome.picture if frame.result is None else frame.statement.beside[name]


def _scores(pictures: Mapping[str, Tensor], truth: Tensor) -> dict[str, float]:
    """fastMRI's metrics over all pixels, and the same over the foreground, of every method."""
    inside = foreground(truth)
    scores: dict[str, float] = {}
    for name, picture in pictures.items():
        prefix = f"{name.replace('-', '_')}_" if name else ""
        scores |= {
            f"{prefix}psnr_db": peak_psnr_db(picture, truth),
            f"{prefix}ssim": peak_ssim(picture, truth),
            f"{prefix}nmse": nmse(picture, truth),
            f"{prefix}foreground_psnr_db": peak_psnr_db(picture, truth, inside),
            f"{prefix}foreground_ssim": peak_ssim(picture, truth, inside),
        }
    return scores


def _write(item: Item, scan: Scan, restored: Restored, options: MriOptions) -> dict[str, Path]:
    """Write everything but the record; returns what was written, by name."""
    frames = restored.frames
    pictures = {name: stack.cpu().numpy() for name, stack in _pictures(frames).items()}
    objects = {}
    spreads = [frame.spread for frame in frames]
    if all(spread is not None for spread in spreads):
        objects["spread"] = torch.cat([spread for spread in spreads if spread is not None]).cpu().numpy()
    if options.reconstruction.keep_classical:
        objects |= {name.replace("-", "_"): stack for name, stack in pictures.items() if name}
    if options.reconstruction.keep_coils:
        coils = [frame.outcome.objects["coil_images"] for frame in frames]
        objects["coil_images"] = torch.stack(coils).cpu().numpy()
    written = save_scan(item.output, pictures[""], scan, objects)
    outputs = {name: beside(item.output, name) for name in ("preview.png", "history.csv")}
    middle = len(frames) // 2
    shown = [*(name for name in pictures if name), ""]
    shown.sort(key=lambda name: {"zero-filled": 0, "classical": 2, "": 3}.get(name, 1))
    save_preview(outputs["preview.png"], {name: pictures[name][middle] for name in shown})
    write_atomically(outputs["history.csv"], b"".join(f.history.csv(i) for i, f in enumerate(frames)))
    return {
        "reconstruction": item.output,
        **{name: path for path in written for name in [_called(item.output, path)] if path != item.output},
        "preview": outputs["preview.png"],
        "history": outputs["history.csv"],
    }


def _called(output: Path, path: Path) -> str:
    """What a file beside an output is called in the record: recon.spread.npy -> spread, recon.hdr -> hdr."""
    return path.name.removeprefix(f"{stem_of(output)}.").removesuffix(".npy")
