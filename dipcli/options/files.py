"""Knobs of every command: files, devices, and what is said."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dipcli.errors import OptionError
from dipcli.options.batch import BatchOptions, ClusterOptions
from dipcli.options.call import Call
from dipcli.options.notes import Environment, Flag, Hidden, Range, Verbatim


@dataclass(frozen=True)
class FileOptions:
    """What is read and written, and what is said about it."""

    output: Annotated[
        Path | None,
        "A file for one input, or a folder; without it, NAME_restored beside the input.",
        Flag("-o"),
        Verbatim("into"),
    ] = None
    into: Annotated[bool, "The output is a folder, whatever its name.", Hidden()] = False
    recursive: Annotated[bool, "Take the pictures in folders and their sub-folders.", Flag("-r")] = False
    overwrite: Annotated[bool, "Write over outputs that exist."] = False
    reference: Annotated[
        Path | None, "The truth, to be scored against: a file, or a folder with the same names."
    ] = None
    seed: Annotated[int, "Decides everything random, together with the input's name.", Range(0, 2**63 - 1)] = 0
    device: Annotated[
        str, "auto, cpu, cuda, cuda:1, mps, or cuda:all for one process on each GPU.", Environment("DIPCLI_DEVICE")
    ] = "auto"
    threads: Annotated[
        int,
        "Processor threads of each process; 0 divides what the job was granted.",
        Range(0),
        Environment("DIPCLI_THREADS"),
    ] = 0
    report: Annotated[
        bool,
        "Draw NAME.report.png (where matplotlib is installed) and, for a batch, index.html.",
        Environment("DIPCLI_REPORT"),
    ] = True
    json: Annotated[bool, "Print one JSON object for each input, not the path of its output."] = False
    quiet: Annotated[bool, "Say nothing but errors.", Flag("-q")] = False
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], "The least important messages that are shown."
    ] = "info"
    batch: BatchOptions = BatchOptions()
    cluster: ClusterOptions = ClusterOptions()
    call: Call = Call()

    def __post_init__(self) -> None:
        """Raise OptionError where the options do not fit each other."""
        if self.batch.warm_start and (self.cluster.submit or self.device == "cuda:all"):
            raise OptionError("--warm-start takes one input after the other; leave --submit and cuda:all out.")

    @property
    def is_piped(self) -> bool:
        """Whether the one result is for stdout, by way of a file."""
        return self.call.is_piped
