"""A noise level that was given: in which unit it is, and whether it can be meant."""

from dipcli.errors import OptionError
from dipcli.pictures.files.picture import FileEncoding
from dipcli.pictures.files.ranges import full_scale
from dipcli.pipeline.item import Item
from dipcli.report.messages import LOGGER


def check_sigma(sigma: float, item: Item, encoding: FileEncoding) -> None:
    """Refuse a deviation of more than all that the values differ by; say its unit where that is the file's own.

    Raises OptionError.
    """
    white, span = full_scale(encoding.dtype), f"from {encoding.low:.6g} to {encoding.high:.6g}"
    if white > 1 and sigma > 1:
        raise OptionError(
            f"{item.input}: --sigma {sigma:g} is above 1, and 1 is white; write --sigma {sigma:g}/{white:.0f} for "
            "grey levels, or leave it out, and it is measured."
        )
    if white == 1 and sigma * encoding.units.white > 1:
        raise OptionError(
            f"{item.input}: --sigma {sigma:g} is in the file's own units, whose values go {span}; give less, or "
            "leave it out, and it is measured."
        )
    if white == 1:
        LOGGER.info("%s: --sigma %g is in the file's own units, whose values go %s", item.name, sigma, span)
