"""What files beside an output are called, and in which order files come."""

from pathlib import Path

import pytest

from dipcli.io.names import beside, doubts_about, ending_of, in_natural_order, stem_of


@pytest.mark.parametrize(
    ("name", "stem", "ending"),
    [
        ("clean.png", "clean", ".png"),
        ("recon.nii.gz", "recon", ".nii.gz"),
        ("recon.NII.GZ", "recon", ".NII.GZ"),
        ("scan.v2.npy", "scan.v2", ".npy"),
        ("notes.gz", "notes", ".gz"),
        ("bare", "bare", ""),
    ],
)
def test_a_name_is_its_stem_and_its_ending(name, stem, ending):
    path = Path("folder") / name
    assert (stem_of(path), ending_of(path).lower()) == (stem, ending.lower())
    assert beside(path, "run.json") == Path("folder") / f"{stem}.run.json"


@pytest.mark.parametrize(
    "names",
    [
        ["frame_1.tif", "frame_2.tif", "frame_10.tif", "frame_100.tif"],
        ["1.tif", "2.tif", "10.tif"],
        ["a1b2.tif", "a1b10.tif", "a2b1.tif"],
        ["run2/f10.tif", "run10/f2.tif"],
        ["f01.tif", "f1.tif", "f2.tif", "g.tif"],  # the same number: by letters
        ["scan9.npy", "Scan10.npy"],
    ],
)
def test_numbers_in_names_are_counted(names):
    paths = [Path(name) for name in names]
    order = sorted(paths)  # by letters
    assert in_natural_order(order) == paths


@pytest.mark.parametrize(
    ("names", "doubts"),
    [
        (["f1.tif", "f2.tif", "f3.tif"], []),
        (["f01.tif", "f03.tif", "f05.tif"], []),
        (["one.tif"], []),
        (["a0.1.tif", "a0.25.tif", "a0.9.tif"], []),
        (["f1.tif", "f2.tif", "f4.tif", "f5.tif"], ["between f2.tif and f4.tif a step seems to be missing"]),
        (
            ["dark.tif", "f1.tif", "f2.tif"],
            ["dark.tif is not called as the others are, and counts as one of them"],
        ),
    ],
)
def test_what_is_odd_about_a_series_is_said(names, doubts):
    assert doubts_about([Path(name) for name in names]) == doubts
