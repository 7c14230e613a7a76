"""Each signal, in each phase of each command: how soon it ends, by what code, and what it leaves.

Moments are told by processor time (that of imports was measured first) and by checkpoints, not by the clock.
Answers are seconds of the clock, on a machine that may be busy. `--commands`, `--signals` choose.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SAMPLES = Path(__file__).parents[2] / "sample_data"
LONG = ("--iterations", "1000000", "--stop", "never", "--compile", "off")
# Inputs that take long before their fit, and options that make the fit long; None where there is no fit.
COMMANDS: dict[str, tuple[Sequence[str], Sequence[str] | None]] = {
    "denoise": (("big.png", "-o", "OUT.png"), ("small.png", "-o", "OUT.png", "--classical", "0.5", *LONG)),
    "inpaint": (
        ("big.png", "-o", "OUT.png", "--mask", "mask.png"),
        ("small.png", "-o", "OUT.png", "--mask", "hole.png", "--classical", "0.5", *LONG),
    ),
    "upscale": (("big.png", "-o", "OUT.png"), ("small.png", "-o", "OUT.png", *LONG)),
    "deblur": (
        ("big.png", "-o", "OUT.png"),
        ("small.png", "-o", "OUT.png", "--kernel", "gauss:1", "--keep", "--method", "prior", *LONG),
    ),
    "mri": (("scan.npy", "-o", "OUT.npy"), ("scan.npy", "-o", "OUT.npy", "--width", "4,4", *LONG)),
    "phase-retrieve": (
        ("phase.cxi", "-o", "OUT.npz"),
        ("phase.cxi", "-o", "OUT.npz", "--method", "double-dip", *LONG),
    ),
    "simulate": (("bcdi", "--size", "256", "-o", "OUT.cxi"), None),
}
# Moments that are no command's own, told by a share of the processor time of imports, or by a file.
MOMENTS: dict[str, tuple[Sequence[str], float | str]] = {
    "status, starting": (("status", "."), 0.05),
    "doctor, loading torch": (("doctor",), 0.5),
    "help": (("denoise", "--help"), 0.05),
    "waiting for stdin": (("denoise", "-", "-o", "OUT.png"), "tmp/dipcli-*/inputs/0/stdin"),
    "hashing 40 GB": (("denoise", "huge.png", "-o", "OUT.png"), 1.3),
    "hashing the reference": (("denoise", "small.png", "-o", "OUT.png", "--reference", "huge.png"), 1.3),
    "two fits at a time": (
        ("denoise", "small.png", "other.png", "-o", "OUTS/", "--jobs", "2", "--classical", "0.5", *LONG),
        "resultS/*.checkpoint/*.pt",
    ),
}
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
IN_FIT = "result.checkpoint/*.pt"
LONGEST = 120.0  # seconds in which a moment must come


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="signals")
    parser.add_argument("--commands", default=",".join(COMMANDS), help="none: other moments only")
    parser.add_argument("--signals", default=",".join(SIGNALS))
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _inputs(folder)
        imports = _seconds_of_imports(folder)
        print(f"imports take {imports:.1f} s of the processor, {os.getloadavg()[0]:.1f} processes wait for it\n")
        print("| command | signal | starting | before the fit | in the fit |\n|---|---|---|---|---|")
        for command in filter(COMMANDS.get, told.commands.split(",")):
            before, within = COMMANDS[command]
            for sent in told.signals.split(","):
                cells = [
                    _answer(folder, [command, *before], sent, 0.3 * imports),
                    _answer(folder, [command, *before], sent, imports + 1.0),
                    "-" if within is None else _answer(folder, [command, *within], sent, IN_FIT),
                ]
                print(f"| {command} | {sent} | {' | '.join(cells)} |", flush=True)
        signals = told.signals.split(",")
        print(f"\n| moment | {' | '.join(signals)} |\n|{'---|' * (len(signals) + 1)}")
        for name, (words, when) in MOMENTS.items():
            moment = when if isinstance(when, str) else when * imports
            cells = [_answer(folder, words, sent, moment) for sent in signals]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _inputs(folder: Path) -> None:
    rng = np.random.default_rng(0)
    with Image.open(SAMPLES / "denoise.png") as picture:
        picture.convert("RGB").resize((1024, 1024)).save(folder / "big.png")
        for name in ("small", "other"):
            picture.convert("RGB").resize((32, 32)).save(folder / f"{name}.png")
    with (folder / "huge.png").open("wb") as file:
        file.truncate(40 * 10**9)  # of no blocks
    (folder / "tmp").mkdir()
    Image.fromarray(np.where(rng.random((1024, 1024)) < 0.3, 255, 0).astype("u1")).save(folder / "mask.png")
    hole = np.zeros((32, 32), "u1")
    hole[8:24, 8:24] = 255
    Image.fromarray(hole).save(folder / "hole.png")
    for name in ("phase.cxi", "mri.npy"):
        (folder / name.replace("mri", "scan")).symlink_to(SAMPLES / name)


def _seconds_of_imports(folder: Path) -> float:
    process = _start(folder, ["denoise", "small.png", "-o", "none.png", "--dry-run"])
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime


def _start(folder: Path, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    flags = [] if arguments[0] in ("simulate", "status", "doctor") else ["--threads", "1"]
    with (folder / "stderr").open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "dipcli", *arguments, *flags],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder / "tmp")},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )


def _answer(folder: Path, arguments: Sequence[str], sent: str, moment: float | str) -> str:
    """Seconds, exit code and what is odd, where a signal comes at a moment: of processor time, or by a file."""
    for path in folder.glob("result*"):
        subprocess.run(["rm", "-r", path], check=True)
    words = [word.replace("OUT", "result") for word in arguments]
    is_fit = isinstance(moment, str) and moment.endswith(".pt")
    process = _start(folder, [*words, "--checkpoint-every", "0.1"] if is_fit else words)
    end = time.monotonic() + LONGEST
    while process.poll() is None and not _has_come(process.pid, folder, moment):
        if time.monotonic() > end:
            process.kill()
            process.wait()
            return "moment never came"
        time.sleep(0.02)
    if process.poll() is not None:
        return f"ended before, by {process.returncode}"
    start = time.monotonic()
    process.send_signal(getattr(signal, sent))
    process.wait()
    seconds = time.monotonic() - start
    odd = ", a traceback" if b"Traceback" in (folder / "stderr").read_bytes() else ""
    odd += ", no checkpoint" if isinstance(moment, str) and is_fit and not list(folder.glob(moment)) else ""
    odd += ", a temporary folder" if list(folder.glob("tmp/dipcli-*")) else ""
    subprocess.run(["rm", "-rf", *folder.glob("tmp/*")], check=True)
    return f"{seconds:.1f} s, {process.returncode}{odd}"


def _has_come(pid: int, folder: Path, moment: float | str) -> bool:
    if isinstance(moment, str):
        return bool(list(folder.glob(moment)))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= moment
