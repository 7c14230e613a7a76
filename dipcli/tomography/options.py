"""Knobs of tomography."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.engine import EngineOptions
from dipcli.options.notes import Range

FilterName = Literal["ramp", "hann"]
MethodName = Literal["patches", "tv", "sirt", "fbp", "osem", "mlem"]
OF_EMISSION, OF_ABSORPTION = ("osem", "mlem"), ("tv", "sirt")  # methods that the other one does not have
ValuesName = Literal["auto", "counts", "transmission", "integrals", "emission"]
DetectorName = Literal["flat", "arc"]
VolumeFormat = Literal["tif", "npy", "h5", "png"]


@dataclass(frozen=True)
class ReadingOptions:
    """How projections are read, and in which format slices are written."""

    angles: Annotated[
        str | None,
        "Degrees of the views: 180 for that range, evenly, without its end; -60:60 with both ends; or a file.",
    ] = None
    key: Annotated[str | None, "Name of the array of projections in a file of several (h5, mat, npz)."] = None
    axes: Annotated[
        str | None, "What the axes of an array are, for example slice,view,detector; views come first without it."
    ] = None
    slices: Annotated[str, "Which slices: all, middle, 17, or 10:20; counted from 0."] = "all"
    flat: Annotated[Path | None, "Fields without a sample, of the detector or several of them."] = None
    dark: Annotated[Path | None, "Fields without a beam."] = None
    values: Annotated[
        ValuesName,
        "What was stored: counts, transmission (counts by flat field), integrals (its -log), or the counts of an "
        "emission (PET).",
    ] = "auto"
    format: Annotated[
        VolumeFormat, "Format of the outputs of a folder; a single output's name decides itself."
    ] = "tif"


@dataclass(frozen=True)
class BeamOptions:
    """Where rays come from, and what becomes of them on their way."""

    source_distance: Annotated[
        float | None,
        "Distance from source to detector, in pixels of the detector, of a fan beam; parallel without it.",
        Range(1),
    ] = None
    detector: Annotated[DetectorName, "Of a fan beam: flat, or an arc around the source."] = "flat"
    attenuation: Annotated[
        Path | None, "Of an emission: the share of each ray's pairs that is counted; as large as the projections."
    ] = None
    randoms: Annotated[
        Path | None, "Of an emission: the counts expected beside those of the object (randoms, scatter)."
    ] = None


@dataclass(frozen=True)
class CorrectionOptions:
    """What is corrected before anything is reconstructed."""

    centre: Annotated[float | None, "Detector pixel of the axis of rotation, from 0; found without it."] = None
    keep_rings: Annotated[bool, "Leave pixels of the detector that differ in all views as they are."] = False
    simulate: Annotated[
        int | None, "Use only so many of the views, evenly; the rest is a test.", Range(2, 1_000_000)
    ] = None


@dataclass(frozen=True)
class ImagingOptions:
    """How slices are reconstructed."""

    method: Annotated[MethodName, "Patch groups after tv (or osem of an emission), or another one alone."] = (
        "patches"
    )
    filter: Annotated[
        FilterName, "Of the filtered back-projection that is the method, or the truth of a test."
    ] = "hann"
    classical: Annotated[
        float | None, "Share of the classical estimate; by a trial with hidden rays without it.", Range(0, 1)
    ] = None
    keep_classical: Annotated[bool, "Write the other classical reconstructions too."] = False


@dataclass(frozen=True)
class TomographyOptions:
    """All that `dipcli tomography` can be given beside its files."""

    reading: ReadingOptions = ReadingOptions()
    beam: BeamOptions = BeamOptions()
    correction: CorrectionOptions = CorrectionOptions()
    imaging: ImagingOptions = ImagingOptions()
    engine: EngineOptions = EngineOptions()

    def __post_init__(self) -> None:
        """Raise OptionError where the options do not fit each other."""
        if self.reading.flat is not None and self.reading.values in ("transmission", "integrals"):
            raise OptionError(
                f"--values {self.reading.values} has been divided by a flat field; leave --flat out."
            )
        is_emission = self.reading.values == "emission"
        if not is_emission and (self.beam.attenuation is not None or self.beam.randoms is not None):
            raise OptionError("--attenuation and --randoms are for counts of an emission; add --values emission.")
        if is_emission and (self.reading.flat is not None or self.reading.dark is not None):
            raise OptionError("An emission has no flat and no dark field; give --attenuation and --randoms.")
        if self.imaging.method in (OF_ABSORPTION if is_emission else OF_EMISSION):
            kind = "an emission" if is_emission else "absorption"
            raise OptionError(f"--method {self.imaging.method} is not for {kind}; leave it out.")
        if self.beam.detector == "arc" and self.beam.source_distance is None:
            raise OptionError("--detector arc is of a fan beam; give its --source-distance, too.")
