"""Files of blurred pictures: those of pictures, with a word to whoever waits for the search."""

from functools import partial

from torch import Tensor

from dipcli.blur.deblurring import HEADROOM, state_deblurring, workload_of
from dipcli.blur.kernel_option import given_kernel, true_kernel
from dipcli.blur.options import DeblurOptions
from dipcli.pictures.files.images import in_own_range
from dipcli.pictures.files.picture import Picture
from dipcli.pictures.medium import Pictures
from dipcli.pipeline.medium import Control
from dipcli.pipeline.statement import Statement


class BlurredPictures(Pictures):
    """Pictures whose task tells how far it is before its fit."""

    def state(self, source: Picture, measurement: Tensor, control: Control) -> Statement:
        """As the task says."""
        return self._state(measurement, units=source.encoding.units, tell=control.tell)


def deblurring(options: DeblurOptions) -> BlurredPictures:
    """A sharp picture, and its kernel. Raises InputError or OptionError for a given one that is none."""
    kernel, truth = given_kernel(options), true_kernel(options)
    is_light = options.gamma > 1 or options.method == "rl"
    return BlurredPictures(
        partial(state_deblurring, options=options, kernel=kernel, truth=truth),
        partial(workload_of, options=options, kernel=kernel),
        rescale=partial(in_own_range, headroom=HEADROOM, from_zero=is_light),
        sigma=options.sigma,
        fills_unseen=True,
    )
