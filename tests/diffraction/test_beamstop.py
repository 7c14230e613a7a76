"""What a beamstop hides."""

import numpy as np
import torch
from laws import assert_matches
from patterns import simulated

from dipcli.diffraction.beamstop import filled_in, hidden_centre
from dipcli.diffraction.projections import inverse, transform
from dipcli.symmetries import error


def stopped(size=32, side=3):
    """A pattern's known pixels: not those of a beamstop, nor of a gap elsewhere; frequency 0 in the corner."""
    known = torch.ones(size, size)
    known[size // 2 - side // 2 : size // 2 + side // 2 + 1, size // 2 - side // 2 : size // 2 + side // 2 + 1] = 0
    known[3:5] = 0
    return torch.fft.ifftshift(known)


def test_only_what_lies_around_the_centre_is_its_hidden_part():
    hidden = hidden_centre(stopped())
    assert int(hidden.sum()) == 9
    assert hidden[0, 0] == hidden[1, -1] == 1
    assert not hidden_centre(torch.ones(32, 32)).any()


def test_hidden_values_follow_from_the_support():
    truth = torch.from_numpy(np.pad(simulated()[1], 8))[None]
    hidden = hidden_centre(stopped(truth.shape[-1]))
    spoiled = inverse(transform(truth) * (1 - 0.5 * hidden))
    found = filled_in(spoiled, truth.abs() > 0, hidden)
    assert error(spoiled, truth) > 0.3
    assert error(found, truth) < 0.02
    assert_matches(transform(found) * (1 - hidden), transform(truth) * (1 - hidden), tolerance=1e-5)
