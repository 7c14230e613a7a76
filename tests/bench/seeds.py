"""One good file for each reader of the program, and how it is read; what the fuzzer damages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dipcli.batch.plan import NAME, load_manifest
from dipcli.blur.kernel_files import load_kernel
from dipcli.diffraction.options import PatternOptions
from dipcli.diffraction.readers import load_object, load_recording, load_support
from dipcli.engine.checkpoint import from_bytes, to_bytes
from dipcli.errors import InputError
from dipcli.io.run_record import load_record
from dipcli.mri.options import ReadingOptions
from dipcli.mri.readers import load_maps, load_reconstruction, load_scan
from dipcli.pictures.files.images import check_output, load_picture, plain_picture, save_picture
from dipcli.pictures.files.jpeg import read_jpeg
from dipcli.pictures.files.masks import hide_masked
from dipcli.pipeline.progress_files import recorded_outputs
from tests.patterns import as_cxi
from tests.scan_files import as_cfl, as_fastmri, as_ismrmrd, as_matlab_5, as_matlab_73, header, readouts
from tests.scans import full_kspace

SIDES = (20, 24)


class Seed(NamedTuple):
    """A file's name, how a good one is made, and how it is read; `target` is damaged, if it is another one."""

    name: str
    make: Callable[[Path], Any]
    read: Callable[[Path], Any]
    target: str = ""
    has_digest: bool = False


def _pixels(*shape: int, dtype: str = "uint8") -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape or SIDES, dtype)


def _kspace() -> np.ndarray:
    """Of two slices and three coils; mere noise is refused, as spokes are."""
    return full_kspace(3, *SIDES, slices=2).astype(np.complex64)


def _counts() -> np.ndarray:
    return np.random.default_rng(0).poisson(50, (32, 32)).astype(np.int32)


class LateError(Exception):
    """A picture that was read could not be written: a whole fit would have been lost."""


def _read_picture(path: Path) -> None:
    """Read, and write what was read, as a command does."""
    picture = load_picture(path)
    output = path.with_name(f"out{path.suffix}")
    check_output(output, picture)
    try:
        save_picture(output, picture.frames, picture)
    except Exception as error:
        raise LateError(str(error)) from error


def _png(path: Path) -> None:
    text = PngInfo()
    text.add_text("Comment", "a comment")
    text.add_itxt("note", "a note", zip=True)
    exif = Image.Exif()
    exif[274], exif[270] = 6, "a description"
    image = Image.fromarray(_pixels(*SIDES, 3))
    image.save(path, pnginfo=text, exif=exif, dpi=(72, 72), icc_profile=bytes(range(200)))


def _palette(path: Path) -> None:
    Image.fromarray(_pixels(*SIDES, 3)).quantize(16).save(path, transparency=3)


def _deep_png(path: Path) -> None:
    import imagecodecs

    path.write_bytes(imagecodecs.png_encode(_pixels(*SIDES, 3, dtype="uint16")))


def _image(**options: Any) -> Callable[[Path], None]:
    exif = Image.Exif()
    exif[274], exif[270] = 6, "a description"
    return lambda path: Image.fromarray(_pixels(*SIDES, 3)).save(path, exif=exif, **options)


def _bmp(path: Path) -> None:
    Image.fromarray(_pixels()).save(path)


def _tiff(*shape: int, **options: Any) -> Callable[[Path], None]:
    own = {"photometric": "minisblack"} | options
    return lambda path: tifffile.imwrite(path, _pixels(*shape, dtype="uint16"), **own)


