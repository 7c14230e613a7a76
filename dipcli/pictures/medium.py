"""Pictures, stacks, volumes and signals: how their files are read, scored and written."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.io.names import beside, by
from dipcli.metrics import psnr_db, psnr_up_to_shift_db, ssim
from dipcli.pictures import dejpeg, inpainting
from dipcli.pictures.files.formats import format_of_content, format_of_name
from dipcli.pictures.files.images import SUFFIXES, check_output, load_picture, plain_picture, save_picture
from dipcli.pictures.files.jpeg import read_jpeg
from dipcli.pictures.files.picture import Picture
from dipcli.pictures.mask_option import load_with_mask
from dipcli.pictures.options import DenoiseOptions, InpaintOptions, MaskKind
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control, Medium
from dipcli.pipeline.statement import Fitted, Statement


class PictureFiles(Medium[Picture, Tensor]):
    """Files of pictures; a frame is (channels, *space) in [0, 1], NaN where nothing was measured."""

    suffixes = SUFFIXES

    def __init__(self, *, volume: bool = False, exact: bool = False, factor: float = 1.0) -> None:
        """With `volume` a stack is one frame; `exact` is for results that a lossy file would spoil.

        `factor` is how many times longer than the input's the sides of the result are.
        """
        self._volume, self._exact, self._factor = volume, exact, factor

    def ending(self, path: Path) -> str:
        """The usual ending of the format that the content shows."""
        return format_of_content(path).suffixes[0]

    def load(self, item: Item) -> Picture:
        """The picture, if its output can hold it."""
        format_of_name(item.output)
        picture = self.read(item)
        check_output(item.output, picture)
        if self._exact and format_of_name(item.output).is_lossy:
            lossy = f"{item.output}: is compressed again, and no value survives that; end the name in .png."
            picture = replace(picture, warnings=(*picture.warnings, lossy))
        return picture

    def read(self, item: Item) -> Picture:
        """The picture as its file has it."""
        return load_picture(item.input, volume=self._volume)

    def references(self, item: Item, source: Picture, path: Path | None) -> Sequence[Tensor | None]:
        """As many true frames."""
        if path is None:
            return [None] * len(source.frames)
        frames = load_picture(path, volume=len(source.encoding.layout.space) == 3).frames
        if len(frames) != len(source.frames):
            raise OptionError(
                f"{path}: {len(frames)} frame(s), but {item.input} has {len(source.frames)}; give as many."
            )
        for frame, truth in zip(source.frames, frames, strict=True):
            sides = [round(side * self._factor) for side in frame.shape[1:]]
            expected = (len(frame), *sides)
            if truth.shape != expected:
                raise OptionError(
                    f"{path}: the reference is {_size(truth.shape)}, but the result will be {_size(expected)}; "
                    "give one of the same size."
                )
        return [torch.from_numpy(frame) for frame in frames]

    def frames(self, source: Picture, device: torch.device) -> Iterable[Tensor]:
        """The frames as tensors."""
        return (torch.from_numpy(frame).to(device) for frame in source.frames)

    def metric(self, statement: Statement, truth: Tensor) -> Callable[[Tensor], float]:
        """The PSNR over the part that is fitted."""
        seen = truth.to(statement.classical[1].device)[statement.part]
        return lambda picture: psnr_db(picture, seen)

    def score(self, measurement: Tensor, fitted: Fitted, truth: Tensor) -> Mapping[str, float]:
        """PSNR and SSIM of result, classical answer and input, where they have the truth's size."""
        statement, picture, truth = fitted.statement, fitted.picture, truth.to(measurement.device)
        classical, measured = statement.classical[1], measurement.nan_to_num()
        scores = {
            "psnr_db": psnr_db(picture, truth),
            "ssim": ssim(picture, truth),
            "classical_psnr_db": psnr_db(classical, truth),
        }
        if statement.up_to_shift:
            pictures = {"": picture, "classical_": classical, "input_": measured}
            scores |= {f"{name}psnr_up_to_shift_db": psnr_up_to_shift_db(x, truth) for name, x in pictures.items()}
        if statement.mask is not None:
            guessed = ~statement.mask
            scores["missing_psnr_db"] = psnr_db(picture[guessed], truth[guessed])
            scores["classical_missing_psnr_db"] = psnr_db(classical[guessed], truth[guessed])
        elif measurement.shape == truth.shape:
            scores["input_psnr_db"] = psnr_db(measured, truth)
        return scores

    def write(self, item: Item, source: Picture, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:  # noqa: ARG002
        """The pictures, the objects that were found beside them, and the spread over runs."""
        save_picture(item.output, [_array(frame.picture) for frame in frames], source, _unchanged(frames))
        outputs = {"picture": item.output, **_write_objects(item, frames)}
        spreads = [frame.spread for frame in frames]
        if all(spread is not None for spread in spreads):
            outputs["spread"] = beside(item.output, "spread.tif")
            maps = [_array(s.square().mean(0, keepdim=True).sqrt()) for s in spreads if s is not None]
            save_picture(outputs["spread"], maps, plain_picture(maps))
        return outputs


class Pictures(PictureFiles):
    """Pictures whose frames are all that a task needs to know."""

    def __init__(
        self,
        state: Callable[[Tensor], Statement],
        workload: Callable[[Tensor], Workload],
        *,
        volume: bool = False,
        tile: int | None = 0,
        factor: float = 1.0,
        decide: Callable[[Tensor], Callable[[Tensor], Statement]] | None = None,
    ) -> None:
        """`decide` makes the `state` of tiles from the whole frame, where something is decided once for all."""
        super().__init__(volume=volume, factor=factor)
        self._state, self._workload, self.tile, self._decide = state, workload, tile, decide

    def for_tiles(self, measurement: Tensor) -> Self:
        """With a `state` that was decided by the whole frame."""
        if self._decide is None:
            return self
        tiled = copy.copy(self)
        tiled._state = self._decide(measurement)
        return tiled

    def workload(self, measurement: Tensor) -> Workload:
        """As the task says."""
        return self._workload(measurement)

    def state(self, source: Picture, measurement: Tensor, control: Control) -> Statement:  # noqa: ARG002
        """As the task says."""
        return self._state(measurement)


class MaskedPictures(Pictures):
    """Pictures with parts missing, by a mask or by themselves."""

    def __init__(self, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]) -> None:
        """`options` are those that do not depend on what is missing, `recipes` all of them for each kind of it."""
        super().__init__(
            partial(inpainting.state_inpainting, options=options, recipes=recipes),
            partial(inpainting.workload_of, options=options, recipes=recipes),
            volume=options.volume,
            tile=options.tile,
        )
        self._options, self._exact = options, not options.denoise

    def read(self, item: Item) -> Picture:
        """With NaN where something is missing."""
        return load_with_mask(item, self._options)


