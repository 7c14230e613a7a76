"""`python -m tests.bench NAME [OPTIONS]`: print one table of measurements."""

import importlib
import sys

NAMES = (
    "deblur",
    "denoise",
    "emission",
    "faint",
    "forecast",
    "fuzz",
    "golden",
    "gpu",
    "house",
    "impulses",
    "inpaint",
    "jpeg",
    "large",
    "kills",
    "methods",
    "mri",
    "phase",
    "real",
    "scale",
    "scratches",
    "series",
    "signals",
    "sound",
    "speed",
    "stopping",
    "tomography",
    "upscale",
    "volumes",
)


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"usage: python -m tests.bench {{{','.join(NAMES)}}} [OPTIONS]")
    importlib.import_module(f"tests.bench.{sys.argv[1]}").main(sys.argv[2:])


main()
