"""Knobs of phase retrieval, and of the simulation of patterns."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.engine import EngineOptions
from dipcli.options.notes import Flag, Range

PhasingMethod = Literal["auto", "classical", "sparse", "double-dip", "hybrid"]
AlgorithmName = Literal["auto", "hio", "raar", "er"]
UnknownsName = Literal["magnitude-phase", "real-imaginary"]
MisfitName = Literal["amplitude", "poisson", "intensity"]
ObjectFormat = Literal["cxi", "npz"]
SampleName = Literal["cdi", "bcdi"]


def counts_of(name: str, text: str | None) -> tuple[int, ...] | None:
    """The counts in `3,2,1` or `2`. Raises OptionError for anything else."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise OptionError(f"--{name} {text} is no list of counts; give one, or one for each axis, as in 3,2,1.")
    return tuple(int(part) for part in parts)


@dataclass(frozen=True)
class PatternOptions:
    """How a pattern is read, and in which format its object is written."""

    key: Annotated[str | None, "Name of the array in a file of several (h5, cxi, mat, npz); or FILE.h5:NAME."] = (
        None
    )
    input_is: Annotated[Literal["intensity", "amplitude"], "What was stored: counts, or their square roots."] = (
        "intensity"
    )
    mask: Annotated[
        Path | None, "A file of the pattern's shape, 0 on good pixels; in CXI and NeXus files, their bits."
    ] = None
    mask_marks: Annotated[
        Literal["auto", "bad", "good"],
        "What a mask's pixels are that are not 0; auto: bad, unless they are most of the pixels and of the light.",
    ] = "auto"
    zero_is_bad: Annotated[bool, "Pixels of 0 were not measured (gaps that are filled with zeros)."] = False
    saturation: Annotated[
        float | None, "Counts from here on are not believed; 65535 and the like are found.", Range(0)
    ] = None
    dark: Annotated[Path | None, "What the detector shows without light; subtracted."] = None
    flat: Annotated[Path | None, "What it shows under even light; divided by."] = None
    center: Annotated[
        Literal["auto", "max", "com", "none"],
        "What becomes the centre: the brightest pixel, the centre of mass; auto: the former, if need be.",
    ] = "auto"
    crop: Annotated[str | None, "Sides of the part around the centre that is used, for example 128,128."] = None
    bin: Annotated[str | None, "Pixels that are summed along each axis, for example 2 or 3,2,1."] = None
    format: Annotated[
        ObjectFormat, "Format of the outputs of a folder; a single output's name decides itself."
    ] = "cxi"

    def __post_init__(self) -> None:
        """Raise OptionError for sides that are no counts."""
        for name in ("crop", "bin"):
            counts_of(name, getattr(self, name))


@dataclass(frozen=True)
class GeometryOptions:
    """Where a pattern was measured, where its file does not say it; sizes in nm follow, of volumes strain too."""

    energy_kev: Annotated[float | None, "Photon energy in keV.", Range(0)] = None
    distance_m: Annotated[float | None, "From the sample to the detector, in m.", Range(0)] = None
    pixel_um: Annotated[str | None, "Side of a detector's pixel in µm, or rows and columns, as in 55,55."] = None
    rocking_step_deg: Annotated[float | None, "Turn of the sample from one frame to the next, in degrees."] = None
    rocking_axis: Annotated[Literal["vertical", "horizontal"], "What the sample is turned about."] = "vertical"
    delta_deg: Annotated[float | None, "Angle of the detector up from the horizontal plane, in degrees."] = None
    gamma_deg: Annotated[
        float | None, "Angle of the detector in the horizontal plane, to the left along the beam, in degrees."
    ] = None
    frame: Annotated[
        Literal["lab", "crystal"],
        "Axes of a volume in nm: the lab's (z along the beam, y up), or the crystal's (y along the momentum).",
    ] = "lab"

    def __post_init__(self) -> None:
        """Raise OptionError for sides that are no numbers."""
        self.pixels_um  # noqa: B018 - parsed for its errors

    @property
    def pixels_um(self) -> tuple[float, float] | None:
        """Of rows and columns."""
        if self.pixel_um is None:
            return None
        try:
            sides = [float(part) for part in self.pixel_um.split(",")]
        except ValueError:
            sides = []
        if len(sides) not in (1, 2) or not all(0 < side < float("inf") for side in sides):
            raise OptionError(f"--pixel-um {self.pixel_um} is no side; give 55, or 55,75 for rows and columns.")
        return sides[0], sides[-1]


