"""Restore pictures and measurements without training data.

    from dipcli import denoise

    result = denoise(noisy)
    result.image, result.spread, result.record

`denoise`, `inpaint`, `upscale`, `deblur`, `reconstruct` (MRI), `reconstruct_slices` (tomography) and
`phase_retrieve` are the commands of these names, with the same options as keyword arguments. torch is loaded when
one of them is called.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"
__all__ = [
    "DipcliError",
    "Result",
    "__version__",
    "deblur",
    "denoise",
    "inpaint",
    "phase_retrieve",
    "reconstruct",
    "reconstruct_slices",
    "upscale",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what is asked for
    if name not in __all__:
        raise AttributeError(f"module 'dipcli' has no attribute {name!r}")
    module = {"DipcliError": "errors", "Result": "python.result"}.get(name, "python.functions")
    return getattr(import_module(f"dipcli.{module}"), name)


def __dir__() -> list[str]:
    return __all__
