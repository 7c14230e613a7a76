"""ISMRMRD files: a header in XML, and one record for each readout.

Source: Inati et al., ISMRM raw data format, 2017, doi 10.1002/mrm.26089. Records are read by the names of their
fields, because two layouts of the header, 340 and 352 bytes, are in use.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.failures import explain_failures
from dipcli.io.hdf5 import follow, group_names, open_hdf5, read_stored, read_text
from dipcli.io.limits import refuse_oversized
from dipcli.mri.dimensions import transformed
from dipcli.mri.fastmri import matrix_of, matrix_of_volume
from dipcli.mri.options import ReadingOptions
from dipcli.mri.scan import Scan, left_aside, measured
from dipcli.options.slices import choose_slices

# Flags are bits, counted from 1.
NOISE, CALIBRATION, CALIBRATION_AND_IMAGE, REVERSE, NAVIGATOR, PHASE_CORRECTION = 19, 20, 21, 22, 23, 24
MEMBERS = ("xml", "data")  # of the group of a scan
OTHER = (NAVIGATOR, PHASE_CORRECTION, 25, 26, 27)  # dummy scans and feedback are no image either


@dataclass(frozen=True)
class _Header:
    matrix: tuple[int, int, int]
    centres: tuple[int, int]  # the phase-encoding steps of frequency 0
    text: str


def read_ismrmrd(path: Path, options: ReadingOptions) -> Scan:
    """Every image of a scan, averages taken together; repetitions and contrasts are further slices.

    A scan encoded in 3D is decoupled along its readout, whose pixels become slices. Raises InputError for
    trajectories that are not Cartesian.
    """
    with explain_failures(InputError, path, "is no valid ISMRMRD file"):
        return _read(path, options)


def _read(path: Path, options: ReadingOptions) -> Scan:
    with open_hdf5(path) as file:
        group = file[_group(path, group_names(file, *MEMBERS), options.key)]
        header = _read_header(path, read_text(path, follow(group, "xml")))
        records = read_stored(path, follow(group, "data"))
    heads = records["head"]
    is_noise, is_image = _kinds(heads["flags"])
    if not is_image.any():
        raise InputError(f"{path}: holds no readout of an image; export it again.")
    kspace, counts = _place(path, records[is_image], header)
    crop, voxel = matrix_of(header.text)
    if header.matrix[2] > 1:
        kspace, counts, crop, voxel = _in_slices(kspace, counts, header, options)
    sampled = measured(kspace) & (counts > 0)[:, None] if counts.ndim == 2 else counts > 0
    chosen = choose_slices(path, len(kspace), options.slices)
    kept = slice(chosen[0], chosen[-1] + 1)
    noise, ratio = _noise(records[is_noise], heads[is_image])
    return Scan(
        kspace[kept],
        sampled[kept],
        "ISMRMRD",
        crop=crop,
        voxel_mm=voxel,
        noise=noise,
        dwell_ratio=ratio,
        stored_shape=(len(records),),
        slices=chosen,
        warnings=left_aside(path, {"--axes": options.axes}),
    )


def _in_slices(
    kspace: NDArray[np.complex64], counts: NDArray[np.int64], header: _Header, options: ReadingOptions
) -> tuple[NDArray[np.complex64], NDArray[np.int64], tuple[int, int] | None, tuple[float, float, float] | None]:
    """A scan encoded in 3D (images, coils, readout, lines, partitions), and its counts, as slices.

    Slices that only oversampling has are left out. Also the matrix of each slice, and its voxel in mm.
    """
    slices = transformed(kspace, 2)
    shown = matrix_of_volume(header.text)
    sides, voxel = shown or (header.matrix, None)
    count = slices.shape[1] if options.keep_oversampling else min(sides[0], slices.shape[1])
    first = (slices.shape[1] - count) // 2
    slices = slices[:, first : first + count]
    flat = np.ascontiguousarray(slices.reshape(-1, *slices.shape[2:]))
    return flat, np.repeat(counts, count, 0), None if shown is None else sides[1:], voxel


def _group(path: Path, names: list[str], key: str | None) -> str:
    """The group of the scan, whatever it is called. Raises InputError where it is not clear."""
    if key is not None and key.strip("/") not in [name.strip("/") for name in names]:
        raise InputError(f"{path}: has no scan {key}; it has {', '.join(names)}.")
    if key is not None or "dataset" in names:
        return key or "dataset"
    if len(names) != 1:
        raise InputError(f"{path}: holds {len(names)} scans; name one with --key, of {', '.join(names)}.")
    return names[0]


def _read_header(path: Path, text: str) -> _Header:
    root = ElementTree.fromstring(text)
    trajectory = root.findtext("./{*}encoding/{*}trajectory", "cartesian").strip().lower()
    if trajectory != "cartesian":
        raise InputError(
            f"{path}: was measured along a {trajectory} trajectory; only Cartesian scans are reconstructed here, "
            "BART and mri-nufft take others."
        )
    sides = [
        root.findtext(f"./{{*}}encoding/{{*}}encodedSpace/{{*}}matrixSize/{{*}}{axis}", "1") for axis in "xyz"
    ]
    matrix = (int(float(sides[0])), int(float(sides[1])), int(float(sides[2])))
    limits = "./{{*}}encoding/{{*}}encodingLimits/{{*}}kspace_encoding_step_{}/{{*}}center"
    centres = [int(float(root.findtext(limits.format(axis), str(matrix[axis] // 2)))) for axis in (1, 2)]
    return _Header(matrix, (centres[0], centres[1]), text)


def _kinds(flags: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which readouts are noise, and which belong to an image or to its calibration."""

    def has(bit: int) -> NDArray[np.bool_]:
        marked: NDArray[np.bool_] = (flags.astype(np.uint64) >> np.uint64(bit - 1)) & np.uint64(1) > 0
        return marked

    is_noise = has(NOISE)
    is_other = np.any([has(bit) for bit in OTHER], axis=0)
    return is_noise, ~is_noise & ~is_other


