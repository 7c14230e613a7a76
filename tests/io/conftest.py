import numpy as np
import pytest


@pytest.fixture
def pixels():
    """Random values over the whole range of a type, the same in every run."""

    def draw(shape, dtype="uint8"):
        rng = np.random.default_rng(0)
        if np.dtype(dtype).kind == "f":
            return rng.random(shape).astype(dtype)
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)

    return draw
