"""Noise in the time-frequency plane: how loud it is in every bin, and the gains that remove it.

Arrays are (times, frequencies); a block is a minute at most.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.special import exp1

WINDOW_SECONDS, HOPS = 0.064, 4  # of the short-time transform, and windows over each sample
QUIET = 0.1  # quantile of the power of a bin over time that is noise alone, at first
SPEECH_RATIO = 10**1.5  # of speech where there is some: Gerkmann and Hendriks
SLOW, SLOWER = 0.8, 0.9  # forgetting of the noise, and of the probability of speech
CAUTION = 1.5  # times the noise that is found is reckoned with
MEMORY = 0.98  # of the decision-directed ratio: Ephraim and Malah
LEAST_RATIO = 10**-2.5
TRUST = 1.3  # of the estimate of what the gains save
LOWEST_HZ = 60.0  # below which a voice has nothing
STEEPNESS = 8
TONAL = 20.0  # times the median that a bass tone stands out, in bins of 1 Hz
MAINS_HZ = (50.0, 60.0)
MOST_FRAMES = 600  # of a second each, that are looked at for bass
TINY = 1e-20

Plane = NDArray[np.float64]
Spectrum = NDArray[np.complex128]


def window_of(rate: int) -> NDArray[np.float64]:
    """The root of a Hann window, of `HOPS` hops, whose squares add up to HOPS / 2."""
    hop = max(4, round(WINDOW_SECONDS * rate / HOPS))
    at = np.arange(HOPS * hop)
    return np.asarray(np.sin(math.pi * at / len(at)))


def transform(samples: NDArray[np.floating], window: NDArray[np.float64]) -> Spectrum:
    """Samples (time) -> their short-time spectra; beyond both ends there is silence."""
    n = len(window)
    padded = np.pad(samples.astype(np.float64), (n, n + (-len(samples)) % (n // HOPS)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n)[:: n // HOPS]
    return np.fft.rfft(frames * window, axis=1)


def inverse(spectra: Spectrum, window: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The samples whose spectra these are, or the nearest ones."""
    n = len(window)
    frames = np.fft.irfft(spectra, n=n, axis=1) * (window * 2 / HOPS)
    hop = n // HOPS
    total = np.zeros((len(frames) + HOPS - 1, hop))
    for part in range(HOPS):
        total[part : part + len(frames)] += frames[:, part * hop : (part + 1) * hop]
    return total.ravel()[n : n + length]


def noise_power(power: Plane) -> Plane:
    """The noise's power in every bin, tracked forwards and backwards in time; their geometric mean.

    Source: Gerkmann and Hendriks, Unbiased MMSE-based noise power estimation with low complexity and low
    tracking delay, 2012, doi 10.1109/TASL.2011.2180896 (forwards alone;
    we begin with a quantile).
    """
    first = np.quantile(power, QUIET, axis=0) / -math.log(1 - QUIET)
    forwards = _tracked(power, first)
    backwards = _tracked(power[::-1], forwards[-1])[::-1]
    return np.asarray(np.sqrt(forwards * backwards))


def _tracked(power: Plane, noise: NDArray[np.float64]) -> Plane:
    found, usual = np.empty_like(power), np.zeros(power.shape[1])
    odds = 1 + SPEECH_RATIO
    for index, now in enumerate(power):
        ratio = np.minimum(now / np.maximum(noise, TINY) * (SPEECH_RATIO / odds), 200.0)
        speech = 1 / (1 + odds * np.exp(-ratio))
        usual = SLOWER * usual + (1 - SLOWER) * speech
        speech = np.where(usual > 0.99, np.minimum(speech, 0.99), speech)
        noise = SLOW * noise + (1 - SLOW) * (speech * noise + (1 - speech) * now)
        found[index] = noise
    return found


def gains(power: Plane, noise: Plane) -> Plane:
    """What every bin is multiplied by, from 0 to 1: log-MMSE, the ratio of signal and noise decision-directed.

    Source: Ephraim and Malah, Speech enhancement using a minimum mean-square error log-spectral amplitude
    estimator, 1985, doi 10.1109/TASSP.1985.1164550. How much of it is done in each frequency, its
    expected energy says: where more would be taken away than there is noise, less is.
    """
    gain, before = np.empty_like(power), np.zeros(power.shape[1])
    for index, now in enumerate(power):
        level = np.maximum(CAUTION * noise[index], TINY)
        after = np.minimum(now / level, 1e3)
        ratio = (MEMORY * before / level if index else MEMORY) + (1 - MEMORY) * np.maximum(after - 1, 0)
        share = np.maximum(ratio, LEAST_RATIO)
        share = share / (1 + share)
        gain[index] = np.minimum(share * np.exp(0.5 * exp1(np.maximum(share * after, 1e-10))), 1)
        before = gain[index] ** 2 * now
    taken = 1 - gain
    worth = TRUST * (taken * noise).sum(0) / np.maximum((taken**2 * power).sum(0), TINY)
    return np.asarray(1 - np.clip(worth, 0, 1) * taken)


def low_cut(frequencies: NDArray[np.floating]) -> NDArray[np.float64]:
    """What is multiplied with frequencies in Hz to remove rumble."""
    return np.asarray(1 / np.sqrt(1 + (LOWEST_HZ / np.maximum(frequencies, 1e-3)) ** STEEPNESS))


def has_bass(samples: NDArray[np.floating], rate: int) -> bool:
    """Whether there are tones below `LOWEST_HZ`, beside the hum of the mains: then that is no rumble."""
    if len(samples) < 2 * rate:
        return False
    every = max(1, len(samples) // (MOST_FRAMES * rate // 2))
    frames = np.lib.stride_tricks.sliding_window_view(samples, rate)[:: every * (rate // 2)] * np.hanning(rate)
    power = np.abs(np.fft.rfft(frames, axis=1)[:, : int(LOWEST_HZ) + 1]) ** 2
    hertz = np.arange(power.shape[1])
    seen = (hertz >= 25) & np.all([np.abs(hertz - mains) > 3 for mains in MAINS_HZ], axis=0)
    around = median_filter(power, (1, 9), mode="nearest")  # rumble falls steeply, but smoothly
    loud = power.sum(1) > 1e-9
    stands_out = (power > TONAL * np.maximum(around, TINY))[:, seen].any(1)
    return bool(loud.any()) and float(stands_out[loud].mean()) > 0.5
