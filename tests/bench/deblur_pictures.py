"""Rows of the bench of deblurring with pictures that people have: in colour, large, sharp, photographs."""

import numpy as np
import skimage.data
from PIL import Image

from tests.bench.blurred import OF_LAI, PHOTOGRAPHS, enlarged, lai_case, photograph
from tests.bench.deblur_runs import Bench, print_head, print_row, scored
from tests.bench.pictures import DATA
from tests.bench.sheet import contact_sheet

KINDS = ("chelsea", "coffee", "camera", "astronaut", "page", "rocket", "logo", "text", "grass", "coins")
MEGAPIXELS = (1, 3, 6, 12)


def lai(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Lai's kernels on six pictures in colour."""
    print_head("case", "blurred", "dipcli", "similarity", "CPU s", "warnings")
    for step in range(4):
        for number, picture in enumerate(OF_LAI):
            kernel = (number + step) % 4 + 1
            if bench.wants(f"{picture}-{kernel}"):
                scored(bench, lai_case(picture, kernel))


def photographs(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Four made photographs: noise, JPEG, and a sheet to look at."""
    print_head("case", "blurred", "dipcli", "similarity", "CPU s", "warnings")
    rows = []
    for name in filter(bench.wants, PHOTOGRAPHS):
        case = photograph(name)
        scored(bench, case, ending="jpg")
        rows.append(
            [bench.place / f"{case.name}{ending}" for ending in (".jpg", ".sharp.png", ".sharp.kernel.png")]
        )
    contact_sheet(rows, bench.place / "made.png")


def kinds(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Sharp pictures of all kinds come back bit by bit: those of scikit-image."""
    print_head("picture", "CPU s", "is unchanged", "sharpness", "warnings")
    for name in filter(bench.wants, KINDS):
        source, output = (bench.place / f"{name}{ending}.png" for ending in ("", ".sharp"))
        picture = np.asarray(getattr(skimage.data, name)())
        picture = (
            picture * np.uint8(255)
            if picture.dtype == bool
            else picture[..., :3]
            if picture.ndim == 3
            else picture
        )
        Image.fromarray(picture).save(source)
        run = bench.deblur(source, output)
        same = np.array_equal(np.asarray(Image.open(output)), picture)
        decided = run.record["decisions"]
        print_row(
            name,
            [run.cpu_seconds],
            "yes" if same else "no",
            decided["sharpness"],
            " ".join(run.record["warnings"]),
        )


def large(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Seconds and memory of large pictures: coffee of scikit-image, enlarged, behind a curve, with noise."""
    print_head("picture", "CPU s", "GB", "blurred dB", "dipcli dB", "similarity")
    for megapixels in (each for each in MEGAPIXELS if bench.wants(str(each))):
        case = enlarged(megapixels)
        run = bench.run(case, "--reference-kernel", "TRUE")
        metrics = run.record["metrics"]
        names = ("input_psnr_up_to_shift_db", "psnr_up_to_shift_db", "kernel_similarity")
        numbers = [run.cpu_seconds, run.peak_mib / 1024, *(metrics.get(name, float("nan")) for name in names)]
        print_row(case.name, numbers, " ".join(run.record["warnings"]))


def photos(bench: Bench, pairs: list[tuple[int, int]]) -> None:
    """Nine real photographs without truth, and a sheet to look at."""
    print_head("photograph", "CPU s", "kernel", "of", "warnings")
    rows = []
    for source in sorted((DATA / "blur").glob("*/*.jpg")):
        output = bench.place / f"{source.stem}.sharp.png"
        run = bench.deblur(source, output)
        kernel = np.load(output.with_name(f"{output.stem}.kernel.npy"))
        decided = run.record["decisions"].get("kernel_of", "-")
        print_row(source.stem, [run.cpu_seconds, float(len(kernel))], decided, " ".join(run.record["warnings"]))
        rows.append((source, output, output.with_name(f"{output.stem}.kernel.png")))
    contact_sheet(rows, bench.place / "photos.png")
