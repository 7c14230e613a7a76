"""Pictures, stacks, volumes and signals: how their files are read, scored and written."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.errors import OptionError
from dipcli.io.names import by
from dipcli.metrics import psnr_db, psnr_up_to_shift_db, ssim
from dipcli.pictures import inpainting
from dipcli.pictures.files.formats import format_of_name
from dipcli.pictures.files.images import (
    check_output,
    differences_like,
    in_own_range,
    load_picture,
    load_reference,
    save_picture,
    stored_array,
)
from dipcli.pictures.files.losses import what_is_lost
from dipcli.pictures.files.picture import Picture
from dipcli.pictures.files.score_range import score_range
from dipcli.pictures.files.transparency import fill_unseen, hide_unseen
from dipcli.pictures.given_sigma import check_sigma
from dipcli.pictures.mask_option import load_with_mask
from dipcli.pictures.options import InpaintOptions, MaskKind
from dipcli.pictures.panels import panels_of
from dipcli.pictures.side_files import array_of, arrays_of_objects, write_mask, write_objects, write_residual
from dipcli.pipeline.context import Context
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control, Medium
from dipcli.pipeline.statement import Fitted, Statement
from dipcli.pipeline.tiles import Tile
from dipcli.report.figures import Panel

Rescale = Callable[[Path, Picture], Picture]


class PictureFiles(Medium[Picture, Tensor]):
    """Files of pictures; a frame is (channels, *space) in [0, 1], NaN where nothing was measured."""

    _fills = False  # whether values that the file has a code for are filled in
    _fills_unseen = False  # whether colours that nobody sees are guessed before the task, which cannot miss them

    def __init__(
        self,
        *,
        volume: bool = False,
        factor: float = 1.0,
        rescale: Rescale | None = None,
        sigma: float | None = None,
    ) -> None:
        """With `volume` a stack is one frame.

        `factor` is how many times longer than the input's the sides of the result are, `rescale` how frames are
        brought to [0, 1]: by their type, or by their content; `sigma` the noise that was given.
        """
        self._volume, self._factor, self._rescale, self._sigma = volume, factor, rescale, sigma

    def load(self, item: Item) -> Picture:
        """The picture, if its output can hold it."""
        format_of_name(item.output)
        picture = self.read(item)
        check_output(item.output, picture)
        lost = what_is_lost(item.output, picture)
        if lost is not None:
            picture = replace(picture, warnings=(*picture.warnings, lost))
        picture = hide_unseen(item.input, picture)
        if self._rescale is not None:
            picture = self._rescale(item.input, picture)
        if self._sigma is not None:
            check_sigma(self._sigma, item, picture.encoding)
        return fill_unseen(picture) if self._fills_unseen else picture

    def read(self, item: Item) -> Picture:
        """The picture as its file has it."""
        return load_picture(item.input, volume=self._volume)

    def references(self, item: Item, source: Picture, path: Path | None) -> Sequence[Tensor | None]:
        """As many true frames."""
        if path is None:
            return [None] * len(source.frames)
        frames = load_reference(path, source)
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

    def metric(self, source: Picture, statement: Statement, truth: Tensor) -> Callable[[Tensor], float]:
        """The PSNR over the part that is fitted."""
        score = score_range(source, truth)
        seen = score(truth.to(statement.classical[1].device)[statement.part])
        return lambda picture: psnr_db(score(picture), seen)

    def score(self, source: Picture, measurement: Tensor, fitted: Fitted, truth: Tensor) -> Mapping[str, float]:
        """PSNR and SSIM of result, classical answer and input, where they have the truth's size."""
        score = score_range(source, truth)
        statement, picture, truth = fitted.statement, score(fitted.picture), score(truth.to(measurement.device))
        classical, measured = score(statement.classical[1]), score(measurement)
        scores = {
            "psnr_db": psnr_db(picture, truth),
            "ssim": ssim(picture, truth.where(truth.isfinite(), picture)),
            "classical_psnr_db": psnr_db(classical, truth),
            "data_range": score.data_range,
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

    def panels(
        self, source: Picture, measurement: Tensor, fitted: Fitted, truth: Tensor | None
    ) -> Sequence[Panel]:
        """Input, classical estimate, result, and where the truth is known, what is wrong."""
        return panels_of(measurement, fitted, truth, source.encoding)

    def arrays(self, source: Picture, frames: Sequence[Fitted]) -> Mapping[str, NDArray[Any]]:
        """As .npy files would hold them; kernels of a stack one below the other where all have one size."""
        classical = [array_of(frame.statement.classical[1]) for frame in frames]
        pictures = [array_of(frame.picture) for frame in frames]
        named = {
            "image": stored_array(pictures, source, self._kept(source, frames)),
            "classical": stored_array(classical, source),
        }
        maps = [array_of(frame.spread) for frame in frames if frame.spread is not None]
        if len(maps) == len(frames):
            named["spread"] = stored_array(maps, differences_like(source))
        return named | arrays_of_objects(frames)

    def write(self, item: Item, source: Picture, frames: Sequence[Fitted], context: Context) -> dict[str, Path]:  # noqa: ARG002
        """The pictures, the objects that were found beside them, and the spread over runs."""
        save_picture(
            item.output, [array_of(frame.picture) for frame in frames], source, self._kept(source, frames)
        )
        outputs = {"picture": item.output, **write_objects(item, frames)}
        outputs |= write_residual(item, source, frames)
        spreads = [frame.spread for frame in frames]
        if all(spread is not None for spread in spreads):
            outputs["spread"] = item.beside("spread.tif")
            maps = [array_of(spread) for spread in spreads if spread is not None]
            save_picture(outputs["spread"], maps, differences_like(source))
        return outputs

    def _kept(self, source: Picture, frames: Sequence[Fitted]) -> NDArray[np.bool_] | None:
        """Where stored values are written as they are: those that are said to be, and codes for missing values."""
        found = [frame.statement.unchanged for frame in frames]
        kept = (
            None if None in found else np.stack([tensor.cpu().numpy() for tensor in found if tensor is not None])
        )
        if source.no_data is None or self._fills:
            return kept
        return source.no_data if kept is None else kept | source.no_data


class Pictures(PictureFiles):
    """Pictures whose frames are all that a task needs to know."""

    def __init__(
        self,
        state: Callable[..., Statement],
        workload: Callable[[Tensor], Workload],
        *,
        volume: bool = False,
        tile: int | None = 0,
        factor: float = 1.0,
        rescale: Rescale = in_own_range,
        fills_unseen: bool = False,
        sigma: float | None = None,
        decide: Callable[..., Callable[..., Statement]] | None = None,
    ) -> None:
        """`state` is called with a frame and the `units` of its file.

        So is `decide`, which makes the `state` of tiles, where something is decided once for the whole frame.
        """
        super().__init__(volume=volume, factor=factor, rescale=rescale, sigma=sigma)
        self._fills_unseen = fills_unseen
        self._state, self._workload, self.tile, self._decide = state, workload, tile, decide

    def for_frames(self, source: Picture, device: torch.device) -> Self:
        """With a `state` that was decided by all frames of a stack, one below the other."""
        if len(source.frames) == 1:
            return self
        return self.for_tiles(source, torch.from_numpy(np.concatenate(source.frames, axis=1)).to(device))

    def for_tiles(self, source: Picture, measurement: Tensor) -> Self:
        """With a `state` that was decided by the whole frame."""
        if self._decide is None:
            return self
        tiled = copy.copy(self)
        tiled._state, tiled._decide = self._decide(measurement, units=source.encoding.units), None
        return tiled

    def workload(self, measurement: Tensor) -> Workload:
        """As the task says."""
        return self._workload(measurement)

    def state(self, source: Picture, measurement: Tensor, control: Control) -> Statement:  # noqa: ARG002
        """As the task says."""
        return self._state(measurement, units=source.encoding.units)


class MaskedPictures(Pictures):
    """Pictures with parts missing, by a mask or by themselves."""

    _fills = True

    def __init__(self, options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]) -> None:
        """`options` are those that do not depend on what is missing, `recipes` all of them for each kind of it."""
        stated: dict[str, Any] = {"options": options, "recipes": recipes}
        super().__init__(
            partial(inpainting.state_inpainting, **stated),
            partial(inpainting.workload_of, **stated),
            volume=options.volume,
            tile=options.tile,
            fills_unseen=True,
            sigma=options.sigma,
            decide=partial(inpainting.decide, **stated),
        )
        self._options, self.writes_first = options, options.show_mask
        self._windows: Callable[[Tensor], list[Tile]] = partial(inpainting.windows_of, **stated)

    def windows(self, measurement: Tensor) -> list[Tile]:
        """One for each group of gaps, where they are far apart."""
        return self._windows(measurement) if self.tile is None else []

    def load(self, item: Item) -> Picture:
        """The picture; known values are returned as they were, which a lossy output spoils."""
        picture = super().load(item)
        return picture if self._options.denoise else warned_of_loss(item, picture)

    def write_first(self, item: Item, source: Picture) -> dict[str, Path]:
        """The mask."""
        return write_mask(item, source)

    def read(self, item: Item) -> Picture:
        """With NaN where something is missing."""
        return load_with_mask(item, self._options)


def warned_of_loss(item: Item, picture: Picture) -> Picture:
    """The picture, with a warning where the output's format loses what must be kept exactly."""
    if not format_of_name(item.output).is_lossy:
        return picture
    lossy = f"{item.output}: is compressed again, and no value survives that; end the name in .png."
    return replace(picture, warnings=(*picture.warnings, lossy))


def _size(shape: Sequence[int]) -> str:
    channels, *sides = shape
    return f"{by(reversed(sides))} with {channels} channel(s)"
