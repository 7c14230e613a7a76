"""A folder of pictures, and a batch of them."""

import pytest

from tests.commands import save_noisy


@pytest.fixture
def scans(tmp_path):
    """Three pictures in a folder."""
    (tmp_path / "scans").mkdir()
    for index, name in enumerate("abc"):
        save_noisy(tmp_path / "scans" / f"{name}.png", seed=index)
    return tmp_path / "scans"


@pytest.fixture
def batch(denoise, scans, tmp_path):
    """`batch(...)` denoises them into the folder `out`."""
    return lambda *arguments: denoise("-r", scans, "-o", tmp_path / "out", *arguments)
