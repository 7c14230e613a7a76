"""How the files of a field are called: what is read, what is written, and what may lie beside it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Naming:
    """The endings of one field's files, with their dots, in small letters."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ending: str = ""  # of outputs that are not named; "" is for the input's own
    beside: tuple[str, ...] = ()  # all that may be written beside an output; # is for a number, or none
    takes_folders: bool = False  # whether a folder is an input itself, as a stack of frames is
    is_chosen: bool = True  # whether the ending was asked for; else what goes through a pipe keeps its own


# Beside every output. The last one is a folder.
ALWAYS = ("run.json", "history.csv", "report.png", "failed.json", "checkpoint")
