"""What `--dry-run` forecasts against what the same call then takes, for every command, small and large.

`--set tuned|reported`, `--only TEXT` (cases whose names hold it), `--save FILE` (a line of JSON for each case as
it ends; what is in the file already is not run again), `--table FILE...` (print the table of such files).
The truth is the record's own `seconds`, times the share of a processor that the process had: machines are shared.
"""

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from dipcli.cli.app import app
from tests.bench.forecast_cases import CASES, Case
from tests.bench.program import run_program

HEAD = "| case | forecast | seconds | middle / truth | forecast MB | peak MB | ending |\n" + "|---" * 7 + "|"
FACTOR = 2.0


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="forecast")
    parser.add_argument("--set", default="reported", choices=sorted(CASES))
    parser.add_argument("--only", default="")
    parser.add_argument("--save", type=Path, default=None)
    parser.add_argument("--table", type=Path, nargs="*", default=None)
    parser.add_argument("--again", action="store_true", help="forecast anew what is in the file already")
    told = parser.parse_args(arguments)
    if told.table is not None:
        _print([json.loads(line) for file in told.table for line in file.read_text().splitlines()])
        return
    known = {row["case"]: row for row in _rows(told.save)}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES[told.set]:
            row = known.get(case.name)
            if told.only not in case.name or (told.again and row is None):
                continue
            if row is None:
                row = _measured(case, Path(folder))
                if told.save is not None:
                    with told.save.open("a") as file:
                        file.write(json.dumps(row) + "\n")
            elif told.again:
                row = row | _forecast(case, case.make(Path(folder)), Path(folder))
            rows.append(row)
            print(f"{row['case']}: {row['seconds']:.1f} s", file=sys.stderr, flush=True)
    _print(rows)


def _rows(path: Path | None) -> list[dict[str, Any]]:
    if path is None or not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def _measured(case: Case, folder: Path) -> dict[str, Any]:
    for path in folder.iterdir():
        path.unlink()
    source = case.make(folder)
    told = _forecast(case, source, folder)
    run = run_program(case.command, source, folder / f"out{case.ending}", *_flags(case, folder))
    record = run.record
    steps = [float(row["seconds"]) for row in run.history]
    return told | {
        "case": case.name,
        "wall": record["seconds"],
        "seconds": record["seconds"] * min(1.0, run.cpu_seconds / run.seconds),
        "cpu": run.cpu_seconds,
        "peak_mb": run.peak_mib * 2**20 / 1e6,
        "ending": record["ending"],
        "iterations": record["iterations"],
        "fit_wall": max(steps, default=0.0),
        "share": record.get("decisions", {}).get("network"),
        "warnings": record["warnings"],
    }


def _flags(case: Case, folder: Path) -> list[str]:
    return [*(flag.replace("FOLDER", str(folder)) for flag in case.flags), "--threads", "1"]


def _forecast(case: Case, source: Path, folder: Path) -> dict[str, Any]:
    arguments = [case.command, str(source), "-o", str(folder / f"out{case.ending}"), "--json", "--overwrite"]
    done = CliRunner().invoke(app, [*arguments, *_flags(case, folder), "--dry-run"])
    told = json.loads(done.stdout.splitlines()[-1])["forecast"]
    return {
        "low": told["least_seconds"],
        "high": told["seconds"],
        "tiles": told["tiles"],
        "forecast_mb": told["mebibytes"] * 2**20 / 1e6,
    }


def _print(rows: list[dict[str, Any]]) -> None:
    print(HEAD)
    ratios = []
    for row in rows:
        ratio = math.sqrt(row["low"] * row["high"]) / row["seconds"]
        ratios.append(ratio)
        cells = (
            row["case"],
            f"{row['low']:.3g}-{row['high']:.3g} s" + (f", {row['tiles']} tiles" if row["tiles"] > 1 else ""),
            f"{row['seconds']:.3g}",
            f"{ratio:.2f}",
            f"{row['forecast_mb']:.0f}",
            f"{row['peak_mb']:.0f}",
            row["ending"],
        )
        print("|", " | ".join(cells), "|")
    near = sum(1 / FACTOR <= ratio <= FACTOR for ratio in ratios)
    inside = sum(row["low"] <= row["seconds"] <= row["high"] for row in rows)
    print(f"\nwithin a factor of {FACTOR:g}: {near} of {len(rows)}; between the two ends: {inside} of {len(rows)}")
    memory = sorted(row["forecast_mb"] / row["peak_mb"] for row in rows)
    if memory:
        print(
            f"memory, forecast / peak: {memory[0]:.2f} to {memory[-1]:.2f}, median {memory[len(memory) // 2]:.2f}"
        )
