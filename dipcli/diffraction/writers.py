"""Write retrieved objects: as CXI, which PyNX and silx read, as NumPy archives, and as VTI for ParaView."""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dipcli.diffraction.crystal_frame import CrystalFrame
from dipcli.errors import OptionError, OutputError
from dipcli.io.atomic import write_atomically
from dipcli.io.failures import explain_failures

SUFFIXES = (".cxi", ".npz")
CXI_VERSION = 140


@dataclass(frozen=True)
class Retrieved:
    """What was found: the object on its box, where it is, and what several starts say together.

    modes: (n, *box), orthogonal, with weights of sum 1; spread: standard deviation over starts;
    prtf: of each ring, frequency in cycles a pixel, value.
    """

    image: NDArray[np.complex64]
    support: NDArray[np.bool_]
    modes: NDArray[np.complex64]
    weights: NDArray[np.float32]
    spread: NDArray[np.float32]
    prtf: NDArray[np.float32]
    command: str = ""
    results: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    pixels_nm: tuple[float, ...] | None = None  # along each axis of the object
    vectors_nm: NDArray[np.float64] | None = None  # of its voxels, in the lab
    crystal: CrystalFrame | None = None


def check_object_output(path: Path) -> None:
    """Raise OptionError for names that end in no format that is written, before anything is computed."""
    if path.suffix not in SUFFIXES:
        raise OptionError(f"{path}: end the name in {' or '.join(SUFFIXES)}.")
    if path.suffix == ".cxi":
        _h5py(path)


def save_retrieved(path: Path, found: Retrieved) -> None:
    """Write an object in the format that its name ends in. Raises OutputError where that fails."""
    check_object_output(path)
    with explain_failures(OutputError, path, f"cannot be written as {path.suffix[1:]}"):
        data = _cxi(path, found) if path.suffix == ".cxi" else _npz(found)
    write_atomically(path, data)


