"""Speech in noise: SI-SDR in dB of recordings, of a plain Wiener filter, and of results.

The four clips of ../shared/data/sound (VoiceBank-DEMAND, 16 kHz, `_noisy` and `_clean`) are those on which the
window, the caution and the trust of `spectral.py` were chosen; `--more` adds a voice of espeak-ng (Debian) in four
noises of other kinds, on which nothing was tuned.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import scipy.io.wavfile
import scipy.signal
import torch

from dipcli.metrics import si_sdr_db
from dipcli.sound.wav import load_wav
from tests.bench.pictures import DATA
from tests.bench.program import run_program
from tests.voices import save_wav

RATE = 16_000
TEXT = "The quick brown fox jumps over the lazy dog. She had her dark suit in greasy wash water all year."
VOICES = ("en-us", "en-gb", "de", "fr")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench sound", description=__doc__)
    parser.add_argument("--more", action="store_true", help="Add voices of espeak-ng.")
    known, flags = parser.parse_known_args(arguments)
    print("| clip | recorded | Wiener of SciPy | dipcli | clicks | CPU s |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder, scores = Path(name), []
        clips = sorted((DATA / "sound").glob("*_noisy.wav"))
        pairs = [(clip, clip.with_name(clip.name.replace("noisy", "clean"))) for clip in clips]
        for noisy, clean in pairs + (_spoken(folder) if known.more else []):
            scores.append(_measure(noisy, clean, folder, flags))
    print(f"| mean | {' | '.join(f'{value:.2f}' for value in np.mean(scores, axis=0))} | | |")


def _measure(noisy: Path, clean: Path, folder: Path, flags: list[str]) -> tuple[float, float, float]:
    recording, truth = load_wav(noisy), torch.from_numpy(load_wav(clean).samples)
    wiener = scipy.signal.wiener(recording.samples[0].astype(float), 15)
    peer = si_sdr_db(torch.from_numpy(wiener)[None], truth)
    run = run_program("denoise", noisy, folder / "found.wav", "--reference", str(clean), *flags)
    metrics, decisions = run.record["metrics"], run.record["decisions"]
    row = (metrics["input_si_sdr_db"], peer, metrics["si_sdr_db"])
    cells = " | ".join(f"{value:.2f}" for value in row)
    print(f"| {noisy.stem} | {cells} | {decisions['clicks'].split()[0]} | {run.cpu_seconds:.1f} |", flush=True)
    return row


def _spoken(folder: Path) -> list[tuple[Path, Path]]:
    """Voices of espeak-ng in white, pink and babbling noise, and in hum."""
    if shutil.which("espeak-ng") is None:
        return []
    random, voices = np.random.default_rng(0), []
    for voice in VOICES:
        path = folder / f"{voice}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), TEXT], check=True)
        rate, stored = scipy.io.wavfile.read(path)
        voices.append(scipy.signal.resample_poly(stored / 32768, RATE, rate))
    length = min(map(len, voices))
    white = random.normal(size=length)
    spectrum = np.fft.rfft(random.normal(size=length)) / np.sqrt(np.maximum(np.arange(length // 2 + 1), 20))
    at = np.arange(length) / RATE
    noises = {
        "white": white,
        "pink": np.fft.irfft(spectrum, length),
        "babble": sum(np.roll(each[:length], RATE // 3 * k) for k, each in enumerate(voices[1:])) + 0.02 * white,
        "hum": sum(np.sin(2 * np.pi * 50 * k * at) / k for k in range(1, 9)) + 0.1 * white,
    }
    pairs = []
    for (kind, noise), voice in zip(noises.items(), (voices[0],) * len(noises), strict=True):
        clean = 0.3 * voice[:length] / np.abs(voice).max()
        scaled = noise * clean.std() / noise.std() / 10 ** (5 / 20)  # 5 dB
        noisy_path = save_wav(folder / f"espeak_{kind}.wav", clean + scaled, rate=RATE)
        pairs.append((noisy_path, save_wav(folder / f"espeak_{kind}_clean.wav", clean, rate=RATE)))
    return pairs
