"""Which of the pictures in a TIFF is meant; thumbnails, previews and what cameras measured are not."""

from pathlib import Path

from tifffile import PHOTOMETRIC, TiffFile, TiffPageSeries

from dipcli.errors import InputError
from dipcli.io.names import by

RAW_COLOURS = (PHOTOMETRIC.CFA, PHOTOMETRIC.LINEAR_RAW)
CANON = b"CR"  # the two bytes behind the header of a CR2 file
MOST_PAGES = 100_000
SMALLER = 2  # times, of each side, that a thumbnail without a mark is smaller than the picture it shows
SAME_SHAPE = 0.05  # by how much the ratio of their sides may differ


def main_series(path: Path, tiff: TiffFile) -> tuple[TiffPageSeries, list[str]]:
    """The series to read, and warnings about others.

    Raises InputError for cameras' raw files, for complex values, and where there is no picture at all.
    """
    if len(tiff.pages) > MOST_PAGES:
        raise InputError(f"{path}: more than {MOST_PAGES:,} pages; split it into smaller files.")
    if _is_raw(tiff):
        raise InputError(
            f"{path}: is a camera's raw file; develop it to a 16-bit TIFF first, with darktable or RawTherapee."
        )
    whole = [series for series in tiff.series if not series.keyframe.is_reduced] or list(tiff.series)
    if not whole or not {"X", "Y"} & set(whole[0].axes):
        raise InputError(f"{path}: holds no picture; export it again.")
    series = _shown_by_thumbnail(whole)
    if series.dtype is None or series.dtype.kind == "c":
        kind = "complex or unknown" if series.dtype is None else f"complex ({series.dtype.name})"
        raise InputError(
            f"{path}: its values are {kind}, those of pictures are real; give magnitudes, or two files of parts."
        )
    warnings = []
    if series is not tiff.series[0]:
        warnings.append(f"its first page, {_size(tiff.series[0])}, is a thumbnail; {_size(series)} was read.")
    n_pictures = sum(other is series or not _is_thumbnail(other, series) for other in whole)
    if n_pictures > 1:
        warnings.append(f"only the first of its {n_pictures} series is used.")
    return series, warnings


def _is_raw(tiff: TiffFile) -> bool:
    """Whether a camera wrote it: mosaics of colour filters, linear raw values, DNG or CR2."""
    pages = [series.keyframe for series in tiff.series]
    tiff.filehandle.seek(8)
    is_canon = tiff.filehandle.read(len(CANON)) == CANON
    return is_canon or any(page.photometric in RAW_COLOURS or "DNGVersion" in page.tags for page in pages)


def _shown_by_thumbnail(whole: list[TiffPageSeries]) -> TiffPageSeries:
    """The first series, or, in a file of plain pages, the largest that it is a small copy of."""
    first = whole[0]
    larger = [series for series in whole[1:] if first.kind == "generic" and _is_thumbnail(first, series)]
    return max(larger, key=lambda series: series.keyframe.size, default=first)


def _is_thumbnail(small: TiffPageSeries, large: TiffPageSeries) -> bool:
    """Whether one series is a much smaller picture of the other's shape."""
    height, width = small.keyframe.imagelength, small.keyframe.imagewidth
    tall, wide = large.keyframe.imagelength, large.keyframe.imagewidth
    ratio = (tall / height) / (wide / width)
    return min(tall / height, wide / width) >= SMALLER and abs(ratio - 1) < SAME_SHAPE


def _size(series: TiffPageSeries) -> str:
    return by((series.keyframe.imagewidth, series.keyframe.imagelength))
