"""The commands as functions of arrays. Nothing here loads torch before one of them is called."""

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dipcli.blur.options import DeblurOptions
from dipcli.blur.presets import DEBLUR
from dipcli.diffraction.options import PhaseOptions
from dipcli.diffraction.presets import presets_of
from dipcli.mri.options import MriOptions
from dipcli.mri.presets import recipe_among, recipes_of
from dipcli.options.files import FileOptions
from dipcli.options.overrides import Overrides
from dipcli.options.presets import PRESETS, PresetName, settings
from dipcli.pictures.options import DenoiseOptions, InpaintOptions, UpscaleOptions
from dipcli.pictures.presets import UPSCALE, denoise_options, inpaint_options
from dipcli.python.arguments import COMMON, notes_of
from dipcli.tomography.options import TomographyOptions
from dipcli.tomography.presets import TOMOGRAPHY

Source = ArrayLike | str | Path  # an array, or a file that the command reads
Run = Callable[..., Any]


def _explained(kind: type) -> Callable[[Run], Run]:
    """What `help` and notebooks show of a function: each option, with what it means."""

    def explain(function: Run) -> Run:
        known = {**notes_of(FileOptions), **notes_of(kind)}
        texts = {name: known[name].text if name in known else PRESETS for name in (*COMMON, *notes_of(kind))}
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        names = [name for name in texts if name not in signature.parameters]
        options = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in names]
        function.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
        lines = "\n".join(f"    {name}: {text}" for name, text in texts.items())
        function.__doc__ = (
            f"{inspect.getdoc(function)}\n\nOptions, each with its default where it is None:\n{lines}"
        )
        return function

    return explain


@_explained(DenoiseOptions)
def denoise(image: Source, **options: Any) -> Any:  # noqa: ANN401 - checked by name and type
    """A clean picture, stack, volume or signal from a noisy one, about which nothing need be said.

    Shapes are those of .npy files: (n), (h, w), (h, w, 3 or 4), (d, h, w), (d, h, w, 3 or 4).
    """
    from dipcli.python.run import run

    return run("denoise", DenoiseOptions, _denoising, image, options)


@_explained(InpaintOptions)
def inpaint(image: Source, mask: Any = None, **options: Any) -> Any:  # noqa: ANN401
    """A whole picture; what is missing is NaN, or marked in `mask`: an array (True, white, a label), or a file."""
    from dipcli.python.run import run

    return run("inpaint", InpaintOptions, _inpainting, image, {"mask": mask, **options})


@_explained(UpscaleOptions)
def upscale(image: Source, factor: float = 2.0, **options: Any) -> Any:  # noqa: ANN401
    """A picture whose sides are `factor` times as long, and which reduced again gives the small one."""
    from dipcli.python.run import run

    return run("upscale", UpscaleOptions, _upscaling, image, {"factor": factor, **options})


@_explained(DeblurOptions)
def deblur(image: Source, kernel: Any = None, **options: Any) -> Any:  # noqa: ANN401
    """A sharp picture, and in `objects` its kernel; one that is known is an array, a file, or such as "disk:4"."""
    from dipcli.python.run import run

    return run("deblur", DeblurOptions, _deblurring, image, {"kernel": kernel, **options})


@_explained(MriOptions)
def reconstruct(kspace: Source, **options: Any) -> Any:  # noqa: ANN401
    """Magnitudes (slice, y, x) of k-space (coil, y, x) or, with `axes`, others, where 0 is not measured.

    This is `dipcli mri`. For research, not for diagnosis.
    """
    from dipcli.python.run import run

    return run("mri", MriOptions, _reconstructing, kspace, options)


@_explained(TomographyOptions)
def reconstruct_slices(projections: Source, angles: Any = None, **options: Any) -> Any:  # noqa: ANN401
    """Slices (slice, y, x) of projections (view, detector) or (view, slice, detector).

    This is `dipcli tomography`. `angles` are degrees, one for each view, or a range such as 180.
    """
    from dipcli.python.run import run

    if isinstance(angles, int | float):
        angles = str(angles)
    elif angles is not None and not isinstance(angles, str | Path):
        angles = np.asarray(angles)
    return run("tomography", TomographyOptions, _projecting, projections, {"angles": angles, **options})


@_explained(PhaseOptions)
def phase_retrieve(pattern: Source, mask: Any = None, **options: Any) -> Any:  # noqa: ANN401
    """The complex object behind a far-field pattern of counts, 2D or 3D; `mask` is 0 on good pixels."""
    from dipcli.python.run import run

    return run("phase-retrieve", PhaseOptions, _phasing, pattern, {"mask": mask, **options})


def _denoising(preset: PresetName, device_type: str, knobs: Overrides[DenoiseOptions]) -> Any:  # noqa: ANN401
    from dipcli.pictures.tasks import denoising

    return denoising(denoise_options(preset, device_type, knobs))


def _inpainting(preset: PresetName, device_type: str, knobs: Overrides[InpaintOptions]) -> Any:  # noqa: ANN401
    from dipcli.pictures.tasks import inpainting

    return inpainting(knobs.over(InpaintOptions()), inpaint_options(preset, device_type, knobs))


def _upscaling(preset: PresetName, device_type: str, knobs: Overrides[UpscaleOptions]) -> Any:  # noqa: ANN401
    from dipcli.pictures.tasks import upscaling

    return upscaling(settings(UPSCALE, preset, device_type, knobs))


def _deblurring(preset: PresetName, device_type: str, knobs: Overrides[DeblurOptions]) -> Any:  # noqa: ANN401
    from dipcli.blur.medium import deblurring

    return deblurring(settings(DEBLUR, preset, device_type, knobs))


def _reconstructing(preset: PresetName, device_type: str, knobs: Overrides[MriOptions]) -> Any:  # noqa: ANN401
    from dipcli.mri.medium import Scans

    return Scans(knobs.over(MriOptions()), partial(recipe_among, recipes_of(preset, device_type, knobs)))


def _projecting(preset: PresetName, device_type: str, knobs: Overrides[TomographyOptions]) -> Any:  # noqa: ANN401
    from dipcli.tomography.medium import Projections

    return Projections(settings(TOMOGRAPHY, preset, device_type, knobs))


def _phasing(preset: PresetName, device_type: str, knobs: Overrides[PhaseOptions]) -> Any:  # noqa: ANN401
    from dipcli.diffraction.medium import Patterns

    presets = presets_of(knobs.over(PhaseOptions()).phasing.chosen)
    return Patterns(settings(presets, preset, device_type, knobs))