def _place(path: Path, records: NDArray[Any], header: _Header) -> tuple[NDArray[np.complex64], NDArray[np.int64]]:
    """K-space (images, coils, readout, phase) and how often each line (images, phase) was measured.

    Of a scan encoded in 3D, partitions are a last axis of both.
    """
    index = records["head"]["idx"]
    labels = np.stack([index[name] for name in ("repetition", "contrast", "phase", "set", "slice")], axis=1)
    images, which = np.unique(labels, axis=0, return_inverse=True)
    coils = int(records["head"]["active_channels"].max())
    refuse_oversized(path, 8 * len(images) * coils * math.prod(header.matrix))
    phases = header.matrix[1:] if header.matrix[2] > 1 else header.matrix[1:2]
    kspace = np.zeros((len(images), coils, header.matrix[0], *phases), np.complex64)
    counts = np.zeros((len(images), *phases), np.int64)
    steps = [
        index[f"kspace_encode_step_{axis}"].astype(int) - centre + n // 2
        for axis, (centre, n) in enumerate(zip(header.centres, phases, strict=False), 1)
    ]
    for lines, n in zip(steps, phases, strict=True):
        if lines.min() < 0 or lines.max() >= n:
            raise InputError(f"{path}: has lines outside of its matrix of {n}; its header is damaged.")
    reverse = (records["head"]["flags"].astype(np.uint64) >> np.uint64(REVERSE - 1)) & np.uint64(1) > 0
    for record, image, backwards, *place in zip(records, which.ravel(), reverse, *steps, strict=True):
        head = record["head"]
        values = np.asarray(record["data"], np.float32).view(np.complex64).reshape(coils, -1)
        values = values[:, ::-1] if backwards else values
        start = header.matrix[0] // 2 - int(head["center_sample"])
        first, last = max(start, 0), min(start + values.shape[1], header.matrix[0])
        kspace[(image, slice(None), slice(first, last), *place)] += values[:, first - start : last - start]
        counts[(image, *place)] += 1
    return (kspace / np.maximum(counts, 1)[:, None, None]).astype(np.complex64), counts


def _noise(records: NDArray[Any], images: NDArray[Any]) -> tuple[NDArray[np.complex64] | None, float]:
    """The samples of all noise scans (coils, n), and the dwell time of the images over theirs."""
    if not len(records):
        return None, 1.0
    coils = int(records["head"]["active_channels"].max())
    parts = [np.asarray(r["data"], np.float32).view(np.complex64).reshape(coils, -1) for r in records]
    own, of_images = float(records["head"]["sample_time_us"][0]), float(images["sample_time_us"][0])
    return np.concatenate(parts, axis=1), of_images / own if own > 0 and of_images > 0 else 1.0
