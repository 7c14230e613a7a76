from pathlib import Path
from typing import Literal

from numpy.typing import ArrayLike

from dipcli.errors import DipcliError as DipcliError
from dipcli.python.result import Result as Result

__version__: str

_Source = ArrayLike | str | Path
_Preset = Literal["auto", "instant", "fast", "balanced", "best", "paper"]

def denoise(
    image: _Source,
    *,
    reference: _Source | None = None,
    preset: _Preset = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    **options: object,
) -> Result: ...
def inpaint(
    image: _Source,
    mask: _Source | None = None,
    *,
    reference: _Source | None = None,
    preset: _Preset = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    **options: object,
) -> Result: ...
def upscale(
    image: _Source,
    factor: float = 2.0,
    *,
    reference: _Source | None = None,
    preset: _Preset = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    **options: object,
) -> Result: ...
def deblur(
    image: _Source,
    kernel: _Source | None = None,
    *,
    reference: _Source | None = None,
    preset: _Preset = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    **options: object,
) -> Result: ...
def reconstruct(
    kspace: _Source,
    *,
    reference: _Source | None = None,
    preset: _Preset = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    **options: object,
) -> Result: ...
def reconstruct_slices(
    projections: _Source,
    angles: _Source | float | None = None,
    *,
    reference: _Source | None = None,
    preset: _Preset = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    **options: object,
) -> Result: ...
def phase_retrieve(
    pattern: _Source,
    mask: _Source | None = None,
    *,
    reference: _Source | None = None,
    preset: _Preset = "auto",
    seed: int = 0,
    device: str = "auto",
    threads: int = 0,
    **options: object,
) -> Result: ...
