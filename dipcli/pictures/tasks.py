"""From the options of a task to the medium that carries it out."""

from collections.abc import Mapping
from functools import partial

from dipcli.pictures.denoising import REACH, decide, state_denoising
from dipcli.pictures.denoising import workload_of as workload_of_denoising
from dipcli.pictures.files.images import in_own_range
from dipcli.pictures.jpeg_medium import JpegFiles
from dipcli.pictures.medium import MaskedPictures, PictureFiles, Pictures
from dipcli.pictures.options import DenoiseOptions, InpaintOptions, MaskKind, UpscaleOptions
from dipcli.pictures.upscaling import HEADROOM, state_upscaling
from dipcli.pictures.upscaling import workload_of as workload_of_upscaling


def denoising(options: DenoiseOptions) -> PictureFiles:
    """Noise, or the artefacts of JPEG files."""
    if options.jpeg:
        return JpegFiles(options)
    return Pictures(
        partial(state_denoising, options=options),
        partial(workload_of_denoising, options=options),
        volume=options.volume,
        tile=options.tile,
        sigma=options.sigma,
        rescale=partial(in_own_range, reach=REACH, from_zero=options.loss == "poisson"),
        decide=partial(decide, options=options),
    )


def inpainting(options: InpaintOptions, recipes: Mapping[MaskKind, InpaintOptions]) -> PictureFiles:
    """What is missing; `recipes` are all options for each kind of it."""
    return MaskedPictures(options, recipes)


def upscaling(options: UpscaleOptions) -> PictureFiles:
    """A larger picture."""
    return Pictures(
        partial(state_upscaling, options=options),
        partial(workload_of_upscaling, options=options),
        volume=options.volume,
        tile=options.tile if options.factor.is_integer() else 0,
        factor=options.factor,
        rescale=partial(in_own_range, headroom=HEADROOM),
        sigma=options.sigma,
    )
