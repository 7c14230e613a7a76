"""Every command on the sample inputs with few iterations: what two versions of the program write is compared.

`python -m tests.bench golden FOLDER` writes, with one thread; `python -m tests.bench golden ONE OTHER` compares
byte by byte. Of records, seconds and versions are left out, of histories the seconds.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "sample_data"
FEW = ("--iterations", "6", "--runs", "2", "--width", "8,8", "--warm-up", "0")
STARTS = ("--starts", "3", "--cycles", "40", "--rounds", "2", "--searches", "1")
# The folder that a call writes into, its arguments; IN is the folder of samples, OUT the one that it writes into.
CALLS: dict[str, tuple[str, ...]] = {
    "denoise": ("denoise", "IN/denoise.png", "-o", "OUT/a.png", "--reference", "IN/denoise_truth.png", *FEW),
    "huber": ("denoise", "IN/denoise.png", "-o", "OUT/a.tif", "--loss", "huber", "--json", *FEW),
    "tiles": ("denoise", "IN/denoise.png", "-o", "OUT/a.png", "--tile", "96", *FEW),
    "jpeg": ("denoise", "--jpeg", "IN/jpeg.jpg", "-o", "OUT/a.png", "--reference", "IN/jpeg_truth.png", *FEW),
    "inpaint": ("inpaint", "IN/inpaint.png", "--mask", "IN/inpaint_mask.png", "-o", "OUT/a.png",
                "--reference", "IN/inpaint_truth.png", *FEW),
    "blend": ("inpaint", "IN/inpaint.png", "--mask", "IN/inpaint_mask.png", "-o", "OUT/a.png", "--blend", "3",
              *FEW),
    "upscale": ("upscale", "IN/upscale.png", "--factor", "2", "-o", "OUT/a.png", *FEW),
    "fraction": ("upscale", "IN/upscale.png", "--factor", "1.5", "-o", "OUT/a.png", *FEW),
    "wiener": ("deblur", "IN/deblur.png", "--kernel", "motion:9,30", "--method", "wiener", "-o", "OUT/a.png",
               "--reference", "IN/deblur_truth.png"),
    "patches": ("deblur", "IN/deblur.png", "--kernel", "gauss:1.2", "-o", "OUT/a.png"),
    "prior": ("deblur", "IN/deblur.png", "--kernel", "disk:3", "--method", "prior", "-o", "OUT/a.png", *FEW),
    "blind": ("deblur", "IN/deblur.png", "--kernel-size", "15", "-o", "OUT/a.png", "--reference",
              "IN/deblur_truth.png", *FEW),
    "mri": ("mri", "IN/mri.npy", "--reference", "IN/mri_truth.npy", "-o", "OUT/a.h5", "--keep-classical",
            "--keep-coils", *FEW),
    "coil": ("mri", "IN/mri.npy", "--model", "coil", "-o", "OUT/a.npy", "--iterations", "4", "--width", "8,8"),
    "inspect": ("mri", "IN/mri.npy", "--inspect"),
    "phase": ("phase-retrieve", "IN/phase.cxi", "--reference", "IN/phase.cxi", "-o", "OUT/a.cxi", *STARTS),
    "double": ("phase-retrieve", "IN/phase.cxi", "-o", "OUT/a.npz", "--method", "double-dip", *STARTS, *FEW),
    "simulate": ("simulate", "bcdi", "--size", "32", "--phase-range", "8", "-o", "OUT/a.cxi"),
    "folder": ("denoise", "-r", "OUT/../pictures", "-o", "OUT", "--reference", "OUT/../pictures", "--json", *FEW),
    "jobs": ("denoise", "-r", "OUT/../pictures", "-o", "OUT", "--jobs", "2", *FEW),
    "plan": ("denoise", "-r", "OUT/../pictures", "-o", "OUT", "--submit", "slurm", "--dry-run"),
    "none": ("denoise", "IN/missing.png", "-o", "OUT/a.png"),
    "type": ("denoise", "IN/denoise.png", "-o", "OUT/a.xyz"),
    "other": ("denoise", "IN/denoise.png", "-o", "OUT/a.png", "--reference", "IN/upscale_truth.png", *FEW),
}  # fmt: skip
# Times, sizes of processes and names of folders are not compared.
LOOSE = {
    "argv",
    "date",
    "host",
    "versions",
    "peak_mebibytes",
    "seconds",
    "version",
    "largest_seconds",
    "mebibytes",
    "memory",
    "time",
}


def main(arguments: list[str]) -> None:
    """Write the outputs of this version, or compare those of two."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench golden", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", nargs="*", default=list(CALLS))
    told = parser.parse_args(arguments)
    if len(told.folders) == 1:
        write(told.folders[0].resolve(), told.only)
    else:
        one, other = told.folders
        different = [line for name in told.only for line in differences(one / name, other / name)]
        print("\n".join(different) or f"{len(told.only)} calls: equal")
        sys.exit(bool(different))


def write(folder: Path, names: list[str]) -> None:
    """Run the calls; each writes into a folder of its name, with what it said."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for name in ("upscale.png", "upscale_truth.png"):
        (pictures / name).write_bytes((SAMPLES / name).read_bytes())
    for name in names:
        output = folder / name
        output.mkdir(exist_ok=True)
        words = [word.replace("IN/", "samples/").replace("OUT", name) for word in CALLS[name]]
        link = folder / "samples"
        if not link.exists():
            link.symlink_to(SAMPLES)
        threads = [] if words[0] == "simulate" else ["--threads", "1"]
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        done = subprocess.run(
            [sys.executable, "-m", "dipcli", *words, *threads, "--overwrite"],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        (output / "stdout").write_text(f"{done.stdout}exit {done.returncode}\n")
        (output / "stderr").write_text(done.stderr)
        print(name, done.returncode, flush=True)


def differences(one: Path, other: Path) -> list[str]:
    """A line for each file that differs."""
    names = sorted({p.relative_to(f) for f in (one, other) for p in f.rglob("*") if p.is_file()})
    different = []
    for name in names:
        a, b = one / name, other / name
        if not (a.is_file() and b.is_file()):
            different.append(f"{a if a.is_file() else b}: there is only one")
        elif name.name != "stderr" and comparable(a) != comparable(b):
            different += [f"{b}: differs"]
            if a.suffix == ".json":
                different += [f"    {line}" for line in unlike(comparable(a), comparable(b))]
    return different


def comparable(path: Path) -> Any:
    """The content of a file without what may differ."""
    if path.suffix == ".json":
        return _plain(json.loads(path.read_text()))
    if path.name.endswith("history.csv"):
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(path.open())]
    if path.name == "stdout":
        return [_plain(json.loads(line)) if line.startswith("{") else line for line in _said(path)]
    return path.read_bytes()


def _said(path: Path) -> list[str]:
    text = path.read_text().replace(str(path.parents[1].resolve()), "FOLDER")
    return [line for line in text.splitlines() if not line.strip().startswith(("memory", "time"))]


def _plain(record: Any) -> Any:
    if isinstance(record, dict):
        return {k: _plain(v) for k, v in record.items() if k not in LOOSE}
    return [_plain(value) for value in record] if isinstance(record, list) else record


def unlike(one: Any, other: Any, name: str = "") -> list[str]:
    """The places at which two records differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [line for k in {**one, **other} for line in unlike(one.get(k), other.get(k), f"{name}.{k}")]
    return [] if one == other else [f"{name}: {one} | {other}"]
