"""What files beside an output are called."""

from pathlib import Path

import pytest

from dipcli.io.names import beside, ending_of, stem_of


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
