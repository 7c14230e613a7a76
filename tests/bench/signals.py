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
        ("small.png", "-o", "OUT.png", "--mask", "hole.png", *LONG),
    ),
    "upscale": (("big.png", "-o", "OUT.png"), ("small.png", "-o", "OUT.png", *LONG)),
    "deblur": (
        ("big.png", "-o", "OUT.png"),
        ("small.png", "-o", "OUT.png", "--kernel", "gauss:1", "--method", "prior", *LONG),
    ),
    "mri": (("scan.npy", "-o", "OUT.npy"), ("scan.npy", "-o", "OUT.npy", "--width", "4,4", *LONG)),
    "phase-retrieve": (
        ("phase.cxi", "-o", "OUT.npz"),
        ("phase.cxi", "-o", "OUT.npz", "--method", "double-dip", *LONG),
    ),
    "simulate": (("bcdi", "--size", "256", "-o", "OUT.cxi"), None),
}
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
LONGEST = 120.0  # seconds in which a moment must come


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="signals")
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--signals", default=",".join(SIGNALS))
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _inputs(folder)
        imports = _seconds_of_imports(folder)
        print(f"imports take {imports:.1f} s of the processor, {os.getloadavg()[0]:.1f} processes wait for it\n")
        print("| command | signal | starting | before the fit | in the fit |\n|---|---|---|---|---|")
        for command in told.commands.split(","):
            before, within = COMMANDS[command]
            for sent in told.signals.split(","):
                cells = [
                    _answer(folder, [command, *before], sent, 0.3 * imports),
                    _answer(folder, [command, *before], sent, imports + 1.0),
                    "-" if within is None else _answer(folder, [command, *within], sent, None),
                ]
                print(f"| {command} | {sent} | {' | '.join(cells)} |", flush=True)


def _inputs(folder: Path) -> None:
    rng = np.random.default_rng(0)
    with Image.open(SAMPLES / "denoise.png") as picture:
        picture.convert("RGB").resize((1024, 1024)).save(folder / "big.png")
        picture.convert("RGB").resize((32, 32)).save(folder / "small.png")
    for name, side in (("mask", 1024), ("hole", 32)):
        Image.fromarray(np.where(rng.random((side, side)) < 0.3, 255, 0).astype("u1")).save(folder / f"{name}.png")
    for name in ("phase.cxi", "mri.npy"):
        (folder / name.replace("mri", "scan")).symlink_to(SAMPLES / name)


def _seconds_of_imports(folder: Path) -> float:
    process = _start(folder, ["denoise", "small.png", "-o", "none.png", "--dry-run"])
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime


def _start(folder: Path, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    flags = [] if arguments[0] == "simulate" else ["--threads", "1"]
    with (folder / "stderr").open("wb") as stderr:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "dipcli", *arguments, *flags],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )


def _answer(folder: Path, arguments: Sequence[str], sent: str, moment: float | None) -> str:
    """Seconds, exit code and what is odd, where a signal comes at a moment of processor time; None: in the fit."""
    for path in folder.glob("result*"):
        subprocess.run(["rm", "-r", path], check=True)
    words = [word.replace("OUT", "result") for word in arguments]
    process = _start(folder, words if moment is not None else [*words, "--checkpoint-every", "0.1"])
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
    if moment is None and not list(folder.glob("result.checkpoint/*.pt")):
        odd += ", no checkpoint"
    return f"{seconds:.1f} s, {process.returncode}{odd}"


def _has_come(pid: int, folder: Path, moment: float | None) -> bool:
    if moment is None:
        return bool(list(folder.glob("result.checkpoint/*.pt")))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= moment
