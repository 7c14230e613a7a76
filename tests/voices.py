"""Sound like a voice, and WAV files of every kind."""

import struct

import numpy as np

RATE = 8000


def voice(seconds=3.0, rate=RATE, seed=0):
    """Syllables of harmonics whose pitch moves, with pauses between them; (time), within -0.5 and 0.5."""
    random = np.random.default_rng(seed)
    at = np.arange(int(seconds * rate)) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tones = sum(np.sin(k * phase + random.random()) / k for k in range(1, 12))
    loud = np.clip(np.sin(2 * np.pi * 1.1 * at), 0, None) ** 0.5
    return (0.5 * tones * loud / np.abs(tones).max()).astype(np.float32)


def hiss(like, level, seed=1):
    """Noise that is louder at low frequencies."""
    white = np.random.default_rng(seed).normal(size=len(like) + 8)
    return (level * np.convolve(white, np.ones(4) / 2, "same")[: len(like)]).astype(np.float32)


def wav_bytes(values, *, tag=1, bits=16, rate=RATE, extra=b"", extensible=False, declared=None):
    """A WAV file of stored values (time, channels): their bytes, with a chunk before and one behind."""
    n_channels = values.shape[1] if values.ndim == 2 else 1
    width = bits // 8
    data = (
        values.tobytes()
        if bits != 24
        else np.ascontiguousarray(values.astype("<i4").view("u1").reshape(-1, 4)[:, :3]).tobytes()
    )
    head = struct.pack(
        "<HHIIHH",
        0xFFFE if extensible else tag,
        n_channels,
        rate,
        rate * n_channels * width,
        n_channels * width,
        bits,
    )
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 0, tag) + b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    chunks = [
        (b"fmt ", head),
        (b"LIST", b"INFOINAM\x04\0\0\0talk"),
        (b"data", data),
        (b"cue ", extra or b"\0\0\0\0"),
    ]
    body = b"".join(
        name
        + struct.pack("<I", len(part) if name != b"data" or declared is None else declared)
        + part
        + b"\0" * (len(part) % 2)
        for name, part in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def save_wav(path, samples, *, bits=16, rate=RATE):
    """Samples (time) or (time, channels) of full scale 1 as a file of integers."""
    top = 2 ** (bits - 1)
    stored = np.clip(np.round(np.asarray(samples, float) * top), -top, top - 1)
    path.write_bytes(wav_bytes(stored.astype("<i4" if bits > 16 else "<i2"), bits=bits, rate=rate))
    return path
