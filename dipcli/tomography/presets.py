"""Presets of tomography."""

from dataclasses import replace

from dipcli.options.presets import BALANCED, BEST, FAST, PAPER, PresetName
from dipcli.tomography.options import ImagingOptions, TomographyOptions

ONCE = replace(FAST, stopping=replace(FAST.stopping, runs=1))

TOMOGRAPHY: dict[PresetName, TomographyOptions] = {
    "instant": TomographyOptions(imaging=ImagingOptions(classical=1.0), engine=ONCE),
    "fast": TomographyOptions(engine=ONCE),
    "balanced": TomographyOptions(engine=replace(ONCE, stopping=BALANCED.stopping)),
    "best": TomographyOptions(engine=replace(ONCE, stopping=BEST.stopping)),
    # The hourglass of Ulyanov et al. through the projection, as Baguer et al., 2020, arXiv 2003.04989, fit it.
    "paper": TomographyOptions(imaging=ImagingOptions(classical=0.0), engine=PAPER),
}
