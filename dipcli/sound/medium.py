"""Files of sound: how they are read, scored and written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.io.atomic import write_atomically
from dipcli.io.scratch import pieces, scratch_array
from dipcli.metrics import si_sdr_db
from dipcli.options.engine import EngineOptions
from dipcli.options.resolved import every_field
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control, Medium
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.report.figures import Panel
from dipcli.sound.denoising import Recording, state_sound, workload_of
from dipcli.sound.spectral import transform, window_of
from dipcli.sound.wav import Sound, encode_wav, load_wav

QUIETEST_DB = 80.0  # below the loudest, what a spectrogram shows as black
MOST_SHOWN = 30.0  # seconds
OWN = {"strength", "residual", *every_field(EngineOptions())}  # those of networks have none to be of


class Sounds(Medium[Sound, Recording]):
    """WAV files; the one frame is all channels, its picture the samples."""

    holds_stacks = False
    advice = "cut it into parts"

    def __init__(self, strength: float = 1.0, *, residual: bool = False, given: Sequence[str] = ()) -> None:
        """`given` are the names of all options that were asked for."""
        self._strength, self._residual = strength, residual
        self._strange = [name for name in given if name not in OWN]

    def load(self, item: Item) -> Sound:
        """The recording, if its output can hold it."""
        if self._strange:
            flag = self._strange[0].replace("_", "-")
            raise OptionError(f"{item.input}: --{flag} is for pictures; sound takes --strength and --residual.")
        if item.output.suffix.lower() != ".wav":
            raise OptionError(f"{item.output}: sound is written as WAV; end the name in .wav.")
        return load_wav(item.input)

    def references(self, item: Item, source: Sound, path: Path | None) -> Sequence[Tensor | None]:  # noqa: ARG002
        """The clean recording, of the same length, channels and rate."""
        if path is None:
            return [None]
        truth = load_wav(path)
        if (truth.samples.shape, truth.rate) != (source.samples.shape, source.rate):
            raise OptionError(f"{path}: the reference has {_size(truth)}, but the recording {_size(source)}.")
        return [torch.from_numpy(truth.samples)]

    def frames(self, source: Sound, device: torch.device) -> Iterable[Recording]:  # noqa: ARG002
        """The recording, on the processor."""
        yield Recording(torch.from_numpy(source.samples), source.rate)

    def workload(self, measurement: Recording) -> Workload:
        """Of its length."""
        return workload_of(measurement)

    def state(self, source: Sound, measurement: Recording, control: Control) -> Statement:  # noqa: ARG002
        """The recording without noise."""
        return state_sound(measurement, self._strength, control)

    def score(
        self,
        source: Sound,  # noqa: ARG002
        measurement: Recording,
        fitted: Fitted,
        truth: Tensor,
    ) -> Mapping[str, float]:
        """The ratio of signal and distortion, of any scale, in dB."""
        return {
            "si_sdr_db": si_sdr_db(fitted.picture, truth),
            "input_si_sdr_db": si_sdr_db(measurement.samples, truth),
        }

    def panels(
        self,
        source: Sound,
        measurement: Recording,
        fitted: Fitted,
        truth: Tensor | None,
    ) -> Sequence[Panel]:
        """Spectrograms of the first channel, low frequencies below."""
        named = {"input": measurement.samples, "result: log-MMSE": fitted.picture}
        named |= {} if truth is None else {"truth": truth}
        planes = {name: _spectrogram(samples[0].numpy(), source.rate) for name, samples in named.items()}
        top = max(float(plane.max()) for plane in planes.values())
        panels = [Panel(name, plane, (top - QUIETEST_DB, top), "magma") for name, plane in planes.items()]
        panels[0], panels[1] = replace(panels[0], role="before"), replace(panels[1], role="after")
        return panels

    def write(self, item: Item, source: Sound, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:  # noqa: ARG002
        """The recording, and what was removed where that is asked for."""
        found = frames[0].picture.cpu().numpy()
        outputs = {"sound": item.output}
        write_atomically(item.output, encode_wav(found, source))
        if self._residual:
            outputs["residual"] = item.beside("residual.wav")
            removed = scratch_array(found.shape)
            for part in pieces(found.shape[1]):
                removed[:, part] = source.samples[:, part] - found[:, part]
            write_atomically(outputs["residual"], encode_wav(removed, source))
        return outputs

    def arrays(self, source: Sound, frames: Sequence[Fitted]) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Samples (channels, time)."""
        found = frames[0].picture.cpu().numpy()
        return {"image": found, "classical": found}


def _size(sound: Sound) -> str:
    channels, length = sound.samples.shape
    return f"{length} samples of {channels} channel(s) at {sound.rate} Hz"


def _spectrogram(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """In dB, (frequencies, times)."""
    window = window_of(rate)
    power = np.abs(transform(samples[: int(MOST_SHOWN * rate)], window)) ** 2
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)).T[::-1])
