"""Scans in every format, written as others write them; each function returns the path."""

import h5py
import numpy as np
from scipy import io

XML = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
  <encoding>
    <encodedSpace>
      <matrixSize><x>{columns}</x><y>{lines}</y><z>{partitions}</z></matrixSize>
      <fieldOfView_mm><x>{view}</x><y>200</y><z>5</z></fieldOfView_mm>
    </encodedSpace>
    <reconSpace>
      <matrixSize><x>{height}</x><y>{width}</y><z>1</z></matrixSize>
      <fieldOfView_mm><x>240</x><y>200</y><z>5</z></fieldOfView_mm>
    </reconSpace>
    <encodingLimits>
      <kspace_encoding_step_1><minimum>0</minimum><maximum>{maximum}</maximum><center>{centre}</center>
      </kspace_encoding_step_1>
    </encodingLimits>
    <trajectory>{trajectory}</trajectory>
  </encoding>
</ismrmrdHeader>"""

# Flags of ISMRMRD, bits counted from 1.
NOISE, CALIBRATION, CALIBRATION_AND_IMAGE, REVERSE, NAVIGATOR, PHASE_CORRECTION = 19, 20, 21, 22, 23, 24

COUNTERS = np.dtype(
    [
        *((name, np.uint16) for name in ("kspace_encode_step_1", "kspace_encode_step_2", "average", "slice")),
        *((name, np.uint16) for name in ("contrast", "phase", "repetition", "set", "segment")),
        ("user", np.uint16, 8),
    ]
)
HEAD = [
    ("version", np.uint16),
    ("flags", np.uint64),
    *((name, np.uint32) for name in ("measurement_uid", "scan_counter", "acquisition_time_stamp")),
    ("physiology_time_stamp", np.uint32, 3),
    *((name, np.uint16) for name in ("number_of_samples", "available_channels", "active_channels")),
    ("channel_mask", np.uint64, 16),
    *((name, np.uint16) for name in ("discard_pre", "discard_post", "center_sample", "encoding_space_ref")),
    ("trajectory_dimensions", np.uint16),
    ("sample_time_us", np.float32),
    *((name, np.float32, 3) for name in ("position", "read_dir", "phase_dir", "slice_dir")),
    ("patient_table_position", np.float32, 3),
    ("idx", COUNTERS),
    ("user_int", np.int32, 8),
    ("user_float", np.float32, 8),
]
HEADS = {"packed": np.dtype(HEAD), "aligned": np.dtype(HEAD, align=True)}


def header(
    height=24,
    width=20,
    *,
    columns=None,
    lines=None,
    centre=None,
    measured=None,
    partitions=1,
    trajectory="cartesian",
):
    """The header of a scan whose image is to have `height` x `width` pixels of 240 x 200 mm."""
    lines = width if lines is None else lines
    columns = height if columns is None else columns
    return XML.format(
        height=height,
        width=width,
        columns=columns,
        view=240 * columns / max(height, 1),
        maximum=(lines if measured is None else measured) - 1,
        lines=lines,
        centre=lines // 2 if centre is None else centre,
        partitions=partitions,
        trajectory=trajectory,
    )


def as_npy(path, kspace):
    np.save(path, kspace)
    return path


def as_pairs(path, kspace):
    """Real and imaginary parts along a last axis."""
    np.save(path, np.stack([kspace.real, kspace.imag], -1))
    return path


def as_cfl(path, kspace):
    """BART's dimensions: (slices, coils, y, x) -> 1, y, x, coils, and slices as the 14th."""
    slices, coils, height, width = kspace.shape
    shape = [1, height, width, coils, *[1] * 9, slices, 1, 1]
    array = np.moveaxis(kspace, (2, 3, 1, 0), (0, 1, 2, 3)).reshape(shape)
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{' '.join(map(str, shape))} \n")
    path.write_bytes(array.astype(np.complex64).tobytes(order="F"))
    return path


def as_fastmri(path, kspace, *, mask=None, head=None, reference=None, name="kspace"):
    with h5py.File(path, "w") as file:
        file[name] = kspace
        if mask is not None:
            file["mask"] = mask.astype(np.float32)
        if head is not None:
            file["ismrmrd_header"] = head
        if reference is not None:
            file["reconstruction_rss"] = reference
        file.attrs["acquisition"] = "AXT2"
    return path


def as_matlab_5(path, kspace, **others):
    """As MATLAB has it: (y, x, coil), and slices behind."""
    io.savemat(path, {"kspace": np.moveaxis(kspace, (2, 3, 1, 0), (0, 1, 2, 3)).squeeze(), **others})
    return path


def as_matlab_73(path, kspace, **others):
    """HDF5 behind a block of 512 bytes, axes reversed, complex numbers as pairs of fields."""
    array = np.moveaxis(kspace, (2, 3, 1, 0), (0, 1, 2, 3)).squeeze().T
    pairs = np.empty(array.shape, [("real", np.float64), ("imag", np.float64)])
    pairs["real"], pairs["imag"] = array.real, array.imag
    with h5py.File(path, "w", userblock_size=512) as file:
        file["kspace"] = pairs
        for key, value in others.items():
            file[key] = value
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon".ljust(124) + b"\x00\x02IM")
    return path


def readout(data, line, *, flags=(), centre=None, dwell=5.0, **counters):
    """One record of ISMRMRD; data is (coils, samples)."""
    return {
        "data": data,
        "line": line,
        "flags": sum(1 << (flag - 1) for flag in flags),
        "centre": data.shape[1] // 2 if centre is None else centre,
        "dwell": dwell,
        "counters": counters,
    }


def readouts(kspace, lines=None, **counters):
    """The records of k-space (coils, samples, lines), of those lines that are wanted."""
    wanted = range(kspace.shape[2]) if lines is None else lines
    return [readout(kspace[:, :, line], line, **counters) for line in wanted]


def as_ismrmrd(path, records, head, *, layout="packed", group="dataset"):
    floats = h5py.vlen_dtype(np.float32)
    stored = np.zeros(len(records), [("head", HEADS[layout]), ("traj", floats), ("data", floats)])
    for place, record in zip(range(len(records)), records, strict=True):
        data = np.ascontiguousarray(record["data"], np.complex64)
        own = stored["head"][place : place + 1]  # a view
        own["version"], own["flags"], own["scan_counter"] = 1, record["flags"], place
        own["number_of_samples"], own["available_channels"] = data.shape[1], len(data)
        own["active_channels"], own["center_sample"] = len(data), record["centre"]
        own["sample_time_us"] = record["dwell"]
        own["idx"]["kspace_encode_step_1"] = record["line"]
        for name, value in record["counters"].items():
            own["idx"][name] = value
        stored["data"][place] = data.view(np.float32).ravel()
        stored["traj"][place] = np.zeros(0, np.float32)
    with h5py.File(path, "w") as file:
        file[f"{group}/xml"] = np.array([head.encode()], dtype=h5py.string_dtype())
        file[f"{group}/data"] = stored
    return path
