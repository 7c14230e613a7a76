"""The tags of a TIFF that say nothing of how its pixels are stored; those that say where they lie are scaled."""

import struct
from collections.abc import Mapping, Sequence
from typing import final

from tifffile import TIFF, TiffPage

from dipcli.pictures.files.picture import TiffTag

# Written anew: sizes, colours, axes and resolution of the result, and what has a place of its own in `Metadata`.
OWN = (
    {254, 255, 263, 264, 265, 270, 274, 280, 281, 282, 283, 286, 287, 288, 289, 290, 291, 296, 297, 301, 305}
    | {318, 319, 320, 321, 332, 333, 334, 336, 337, 340, 341, 342, 347, 529, 530, 531, 532, 700, 33723, 34675}
    | {50838, 50839, *range(512, 522)}
)
IFDS = frozenset({13, 18})  # types of tags that point to further tags
# What points into the file, or holds the picture once more; it would be wrong in any other file.
TIED = (
    {330: "sub-images", 34377: "Photoshop's resources", 37724: "Photoshop's layers", 34412: "Zeiss LSM"}
    | dict.fromkeys(range(33628, 33632), "MetaMorph")
    | {33560: "Olympus SIS", 34361: "FluoView", 34362: "FluoView"}
)
SCALE, TIEPOINTS, MATRIX, KEYS, RPC = 33550, 33922, 34264, 34735, 50844
GEO = frozenset({SCALE, TIEPOINTS, MATRIX, KEYS, 34736, 34737, RPC})
IS_POINT = (1025, 2)  # the key GTRasterType and its value where coordinates are those of the middles of pixels
DESCRIPTIVE = frozenset({271, 272, 306, 315, 33432})  # what EXIF has, too


def carried_tags(page: TiffPage) -> tuple[TiffTag, ...]:
    """The tags of a page that are as true for a restored picture as for the original."""
    left_out = OWN | TIFF.TAG_FILTERED | TIED.keys()
    tags = [tag for tag in page.tags if tag.code not in left_out and tag.dtype not in IFDS]
    return tuple(TiffTag(tag.code, int(tag.dtype), tag.count, tag.astuple()[3]) for tag in tags)


def tied_tags(page: TiffPage) -> list[str]:
    """What is said of the tags that cannot be carried."""
    return list(dict.fromkeys(TIED[tag.code] for tag in page.tags if tag.code in TIED))


def scaled_tags(tags: Sequence[TiffTag], byteorder: str, ratios: Mapping[str, float]) -> tuple[TiffTag, ...]:
    """The tags of a picture that has `ratios[axis]` times as many pixels along X and Y, on the same ground."""
    ground = _Ground(tags, byteorder, ratios.get("X", 1.0), ratios.get("Y", 1.0))
    return tuple(ground.scaled(tag) for tag in tags)


@final
class _Ground:
    """Where pixels lie: coordinates are those of their corners, or of their middles."""

    def __init__(self, tags: Sequence[TiffTag], byteorder: str, across: float, down: float) -> None:
        self._byteorder, self._ratios = byteorder, (across, down)
        keys = next((tag for tag in tags if tag.code == KEYS), None)
        words = () if keys is None else struct.unpack(f"{byteorder}{keys.n_values}H", keys.value)
        entries = [words[start : start + 4] for start in range(4, len(words) - 3, 4)]
        self._shift = 0.5 if any((entry[0], entry[3]) == IS_POINT for entry in entries) else 0.0

    def scaled(self, tag: TiffTag) -> TiffTag:
        """One tag; all but those of the ground are left as they are."""
        across, down = self._ratios
        if tag.code not in (SCALE, TIEPOINTS, MATRIX, RPC) or tag.dtype != 12:  # doubles
            return tag
        values = list(struct.unpack(f"{self._byteorder}{tag.n_values}d", tag.value))
        if tag.code == SCALE:
            values[:2] = values[0] / across, values[1] / down
        elif tag.code == TIEPOINTS:
            for start in range(0, len(values) - 5, 6):
                values[start : start + 2] = self._moved(values[start], values[start + 1], self._shift)
        elif tag.code == MATRIX and len(values) == 16:
            for row in range(0, 16, 4):
                x, y, _, origin = values[row : row + 4]
                shifts = self._shift / across - self._shift, self._shift / down - self._shift
                values[row : row + 4] = (
                    x / across,
                    y / down,
                    values[row + 2],
                    origin + x * shifts[0] + y * shifts[1],
                )
        elif tag.code == RPC and len(values) > 8:  # line and sample: offsets, then scales; integers are middles
            values[3], values[2] = self._moved(values[3], values[2], 0.5)
            values[8], values[7] = values[8] * across, values[7] * down
        return TiffTag(
            tag.code, tag.dtype, tag.n_values, struct.pack(f"{self._byteorder}{tag.n_values}d", *values)
        )

    def _moved(self, x: float, y: float, shift: float) -> tuple[float, float]:
        across, down = self._ratios
        return (x + shift) * across - shift, (y + shift) * down - shift