@dataclass(frozen=True)
class PhasingOptions:
    """What is believed of the object, and how its phases are found."""

    method: Annotated[
        PhasingMethod,
        "classical: many starts of projections; sparse: then small first and second-order total variation; "
        "double-dip: two networks; hybrid: networks that begin at the sparse object; auto: sparse.",
    ] = "auto"
    starts: Annotated[int, "Random starts of the projections; 0: 12 in 2D, 8 in 3D.", Range(0)] = 0
    algorithm: Annotated[
        AlgorithmName,
        "The projections: HIO, RAAR, or error reduction; auto: HIO, and RAAR in every second search.",
    ] = "auto"
    cycles: Annotated[
        int,
        "Cycles of one round, after which the better half of the starts goes on; 0: 600 in 2D, 200 in 3D.",
        Range(0),
    ] = 0
    rounds: Annotated[int, "Most rounds; fewer where the two best starts agree.", Range(1)] = 6
    searches: Annotated[
        int,
        "Most searches, each from other starts; fewer where two show the same object. 0: 16 in 2D, 1 in 3D.",
        Range(0),
    ] = 0
    support: Annotated[
        Path | None, "Where the object is, if that is known: a file of the pattern's or the object's shape."
    ] = None
    support_threshold: Annotated[
        float, "Share of the largest magnitude that belongs to the support.", Range(0.01, 0.9)
    ] = 0.15
    support_every: Annotated[int, "Cycles between two updates of the support.", Range(1)] = 20
    detwin: Annotated[bool, "Hide half of the support for a moment, where objects come out with their twins."] = (
        False
    )
    free_pixels: Annotated[
        float, "Share of the pixels hidden from the search, which rank its starts.", Range(0.005, 0.3)
    ] = 0.05
    unknowns: Annotated[UnknownsName, "What the two networks draw; the phase is unbounded."] = "real-imaginary"
    uniform_magnitude: Annotated[bool, "The object has one magnitude everywhere inside, as a crystal has."] = False
    nonnegative_real: Annotated[bool, "The real part is not negative, as of weakly scattering matter."] = False
    coherence: Annotated[
        str,
        "How far the beam is coherent. auto: found, where free pixels want it; full; or σ of the Gaussian that "
        "blurs intensities, in pixels, as in 0.5, or for each axis, as in 0.5,0.3,0.2.",
    ] = "auto"
    loss: Annotated[MisfitName, "The networks' data term; the object's brightness is solved for."] = "amplitude"
    tv_weight: Annotated[float, "Weight of the total variation of both unknowns.", Range(0)] = 0.0
    fresnel: Annotated[
        float, "Curvature c of a near field: the object is multiplied by exp(iπ·c·m²), m in pixels; 0: far away."
    ] = 0.0
    fft_sign: Annotated[
        Literal["-1", "+1"], "Sign in exp(±2πi·k·r) from object to pattern: PyNX has -1, cohere +1."
    ] = "-1"

    def __post_init__(self) -> None:
        """Raise OptionError where the method cannot do what is asked for."""
        if self.fresnel and self.method != "double-dip":
            raise OptionError("Projections know the far field only; with --fresnel use --method double-dip.")
        self._sigmas()

    def sigmas_of_coherence(self, n_axes: int) -> tuple[float, ...] | None:
        """The blur that is given for each axis of a pattern, () for none; None where it is to be found.

        Raises OptionError for another number of axes.
        """
        sigmas = self._sigmas()
        if sigmas is not None and len(sigmas) not in (0, 1, n_axes):
            raise OptionError(f"--coherence {self.coherence} is for {len(sigmas)} axes; the pattern has {n_axes}.")
        return sigmas if sigmas is None or len(sigmas) != 1 else sigmas * n_axes

    def _sigmas(self) -> tuple[float, ...] | None:
        if self.coherence in ("auto", "full"):
            return None if self.coherence == "auto" else ()
        try:
            sigmas = tuple(float(part) for part in self.coherence.split(","))
        except ValueError:
            sigmas = (-1.0,)
        if not all(0 <= sigma < float("inf") for sigma in sigmas):
            raise OptionError(f"--coherence {self.coherence} is not known; give auto, full, 0.5, or 0.5,0.3,0.2.")
        return sigmas if any(sigmas) else ()

    @property
    def chosen(self) -> PhasingMethod:
        """The method, auto being what measured best, see tests/bench/phase.py."""
        return "sparse" if self.method == "auto" else self.method


@dataclass(frozen=True)
class PhaseOptions:
    """All that `dipcli phase-retrieve` can be given beside its files."""

    pattern: PatternOptions = PatternOptions()
    geometry: GeometryOptions = GeometryOptions()
    phasing: PhasingOptions = PhasingOptions()
    engine: EngineOptions = EngineOptions()


@dataclass(frozen=True)
class SimulationOptions:
    """The object and the measurement that are simulated."""

    output: Annotated[Path, "Where the pattern and its truth go: .cxi or .npz.", Flag("-o")] = Path("scan.cxi")
    size: Annotated[int, "Side of the pattern; the object is less than half of it.", Range(16)] = 64
    phase_range: Annotated[float, "Range of the strain's phase in radians.", Range(0)] = 1.0
    dislocations: Annotated[int, "Edge dislocations, of alternating sign.", Range(0, 1000)] = 0
    modulation: Annotated[float, "Range of the smooth modulation of the magnitude.", Range(0, 1)] = 0.0
    photons: Annotated[float, "Photons in all, with their noise; inf for none.", Range(1, float("inf"))] = 1e8
    background: Annotated[float, "Mean background in each pixel.", Range(0)] = 0.0
    coherence: Annotated[
        float, "σ in pixels of the Gaussian by which a beam that is coherent in part blurs intensities.", Range(0)
    ] = 0.0
    beamstop: Annotated[int, "Side of the square (cube) in the centre that is not measured.", Range(0)] = 0
    gap: Annotated[int, "Width of bars, across two axes, that are not measured.", Range(0)] = 0
    seed: Annotated[int, "Decides facets, strain, dislocations and noise.", Range(0, 2**63 - 1)] = 0
    overwrite: Annotated[bool, "Write over an output that exists."] = False
    dry_run: Annotated[bool, "Say what would be written; compute and write nothing.", Flag("-n")] = False
    quiet: Annotated[bool, "Say nothing but errors.", Flag("-q")] = False
