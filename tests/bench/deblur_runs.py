"""One run of `dipcli deblur` on a case, kept in a folder, and the lines of a table."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.blurred import Case, save_picture
from tests.bench.program import Run, run_program


@dataclass(frozen=True)
class Bench:
    """Where files go, what the program is told beside, how noisy the pairs of unknown kernels are, what is run."""

    place: Path
    flags: list[str]
    noises: list[float]
    only: tuple[str, ...] = ()

    def wants(self, name: str) -> bool:
        """Whether a case of this name is run."""
        return not self.only or name in self.only

    def run(self, case: Case, *flags: str, ending: str = "png") -> Run:
        """One whole process on a case, scored."""
        names = (f"{case.name}.{ending}", f"{case.name}.truth.png", f"{case.name}.true_kernel.npy")
        source, truth, kernel = (self.place / name for name in names)
        save_picture(source, case.blurred)
        save_picture(truth, case.truth)
        np.save(kernel, case.kernel.astype(np.float32))
        given = [word.replace("TRUE", str(kernel)) for word in flags]
        return self.deblur(source, self.place / f"{case.name}.sharp.png", "--reference", str(truth), *given)

    def deblur(self, source: Path, output: Path, *flags: str) -> Run:
        """One whole process, or what is kept of it; interrupted benches go on where they were."""
        kept, words = self.place / "rows.json", (*flags, *self.flags)
        rows = json.loads(kept.read_text()) if kept.is_file() else {}
        key = " ".join((source.name, *(word for word in words if str(self.place) not in word)))
        if key not in rows:
            rows[key] = run_program("deblur", source, output, *words)._asdict()
            kept.write_text(json.dumps(rows))
        return Run(**rows[key])


def scored(bench: Bench, case: Case, ending: str = "png") -> list[float]:
    run = bench.run(case, "--reference-kernel", "TRUE", ending=ending)
    metrics = run.record["metrics"]
    names = ("input_psnr_up_to_shift_db", "psnr_up_to_shift_db", "kernel_similarity")
    row = [*(metrics.get(name, float("nan")) for name in names), run.cpu_seconds]
    print_row(case.name, row, " ".join(run.record["warnings"]))
    return row


def print_head(*names: str) -> None:
    print(f"| {' | '.join(names)} |")
    print("|---" * len(names) + "|", flush=True)


def print_row(name: str, numbers: list[Any], *words: str) -> None:
    cells = [name, *(f"{number:.2f}" for number in numbers), *words]
    print(f"| {' | '.join(cells)} |", flush=True)