def save_simulated(
    path: Path,
    counts: NDArray[np.float64],
    bad: NDArray[np.bool_],
    truth: NDArray[np.complex64],
    options: Mapping[str, Any],
) -> None:
    """Write a simulated pattern, its mask (0 is good) and the object that made it."""
    check_object_output(path)
    is_whole = np.array_equal(counts, counts.round()) and counts.max(initial=0) <= np.iinfo(np.int32).max
    values = counts.astype(np.int32 if is_whole else np.float32)
    mask = bad.astype(np.uint8)
    buffer = io.BytesIO()
    if path.suffix == ".npz":
        np.savez_compressed(buffer, data=values, mask=mask, truth=truth, options=json.dumps(dict(options)))
        write_atomically(path, buffer.getvalue())
        return
    h5py = _h5py(path)
    with h5py.File(buffer, "w") as file:
        entry = _entry(file, path.name)
        detector = entry.create_group("instrument_1/detector_1")
        detector.create_dataset("data", data=values, compression="gzip", shuffle=True)
        detector.create_dataset("mask", data=mask, compression="gzip", shuffle=True)
        entry["data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
        detector.attrs.update(NX_class="NXdata", signal="data", interpretation="image")
        entry.attrs["default"] = "data_1"
        hidden = entry.create_group("truth")
        hidden.create_dataset("data", data=truth, compression="gzip", shuffle=True)
        hidden.attrs["options"] = json.dumps(dict(options))
    write_atomically(path, buffer.getvalue())


def _cxi(path: Path, found: Retrieved) -> bytes:
    """`entry_1/image_1/data`, with the support as its mask as PyNX has it, modes, and `process_1`."""
    h5py = _h5py(path)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        entry = _entry(file, path.name)
        image = entry.create_group("image_1")
        image.create_dataset("data", data=found.image, compression="gzip", shuffle=True)
        image.create_dataset("mask", data=found.support.astype(np.int8), compression="gzip", shuffle=True)
        image["support"] = h5py.SoftLink("/entry_1/image_1/mask")
        image.create_dataset("spread", data=found.spread, compression="gzip", shuffle=True)
        image["data_space"], image["data_type"] = "real", "electron density"
        image["image_size"] = np.asarray(found.image.shape)
        image["is_fft_shifted"] = 0
        image.attrs.update(NX_class="NXdata", signal="data", interpretation="image")
        entry["data_1"] = h5py.SoftLink("/entry_1/image_1")
        entry.attrs["default"] = "data_1"
        process = image.create_group("process_1")
        process["program"], process["command"] = "dipcli", found.command
        for name, values in (("configuration", found.options), ("results", found.results)):
            group = process.create_group(name)
            for key, value in values.items():
                group[key] = (
                    value if isinstance(value, bool | int | float | str) else json.dumps(value, default=str)
                )
        modes = entry.create_group("image_2")
        modes.create_dataset("data", data=found.modes, compression="gzip", shuffle=True)
        modes["weights"], modes["title"] = found.weights, "orthogonal modes of several starts"
        entry["result_1/prtf"] = found.prtf
        _write_lengths(image, found)
        if found.crystal is not None:
            _write_crystal(entry.create_group("image_3"), found.crystal)
        file["entry_last"] = h5py.SoftLink("/entry_1")
    return buffer.getvalue()


def _write_lengths(image: Any, found: Retrieved) -> None:  # noqa: ANN401 - h5py has no types
    for name, value in (("pixel_size_nm", found.pixels_nm), ("voxel_vectors_nm", found.vectors_nm)):
        if value is not None:
            image[name] = np.asarray(value, np.float64)


def _write_crystal(group: Any, crystal: CrystalFrame) -> None:  # noqa: ANN401 - h5py has no types
    """The object (z, y, x) on cubic voxels, with displacement and strain."""
    group["title"] = "the same in an orthogonal frame"
    group.attrs.update(NX_class="NXdata", signal="data", interpretation="image")
    arrays = {"data": crystal.image, "mask": crystal.support.astype(np.int8)}
    arrays |= {"displacement_nm": crystal.displacement_nm, "strain": crystal.strain}
    arrays["spread"] = crystal.spread
    for name, values in arrays.items():
        group.create_dataset(name, data=values, compression="gzip", shuffle=True)
    group["voxel_size_nm"], group["axes_in_lab"] = crystal.voxel_nm, crystal.frame


def _entry(file: Any, name: str) -> Any:  # noqa: ANN401 - h5py has no types
    file["cxi_version"] = CXI_VERSION
    file.attrs.update(default="entry_1", creator="dipcli", file_name=name)
    entry = file.create_group("entry_1")
    entry.attrs["NX_class"] = "NXentry"
    entry["program_name"] = "dipcli"
    return entry


def _npz(found: Retrieved) -> bytes:
    buffer = io.BytesIO()
    lengths = {"pixel_size_nm": found.pixels_nm, "voxel_vectors_nm": found.vectors_nm}
    more: dict[str, Any] = {name: np.asarray(value) for name, value in lengths.items() if value is not None}
    if (crystal := found.crystal) is not None:
        more |= {"crystal": crystal.image, "crystal_support": crystal.support, "strain": crystal.strain}
        more |= {"crystal_spread": crystal.spread}
        more |= {"displacement_nm": crystal.displacement_nm, "voxel_size_nm": np.asarray(crystal.voxel_nm)}
    np.savez_compressed(
        buffer,
        **more,
        object=found.image,
        support=found.support,
        modes=found.modes,
        weights=found.weights,
        spread=found.spread,
        prtf=found.prtf,
        command=found.command,
        results=json.dumps(dict(found.results), default=str),
        options=json.dumps(dict(found.options), default=str),
    )
    return buffer.getvalue()


def save_vti(path: Path, arrays: Mapping[str, NDArray[Any]], spacing: float = 1.0) -> None:
    """Write arrays of a volume (z, y, x) by name as VTK ImageData, for ParaView; real ones, or bytes."""
    depth, height, width = next(iter(arrays.values())).shape
    extent = f"0 {width - 1} 0 {height - 1} 0 {depth - 1}"
    sides = " ".join([f"{spacing:.9g}"] * 3)
    parts = [
        '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
        f'<ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{sides}"><Piece Extent="{extent}">',
        '<PointData Scalars="magnitude">',
    ]
    for name, values in arrays.items():
        kind = "UInt8" if values.dtype == np.uint8 else "Float32"
        raw = (values if kind == "UInt8" else values.astype("<f4")).tobytes()
        text = base64.b64encode(len(raw).to_bytes(8, "little") + raw).decode()
        parts.append(f'<DataArray type="{kind}" Name="{name}" format="binary">{text}</DataArray>')
    parts.append("</PointData></Piece></ImageData></VTKFile>\n")
    write_atomically(path, "\n".join(parts).encode())


def _h5py(path: Path) -> Any:  # noqa: ANN401 - h5py has no types
    try:
        import h5py
    except ImportError as error:
        raise OutputError(f"{path}: CXI needs h5py; pip install 'dipcli[formats]', or write .npz.") from error
    return h5py
