"""Every knob, declared once: name, meaning, range and default.

A command turns each field into a flag of the same name; the record of a run is `asdict` of the same objects.
"""

from dipcli.options.batch import BatchOptions, ClusterOptions, SchedulerName
from dipcli.options.blurs import DeblurOptions, DeblurringOptions, DeconvolutionName, KernelPriorName
from dipcli.options.call import Call
from dipcli.options.diffraction import (
    AlgorithmName,
    MisfitName,
    ObjectFormat,
    PatternOptions,
    PhaseOptions,
    PhasingMethod,
    PhasingOptions,
    SampleName,
    SimulationOptions,
    UnknownsName,
    counts_of,
)
from dipcli.options.engine import (
    DescentOptions,
    EngineOptions,
    PriorName,
    PriorOptions,
    StopName,
    StoppingOptions,
)
from dipcli.options.files import FileOptions
from dipcli.options.notes import Flag, Hidden, Range
from dipcli.options.pictures import (
    DenoiseOptions,
    DenoisingOptions,
    InpaintingOptions,
    InpaintOptions,
    KernelName,
    Kind,
    LossName,
    PictureOptions,
    RecipeName,
    UpscaleOptions,
    UpscalingOptions,
)
from dipcli.options.scans import (
    EncodingName,
    ModelName,
    MriOptions,
    ReadingOptions,
    ReconstructionOptions,
    SamplingName,
    ScanFormat,
    UndersamplingOptions,
)

__all__ = [
    "AlgorithmName",
    "BatchOptions",
    "Call",
    "ClusterOptions",
    "DeblurOptions",
    "DeblurringOptions",
    "DeconvolutionName",
    "DenoiseOptions",
    "DenoisingOptions",
    "DescentOptions",
    "EncodingName",
    "EngineOptions",
    "FileOptions",
    "Flag",
    "Hidden",
    "InpaintOptions",
    "InpaintingOptions",
    "KernelName",
    "KernelPriorName",
    "Kind",
    "LossName",
    "MisfitName",
    "ModelName",
    "MriOptions",
    "ObjectFormat",
    "PatternOptions",
    "PhaseOptions",
    "PhasingMethod",
    "PhasingOptions",
    "PictureOptions",
    "PriorName",
    "PriorOptions",
    "Range",
    "ReadingOptions",
    "RecipeName",
    "ReconstructionOptions",
    "SampleName",
    "SamplingName",
    "ScanFormat",
    "SchedulerName",
    "SimulationOptions",
    "StopName",
    "StoppingOptions",
    "UndersamplingOptions",
    "UnknownsName",
    "UpscaleOptions",
    "UpscalingOptions",
    "counts_of",
]
