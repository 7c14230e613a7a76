"""The part of a TIFF that speaks of axes, spacing and channels, in ImageJ's, OME's or tifffile's words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tifffile import COMPRESSION, TiffFile, TiffPage, xml2dict

from dipcli.pictures.files.layout import CHANNEL_AXES, SPACE_AXES
from dipcli.pictures.files.picture import Stored, TiffDetails
from dipcli.pictures.files.tiff_samples import bits_of
from dipcli.pictures.files.tiff_tags import carried_tags

# Counted anew from the array when the file is written.
IMAGEJ_COUNTS = ("ImageJ", "images", "channels", "slices", "frames", "hyperstack")
AXES_COUNTS = ("shape", "axes", "truncate")
OME_PIXELS = ("PhysicalSize", "TimeIncrement")
OME_CHANNEL = (
    "Name",
    "Color",
    "AcquisitionMode",
    "ContrastMethod",
    "EmissionWavelength",
    "EmissionWavelengthUnit",
    "ExcitationWavelength",
    "ExcitationWavelengthUnit",
    "Fluor",
    "IlluminationType",
    "PinholeSize",
    "PinholeSizeUnit",
)


def details_of(tiff: TiffFile, page: TiffPage) -> TiffDetails:
    """Read the style of a TIFF and the fields that it keeps in its description."""
    extra_samples = tuple(int(sample) for sample in page.extrasamples)
    details = TiffDetails(
        compressed=page.compression != COMPRESSION.NONE,
        premultiplied=1 in extra_samples,
        extra_samples=extra_samples,
        bits=bits_of(page),
        tags=carried_tags(page),
        byteorder=">" if tiff.byteorder == ">" else "<",
        software=page.software if page.software.isascii() else "",
    )
    if tiff.is_imagej:
        return replace(details, style="imagej", fields=_without(tiff.imagej_metadata or {}, IMAGEJ_COUNTS))
    if tiff.is_ome and tiff.ome_metadata:
        return replace(details, style="ome", fields=_ome_fields(tiff.ome_metadata))
    if tiff.is_shaped:
        return replace(details, style="axes", fields=_without((tiff.shaped_metadata or ({},))[0], AXES_COUNTS))
    description = page.description if page.description.isascii() else None
    return replace(details, description=description or None)


def metadata_options(stored: Stored) -> dict[str, Any]:
    """The options of `tifffile.imwrite` that write the description back.

    A plain TIFF has pages only; an array with more stack axes than one needs them described.
    """
    details = stored.metadata.tiff
    described = {**details.fields, "axes": stored.axes}
    stack = [axis for axis in stored.axes if axis not in CHANNEL_AXES + SPACE_AXES]
    if details.style == "imagej":
        return {
            "imagej": True,
            "metadata": {_imagej_text(name): _imagej_text(described[name]) for name in described},
        }
    if details.style == "ome":
        return {"ome": True, "metadata": described}
    if details.style == "axes" or len(stack) > 1 or "C" in stored.axes:
        return {"metadata": described}
    return {"metadata": None, "description": details.description or _ascii(stored.metadata.comment)}


def _imagej_text(value: Any) -> Any:  # noqa: ANN401 - numbers stay what they are
    """Text as ImageJ has it in a description: a micrometre is \\u00b5m."""
    if not isinstance(value, str):
        return value
    return "".join(letter if letter.isascii() else f"\\u{ord(letter):04x}" for letter in value)


def _ascii(comment: bytes | None) -> str | None:
    return comment.decode("ascii", "replace").replace("\ufffd", "?") if comment else None


def _without(fields: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def _ome_fields(xml: str) -> dict[str, Any]:
    """Physical sizes, time step, names and channels of the first image; not its instruments and planes."""
    image = _first(xml2dict(xml)["OME"]["Image"])
    pixels = image["Pixels"]
    fields = {name: value for name, value in pixels.items() if name.startswith(OME_PIXELS)}
    fields |= {name: image[name] for name in ("Name", "Description") if image.get(name)}
    channels = pixels.get("Channel", [])
    channels = channels if isinstance(channels, list) else [channels]
    columns = {name: [channel[name] for channel in channels] for name in _shared_names(channels)}
    return {**fields, "Channel": columns} if columns else fields


def _shared_names(channels: list[dict[str, Any]]) -> list[str]:
    return [name for name in OME_CHANNEL if channels and all(name in channel for channel in channels)]


def _first(value: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
    return value[0] if isinstance(value, list) else value