def _npy(array: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.save(path, array)


def _hidden(path: Path) -> None:
    hide_masked(plain_picture([_pixels()[None].astype(np.float32) / 255], dtype="uint8"), path)


def _scan(path: Path) -> None:
    load_scan(path, ReadingOptions())


def _pattern(path: Path) -> None:
    load_recording(path, PatternOptions())


def _checkpoint(path: Path) -> None:
    rng = torch.Generator().manual_seed(0)
    state = {"seal": {"version": "1"}, "fit": {"parts": {"a": torch.randn(3, 4, generator=rng), "n": [1, 2.0]}}}
    path.write_bytes(to_bytes(state))


def _thaw(path: Path) -> None:
    if from_bytes(path.read_bytes(), torch.device("cpu")) is None:
        raise InputError(f"{path}: this checkpoint is damaged.")


def _record(path: Path) -> None:
    content = {"command": "denoise", "outputs": {"restored": "a.png"}, "metrics": {"psnr_db": [3.5]}, "seconds": 1}
    path.write_text(json.dumps(content, indent=2))


def _read_record(path: Path) -> None:
    recorded_outputs(path)
    load_record(path)


def _plan(path: Path) -> None:
    call = {"command": "denoise", "inputs": ["a"], "words": {"width": ["--width", "8"]}, "asked": {"width": 8}}
    item = {"name": "a.png", "input": "/in/a.png", "output": "a.png", "bytes": 123, "stem": "a"}
    path.write_text(json.dumps({"version": "0", "call": call, "seed": 0, "items": [item, item]}))


def _matlab(**options: Any) -> Callable[[Path], None]:
    from scipy import io as scipy_io

    return lambda path: scipy_io.savemat(path, {"kspace": _kspace(), "note": "text"}, **options)


def _npz(**arrays: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.savez_compressed(path, **arrays)


def _fastmri(path: Path) -> None:
    reference = np.abs(_kspace()[:, 0])
    as_fastmri(path, _kspace(), mask=np.ones(SIDES[1]), head=header(*SIDES), reference=reference)


def _ismrmrd(path: Path) -> None:
    as_ismrmrd(path, readouts(_kspace()[0]), header(*SIDES))


def _cxi(path: Path) -> None:
    as_cxi(path, _counts(), _kspace()[0, 0].astype(np.complex64))


SEEDS = {
    "png": Seed("a.png", _png, _read_picture),
    "png palette": Seed("a.png", _palette, _read_picture),
    "png 16 bits": Seed("a.png", _deep_png, _read_picture),
    "jpeg": Seed("a.jpg", _image(quality=90), _read_picture),
    "jpeg progressive": Seed("a.jpg", _image(progressive=True), _read_picture),
    "jpeg coefficients": Seed("a.jpg", _image(quality=50), read_jpeg),
    "webp": Seed("a.webp", _image(lossless=True), _read_picture),
    "bmp": Seed("a.bmp", _bmp, _read_picture),
    "npy": Seed("a.npy", _npy(_pixels()), _read_picture),
    "tiff": Seed("a.tif", _tiff(*SIDES), _read_picture),
    "tiff zlib": Seed("a.tif", _tiff(3, *SIDES, compression="zlib", tile=(16, 16)), _read_picture),
    "tiff rgb lzw": Seed("a.tif", _tiff(*SIDES, 3, compression="lzw", photometric="rgb"), _read_picture),
    "tiff imagej": Seed("a.tif", _tiff(3, *SIDES, imagej=True, metadata={"axes": "TYX"}), _read_picture),
    "tiff ome": Seed("a.tif", _tiff(3, *SIDES, ome=True, metadata={"axes": "TYX"}), _read_picture),
    "tiff big": Seed("a.tif", _tiff(3, *SIDES, bigtiff=True), _read_picture),
    "mask": Seed("m.png", lambda path: Image.fromarray((_pixels() > 128).astype("u1") * 255).save(path), _hidden),
    "kernel": Seed("k.npy", _npy(np.outer(np.hanning(9), np.hanning(9))), load_kernel),
    "mri npy": Seed("k.npy", _npy(_kspace()), _scan),
    "mri npz": Seed("k.npz", _npz(kspace=_kspace()), _scan),
    "mri matlab 5": Seed("k.mat", _matlab(), _scan),
    "mri matlab 5 packed": Seed("k.mat", _matlab(do_compression=True), _scan),
    "mri matlab 7.3": Seed("k.mat", lambda path: as_matlab_73(path, _kspace()), _scan),
    "mri cfl": Seed("k.cfl", lambda path: as_cfl(path, _kspace()), _scan),
    "mri hdr": Seed("k.cfl", lambda path: as_cfl(path, _kspace()), _scan, target="k.hdr"),
    "mri fastmri": Seed("k.h5", _fastmri, _scan),
    "mri ismrmrd": Seed("k.h5", _ismrmrd, _scan),
    "mri maps": Seed("m.npy", _npy(_kspace()[0]), load_maps),
    "mri reference": Seed("r.h5", _fastmri, lambda path: load_reconstruction(path, (0, 1))),
    "phase npy": Seed("p.npy", _npy(_counts()), _pattern),
    "phase npz": Seed("p.npz", _npz(data=_counts(), mask=_counts() > 90), _pattern),
    "phase tiff": Seed("p.tif", lambda path: tifffile.imwrite(path, _counts()), _pattern),
    "phase cxi": Seed("p.cxi", _cxi, _pattern),
    "phase matlab": Seed("p.mat", lambda path: as_matlab_5(path, np.tile(_counts(), (1, 1, 2, 2))), _pattern),
    "phase object": Seed("p.cxi", _cxi, load_object),
    "phase support": Seed("s.npz", _npz(support=_counts() > 40), load_support),
    "record": Seed("a.run.json", _record, _read_record),
    "plan": Seed(NAME, _plan, lambda path: load_manifest(path.parent)),
    "checkpoint": Seed("0.pt", _checkpoint, _thaw, has_digest=True),
}
SLOW = ("mri matlab 5", "mri matlab 5 packed", "phase matlab")  # which start a process for each file


def content_of(seed: Seed, folder: Path) -> bytes:
    """Make the good file in a folder, and give the bytes that are to be damaged."""
    seed.make(folder / seed.name)
    return (folder / (seed.target or seed.name)).read_bytes()
