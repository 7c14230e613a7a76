"""Damaged files for every reader: which end in a sentence, which in anything else.

    python -m tests.bench fuzz [--minutes 20] [--reader NAME] [--count N] [--seed 0] [--file NUMBER]

Files are told by reader, seed and number alone: `--file` reads one of them again and shows its traceback.
A child with limits reads them, and is begun anew where it dies. Findings are grouped by exception and place.
"""

import argparse
import contextlib
import json
import os
import random
import selectors
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from dipcli.errors import DipcliError
from tests.bench.mutations import mutated
from tests.bench.seeds import SEEDS, SLOW, LateError, content_of

SECONDS = 30  # which one file may take
ROOM = 3 * 2**30  # bytes of addresses that a child may take beside its own
MOST_BYTES = 2**30  # of memory, which one file may take
PART = 120  # files that a reader gets at a time
OUTCOMES = ("refused", "read", "traceback", "late", "hang", "crash", "memory")
FAULTS = OUTCOMES[2:]


def try_file(name: str, seed: int, number: int, folder: Path) -> tuple[str, str]:
    """One damaged file, read: its outcome, and for a fault the exception and where it was raised."""
    kind = SEEDS[name]
    content = content_of(kind, folder)
    damaged = mutated(content, random.Random(f"{name} {seed} {number}"), digest=kind.has_digest)
    (folder / (kind.target or kind.name)).write_bytes(damaged)
    before = _peak_bytes()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(folder / kind.name)
        outcome, place = "read", ""
    except DipcliError as error:
        text = str(error)
        is_sentence = text.endswith(".") and "\n" not in text and str(folder) in text
        outcome, place = ("refused", "") if is_sentence else ("traceback", f"no sentence: {text[:80]}")
    except LateError as error:
        outcome, place = "late", _place_of(error.__cause__ or error)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        outcome, place = "traceback", _place_of(error)
    return ("memory", "") if _peak_bytes() - before > MOST_BYTES else (outcome, place)


def _place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/dipcli/" in frame.filename] or frames
    reason = str(error).replace("\n", " ")[:60]
    return f"{type(error).__name__} at {Path(own[-1].filename).name}:{own[-1].lineno} ({reason})"


def _peak_bytes() -> int:
    """The most memory that this process has had since it last asked, its children apart."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return 0
    kib = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    return int(kib) * 1024


def _child(name: str, seed: int, first: int, count: int) -> None:
    """Read files one after another; say before and after each what happened."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM,) * 2)
    said = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # libraries print
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + count):
            said.write(f"{number}\n")
            said.write(json.dumps(try_file(name, seed, number, Path(folder))) + "\n")


def run_part(name: str, seed: int, first: int, count: int) -> list[tuple[int, str, str]]:
    """So many files of one reader, with as many children as that takes: number, outcome, place."""
    found: list[tuple[int, str, str]] = []
    end = first + count
    while first < end:
        command = [sys.executable, "-m", "tests.bench", "fuzz", "--child", name, str(seed), str(first)]
        pipe = subprocess.PIPE
        with subprocess.Popen([*command, str(end - first)], stdout=pipe, stderr=subprocess.DEVNULL) as process:
            told, is_hanging = _listen(process)
        done = [(first + index, *json.loads(line)) for index, line in enumerate(told[1::2])]
        found += done
        first += len(done)
        if first < end:
            found.append((first, "hang", "") if is_hanging else (first, "crash", f"exit {process.returncode}"))
            first += 1
    return found


def _listen(process: "subprocess.Popen[bytes]") -> tuple[list[str], bool]:
    """The lines of a child, and whether it was ended because none came for too long."""
    assert process.stdout is not None
    text, number = b"", process.stdout.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(number, selectors.EVENT_READ)
        while True:
            if not selector.select(SECONDS):
                process.kill()
                return text.decode().splitlines(), True
            part = os.read(number, 65536)
            if not part:
                return text.decode().splitlines(), False
            text += part


def _print(
    counts: dict[str, Counter[str]], causes: Counter[tuple[str, str, str]], examples: dict[Any, int]
) -> None:
    print(f"| reader | files | {' | '.join(OUTCOMES)} |\n|{'---|' * (len(OUTCOMES) + 2)}")
    total: Counter[str] = sum(counts.values(), Counter())
    for name, count in [*counts.items(), ("all", total)]:
        print(f"| {name} | {count.total()} | {' | '.join(str(count[outcome]) for outcome in OUTCOMES)} |")
    for (name, outcome, place), number in causes.most_common():
        print(f"{number} x {outcome}: {name}: {place} (--reader {name!r} --file {examples[name, outcome, place]})")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--child"]:
        return _child(arguments[1], *map(int, arguments[2:5]))
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--reader", choices=SEEDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--file", type=int)
    options = parser.parse_args(arguments)
    if options.file is not None:
        with tempfile.TemporaryDirectory() as folder:
            print(try_file(options.reader, options.seed, options.file, Path(folder)))
            content_of(SEEDS[options.reader], Path(folder))
        return None
    names = [options.reader] if options.reader else list(SEEDS)
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    causes: Counter[tuple[str, str, str]] = Counter()
    examples: dict[Any, int] = {}
    firsts: dict[str, int] = defaultdict(int)
    end = time.monotonic() + 60 * options.minutes
    while time.monotonic() < end:
        for name in names:
            part = PART // 5 if name in SLOW else PART
            for number, outcome, place in run_part(name, options.seed, firsts[name], part):
                counts[name][outcome] += 1
                if outcome in FAULTS:
                    causes[name, outcome, place] += 1
                    examples.setdefault((name, outcome, place), number)
            firsts[name] += part
            if time.monotonic() > end and all(firsts.values()) and len(firsts) == len(names):
                break
    _print(counts, causes, examples)
    return None
