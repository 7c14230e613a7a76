"""JPEG files: how their own coefficients are read, and what is stated for them."""

from dataclasses import replace

from torch import Tensor

from dipcli.engine.forecast import Workload
from dipcli.pictures import dejpeg
from dipcli.pictures.files.jpeg import read_jpeg
from dipcli.pictures.files.picture import Picture
from dipcli.pictures.medium import PictureFiles, warned_of_loss
from dipcli.pictures.options import DenoiseOptions
from dipcli.pipeline.item import Item
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Statement


class JpegFiles(PictureFiles):
    """Pictures whose files' own quantised coefficients are what was measured."""

    def __init__(self, options: DenoiseOptions) -> None:
        super().__init__()
        self._options = options

    def load(self, item: Item) -> Picture:
        """The picture; its result is in the cells of its coefficients, which a lossy output spoils."""
        return warned_of_loss(item, super().load(item))

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
