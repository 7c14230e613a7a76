"""What the network earns: a share of the result that a trial on the picture itself estimates."""

import pytest
import torch
from noises import gaussian

from dipcli.classical.dct import dct_denoise, draw_noise, noise_power, white_power
from dipcli.engine.restore import Result
from dipcli.fidelities import root_mean_squared_error
from dipcli.options.engine import EngineOptions, PriorOptions, StoppingOptions
from dipcli.pictures import network_share as shares
from dipcli.pictures.picture_problem import picture_problem

SIGMA = 0.1
ENGINE = EngineOptions(PriorOptions(width=(4,), seed_kind="guide"), stopping=StoppingOptions(iterations=2, runs=3))


def stated(noisy, classical):
    return picture_problem(noisy.values, root_mean_squared_error, guide=classical)


def judged_share(values, mask=None):
    mask = torch.ones_like(values, dtype=torch.bool) if mask is None else mask
    noisy = shares.NoisyValues(values, white_power(values, SIGMA), mask)
    return shares.network_share(noisy, dct_denoise, stated, ENGINE)


@pytest.fixture
def share_of(scene, monkeypatch):
    """`share_of(answer)`: the share of a network that answers with `answer(clean, classical, problem)`."""

    def judged(answer, mask=None):
        clean = scene(1, 96, 96)
        noisy = gaussian(clean, SIGMA)

        def restore(problem, options):
            assert options.stopping.runs == 1
            image = answer(clean, problem.unknowns["image"].guide, problem)
            return Result({"image": image}, image, None, "early_stop", (), None, ())

        monkeypatch.setattr(shares, "restore", restore)
        return judged_share(noisy, None if mask is None else mask(noisy))

    return judged


def test_a_network_that_knows_the_truth_is_believed(share_of):
    found = share_of(lambda clean, classical, problem: clean)
    assert found.share == pytest.approx(1, abs=0.05)
    assert found.gain_db > 3


def test_a_network_that_fits_the_noise_is_not(share_of):
    found = share_of(lambda clean, classical, problem: problem.measurement)
    assert found.share < 0.1


def test_values_that_were_guessed_are_no_judges(share_of):
    def left_half(values):
        return torch.arange(values.shape[-1]).expand(values.shape) < values.shape[-1] // 2

    def right_where_measured(clean, classical, problem):
        return clean.where(left_half(clean), torch.full_like(clean, 9.0))

    assert share_of(right_where_measured).share < 0.1
    assert share_of(right_where_measured, left_half).share == pytest.approx(1, abs=0.05)


def test_a_network_that_changes_nothing_is_not_fitted(share_of):
    found = share_of(lambda clean, classical, problem: classical.clone())
    assert found.share == 0
    assert str(found).startswith("not fitted, for it gained 0.0")


def test_one_that_errs_elsewhere_gets_the_share_with_the_least_error(share_of):
    """Of two answers with independent errors of equal energy, the mean is best."""

    def answer(clean, classical, problem):
        error = classical - clean
        return clean + error.flip(1, 2) * error.norm() / error.flip(1, 2).norm()

    assert share_of(answer).share == pytest.approx(0.5, abs=0.1)


def test_the_share_is_the_same_every_time(scene):
    noisy = gaussian(scene(1, 40, 40), SIGMA)
    torch.manual_seed(1)
    first = judged_share(noisy)
    torch.manual_seed(2)
    assert judged_share(noisy) == first


def test_white_noise_is_drawn_with_its_deviation():
    image = torch.zeros(3, 64, 64)
    drawn = draw_noise(image.shape, white_power(image, 0.2), torch.Generator().manual_seed(0))
    assert float(drawn.std()) == pytest.approx(0.2, rel=0.05)


def test_correlated_noise_is_drawn_with_its_spectrum():
    white = torch.randn((3, 256, 256), generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.avg_pool2d(white[None], 3, 1, 1)[0]
    power = noise_power(smooth, float(smooth.std()))
    drawn = draw_noise(smooth.shape, power, torch.Generator().manual_seed(1))
    assert float(drawn.std()) == pytest.approx(float(smooth.std()), rel=0.2)
    neighbours = [float((x[:, :, 1:] * x[:, :, :-1]).mean() / x.square().mean()) for x in (smooth, drawn)]
    assert neighbours[1] == pytest.approx(neighbours[0], abs=0.12)
