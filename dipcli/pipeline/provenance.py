"""Where, when and by what a result was made, and how much memory that took."""

import platform
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dipcli import __version__
from dipcli.options.call import Call

try:
    import resource
except ImportError:  # not on Windows, where nobody tells how much memory there was
    resource = None  # type: ignore[assignment]

MEBIBYTE = 2.0**20
OWN = (
    "worker",
    "shard",
    "jobs",
    "submit",
    "array",
    "sbatch",
    "address",
    "requeue",
)  # of a batch, not of its inputs


def provenance(call: Call, source: Path, device: torch.device) -> dict[str, Any]:
    """The command line that does this input again, the date, the host, versions, and the peak of memory."""
    own = replace(call, inputs=(str(source),))
    return {
        "argv": ["dipcli", *own.again(**dict.fromkeys(OWN))],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": socket.gethostname(),
        "versions": {
            "dipcli": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "peak_mebibytes": _peak_mebibytes(device),
    }


def _peak_mebibytes(device: torch.device) -> dict[str, float | None]:
    """The most memory that this process has had since it began, and of its GPU."""
    return {
        "process": _peak_of_process(),
        **(
            {"device": round(torch.cuda.max_memory_allocated(device) / MEBIBYTE, 1)}
            if device.type == "cuda"
            else {}
        ),
    }


def _peak_of_process() -> float | None:
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in KiB, on macOS in bytes
    return round(peak / (MEBIBYTE if sys.platform == "darwin" else 1024.0), 1)
