"""Files of blurred pictures: those of pictures, with a word to whoever waits for the search."""

from torch import Tensor

from dipcli.pictures.files.picture import Picture
from dipcli.pictures.medium import Pictures
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Statement


class BlurredPictures(Pictures):
    """Pictures whose task tells how far it is before its fit."""

    def state(self, source: Picture, measurement: Tensor, control: Control) -> Statement:
        """As the task says."""
        return self._state(measurement, units=source.encoding.units, tell=control.tell)
