"""Denoising one recording: clicks are mended, rumble is cut, and noise is removed block by block."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.io.scratch import energy, pieces, scratch_array
from dipcli.options.engine import EngineOptions
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Statement
from dipcli.sound.clicks import mend_clicks
from dipcli.sound.spectral import gains, has_bass, inverse, low_cut, noise_power, transform, window_of

BLOCK_SECONDS, OVERLAP_SECONDS = (
    60.0,
    4.0,
)  # of which a half fades, and a half is heard by the noise's tracker alone
SILENT = 1e-9  # mean square of a recording that holds nothing
CLEAN_DB = 60.0  # signal to noise from which there is nothing to be removed
SECONDS, BYTES = 4e-6, 2.0  # of each sample, which itself may lie on the disk
BLOCK_BYTES = 4e8


@dataclass(frozen=True)
class Recording:
    """Samples (channels, time), full scale being 1, and their rate in Hz."""

    samples: Tensor
    rate: int


def state_sound(recording: Recording, strength: float, control: Control) -> Statement:
    """The statement of a recording without its noise; nothing is fitted."""
    channels = recording.samples.cpu().numpy()
    found, clicks, ratios, cuts = scratch_array(channels.shape), 0, [], []
    for index, channel in enumerate(channels):
        mended, count = mend_clicks(channel, recording.rate)
        clicks += count
        is_cut = not has_bass(mended, recording.rate)

        def tell(share: float, index: int = index) -> None:
            control.tell("sound", (index + share) / len(channels))

        cleaned, ratio_db = without_noise(mended, recording.rate, is_cut=is_cut, tell=tell)
        for part in pieces(len(channel)):
            found[index, part] = channel[part] + strength * (cleaned[part] - channel[part])
        ratios.append(ratio_db)
        cuts.append(is_cut)
    least = min(ratios)
    decisions = {
        "noise": f"{least:.0f} dB below the sound" if least < CLEAN_DB else "hardly any",
        "clicks": f"{clicks} were mended",
        "rumble": "cut below 60 Hz" if any(cuts) else "kept, for there are tones below 60 Hz",
        "network": "not fitted: of speech, hardly any was better with the best share by the truth",
    }
    return Statement(
        None, EngineOptions(), ("log-MMSE", torch.from_numpy(found)), {"strength": strength}, decisions
    )


def without_noise(
    samples: NDArray[np.float32], rate: int, *, is_cut: bool, tell: Callable[[float], None] | None = None
) -> tuple[NDArray[np.float32], float]:
    """Samples (time) without noise, and without what is below a voice, and the ratio of both in dB.

    A recording of any length is done in blocks that fade into each other, at constant memory.
    """
    if len(samples) < len(window_of(rate)) or energy(samples) < SILENT:
        return samples, CLEAN_DB
    size, overlap = int(BLOCK_SECONDS * rate), int(OVERLAP_SECONDS * rate)
    found, heard, noise = scratch_array(samples.shape), 0.0, 0.0
    for first in range(0, len(samples), size):
        begin, end = max(first - overlap, 0), min(first + size + overlap, len(samples))
        part, energies = _block(samples[begin:end], rate, is_cut=is_cut)
        heard, noise = heard + energies[0], noise + energies[1]
        fade = min(first - begin, overlap // 2)
        if fade:
            rise = np.linspace(0, 1, fade, dtype=np.float32)
            before, own = slice(first - fade, first), slice(first - begin - fade, first - begin)
            found[before] = found[before] * (1 - rise) + part[own] * rise
        found[first : first + size] = part[first - begin : first - begin + size]
        if tell is not None:
            tell(end / len(samples))
    ratio_db = 10 * np.log10(max(heard - noise, 1e-30) / max(noise, 1e-30))
    return (found, ratio_db) if ratio_db < CLEAN_DB else (samples, CLEAN_DB)


def workload_of(recording: Recording) -> Workload:
    """What a recording asks of the machine."""
    n_samples = recording.samples.numel()
    return Workload(
        tuple(recording.samples.shape), EngineOptions(), {}, SECONDS * n_samples, BYTES * n_samples + BLOCK_BYTES
    )


def _block(
    samples: NDArray[np.float32], rate: int, *, is_cut: bool
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """One block without noise, and the energies of what was heard and of its noise, above 60 Hz."""
    window = window_of(rate)
    spectra = transform(samples, window)
    power = np.abs(spectra) ** 2
    noise = noise_power(power)
    gain = gains(power, noise)
    cut = low_cut(np.fft.rfftfreq(len(window), 1 / rate))
    energies = (float((power * cut).sum()), float((noise * cut).sum()))
    return inverse(spectra * gain * (cut if is_cut else 1), window, len(samples)), energies