class JpegFiles(PictureFiles):
    """Pictures whose files' own quantised coefficients are what was measured."""

    def __init__(self, options: DenoiseOptions) -> None:
        super().__init__(exact=True)
        self._options = options

    def read(self, item: Item) -> Picture:
        """The decoded picture, and how its file was encoded."""
        return replace(super().read(item), jpeg=read_jpeg(item.input))

    def workload(self, measurement: Tensor) -> Workload:
        """As the task says."""
        return dejpeg.workload_of(measurement, self._options)

    def state(self, source: Picture, measurement: Tensor, control: Control) -> Statement:  # noqa: ARG002
        """As the task says. Raises ValueError for a picture of another medium."""
        if source.jpeg is None:
            raise ValueError("this picture was not read from a JPEG file")
        return dejpeg.state_dejpeg(measurement, source.jpeg, self._options)


def _size(shape: Sequence[int]) -> str:
    channels, *sides = shape
    return f"{by(reversed(sides))} with {channels} channel(s)"


def _write_objects(item: Item, frames: Sequence[Fitted]) -> dict[str, Path]:
    """Write what was found beside the pictures: exactly, and to be looked at with its largest value white."""
    outputs: dict[str, Path] = {}
    for index, frame in enumerate(frames):
        for name, tensor in frame.restoration.objects.items():
            called = name if len(frames) == 1 else f"{name}{index}"
            exact = _array(tensor)[None]
            shown = (exact / max(float(exact.max()), 1e-30)).clip(0, 1)
            for ending, array, dtype in (("npy", exact, "float32"), ("png", shown, "uint16")):
                path = beside(item.output, f"{called}.{ending}")
                save_picture(path, [array], plain_picture([array], dtype=dtype))
                outputs[f"{called}_{ending}"] = path
    return outputs


def _unchanged(frames: Sequence[Fitted]) -> list[NDArray[np.bool_]] | None:
    """Where the stored values themselves are written, if that is so in every frame."""
    found = [frame.statement.unchanged for frame in frames]
    return None if None in found else [tensor.cpu().numpy() for tensor in found if tensor is not None]


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().cpu().numpy()
    return array
