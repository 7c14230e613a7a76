"""WAV files: samples of 8 to 32 bits or floats, and every other chunk of the file as it was.

Source: Microsoft and IBM, Multimedia programming interface and data specifications 1.0, 1991 (RIFF).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dipcli.errors import InputError
from dipcli.io.failures import reader
from dipcli.io.limits import refuse_oversized
from dipcli.io.scratch import pieces, scratch_array

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
CODECS = {2: "ADPCM", 6: "A-law", 7: "µ-law", 17: "IMA ADPCM", 80: "MPEG", 85: "MP3"}
MOST_CHANNELS, LEAST_RATE = 256, 100
ENDLESS = 0xFFFFFFFF  # the length of what a program wrote into a pipe

Samples = NDArray[np.float32]  # (channels, time), full scale being 1
Chunks = tuple[tuple[bytes, bytes], ...]  # of the data the name alone


@dataclass(frozen=True)
class Sound:
    """A recording, its rate in Hz, and how its file stores it: the format chunk and all others, in their order."""

    samples: Samples
    rate: int
    is_float: bool
    bits: int
    chunks: Chunks
    stored_dtype: str
    warnings: tuple[str, ...] = ()

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """As WAV has it: time, channels."""
        return (self.samples.shape[1], self.samples.shape[0])


@reader
def load_wav(path: Path) -> Sound:
    """The recording. Raises InputError, one sentence, for other files, codecs and what is damaged."""
    with path.open("rb") as file:
        start = file.read(12)
        if start[:4] in (b"RF64", b"RIFX", b"BW64"):
            kind = start[:4].decode()
            raise InputError(
                f"{path}: is {kind}, a relative of WAV; convert it, ffmpeg -i IN -rf64 never OUT.wav."
            )
        if start[:4] != b"RIFF" or start[8:12] != b"WAVE":
            raise InputError(f"{path}: is no WAV file; convert it, ffmpeg -i IN OUT.wav.")
        chunks, data, warnings = _chunks(path, file)
        return _sound(path, file, chunks, data, warnings)


def _sound(path: Path, file: BinaryIO, chunks: Chunks, data: tuple[int, int] | None, warnings: list[str]) -> Sound:
    """What chunks say, and the samples, of which `data` is the place and the length in the file."""
    head = next((body for name, body in chunks if name == b"fmt "), b"")
    if len(head) < 16 or data is None:
        raise InputError(f"{path}: has no samples or does not say how they are stored; export it again.")
    tag, n_channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", head[:16])
    if tag == EXTENSIBLE and len(head) >= 26:
        tag = struct.unpack("<H", head[24:26])[0]
    if tag not in (PCM, FLOAT):
        name = CODECS.get(tag, f"codec {tag}")
        raise InputError(f"{path}: is compressed by {name}; convert it, ffmpeg -i IN -c:a pcm_s16le OUT.wav.")
    width = frame_bytes // max(n_channels, 1)
    is_known = (tag == FLOAT and width in (4, 8)) or (tag == PCM and width in (1, 2, 3, 4))
    if not 0 < n_channels <= MOST_CHANNELS or rate < LEAST_RATE or not is_known:
        raise InputError(
            f"{path}: {n_channels} channels of {bits} bits at {rate} Hz are not known; export it again."
        )
    length = data[1] // frame_bytes
    if not length:
        raise InputError(f"{path}: holds no sound: there are no samples; record it again.")
    samples = scratch_array((n_channels, length))
    file.seek(data[0])
    is_odd = False
    for part in pieces(length):
        content = memoryview(file.read((part.stop - part.start) * frame_bytes))
        values = _samples(content, width, is_float=tag == FLOAT).reshape(-1, n_channels).T
        is_odd |= not np.isfinite(values).all()
        samples[:, part] = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    if is_odd:
        warnings.append(f"{path}: samples that are no numbers were taken for silence.")
    dtype = f"{'float' if tag == FLOAT else 'int'}{8 * width}"
    return Sound(samples, rate, tag == FLOAT, 8 * width, chunks, dtype, tuple(warnings))


def encode_wav(samples: Samples, like: Sound) -> Iterator[bytes]:
    """The file of other samples, in parts, with everything else as it was; integers are rounded."""
    size = samples.size * (like.bits // 8)
    lengths = [size if name == b"data" else len(body) for name, body in like.chunks]
    yield b"RIFF" + struct.pack("<I", 4 + sum(8 + length + length % 2 for length in lengths)) + b"WAVE"
    for (name, body), length in zip(like.chunks, lengths, strict=True):
        yield name + struct.pack("<I", length)
        if name == b"data":
            yield from (_stored(samples[:, part].T, like) for part in pieces(samples.shape[1]))
        else:
            yield body
        yield b"\0" * (length % 2)


def _chunks(path: Path, file: BinaryIO) -> tuple[Chunks, tuple[int, int] | None, list[str]]:
    """All chunks in their order, that of the samples empty, and the place and the length of the samples."""
    chunks: list[tuple[bytes, bytes]] = []
    data: tuple[int, int] | None = None
    warnings: list[str] = []
    total = path.stat().st_size
    at = file.tell()
    while at + 8 <= total:
        file.seek(at)
        head = file.read(8)
        name, length = head[:4], struct.unpack("<I", head[4:])[0]
        there = min(length, total - at - 8)
        if name == b"data" and data is None:
            if there < length and length != ENDLESS:
                warnings.append(f"{path}: breaks off; what is there of it is restored.")
            data = (at + 8, there)
            chunks.append((name, b""))
        elif name != b"data":
            refuse_oversized(path, there)
            chunks.append((name, file.read(there)))
        at += 8 + length + length % 2
    return tuple(chunks), data, warnings


def _samples(data: memoryview, width: int, *, is_float: bool) -> NDArray[np.float32]:
    """Interleaved samples, full scale being 1."""
    if is_float:
        return np.frombuffer(data, f"<f{width}").astype(np.float32)
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if width == 3:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
        whole = np.zeros((len(parts), 4), np.uint8)
        whole[:, 1:] = parts
        return (whole.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
    return (np.frombuffer(data, f"<i{width}") / 2.0 ** (8 * width - 1)).astype(np.float32)


def _stored(values: NDArray[np.float32], like: Sound) -> bytes:
    width = like.bits // 8
    if like.is_float:
        return values.astype(f"<f{width}").tobytes()
    top, values = 2.0 ** (like.bits - 1), np.ascontiguousarray(values)
    whole = np.clip(np.round(values.astype(np.float64) * top), -top, top - 1)
    if width == 1:
        return (whole + 128).astype(np.uint8).tobytes()
    if width == 3:
        return np.ascontiguousarray((whole.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, 1:]).tobytes()
    return whole.astype(f"<i{width}").tobytes()
