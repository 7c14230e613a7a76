"""On the stabilised scale noise is even, and the way back leaves no bias."""

import pytest
import torch
from noises import LAWS

from dipcli.classical.noise import NoiseLaw
from dipcli.classical.variance_stabilisation import (
    ChannelStabilisers,
    LinearisedStabiliser,
    VarianceStabiliser,
    kept_information,
)

ALL = (
    NoiseLaw(gaussian=0.004),
    NoiseLaw(gaussian=0.1),
    NoiseLaw(gaussian=0.26),
    NoiseLaw(shot=0.03),
    NoiseLaw(shot=0.1),
    NoiseLaw(shot=0.3),
    NoiseLaw(speckle=0.2),
    NoiseLaw(speckle=0.5),
)
every_law = pytest.mark.parametrize("law", ALL, ids=str)

CLEAN = torch.tensor([0.0, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 1.0])


def simulate(law, clean, n_draws=40_000):
    """Noisy, clipped values (clean, n_draws)."""
    (kind,) = [name for name in LAWS if getattr(law, name)]
    return LAWS[kind](clean[:, None].expand(-1, n_draws), getattr(law, kind))


@every_law
def test_the_inverse_of_the_expected_value_is_the_clean_value(law):
    scale = VarianceStabiliser(law)
    back = scale.inverse(scale(simulate(law, CLEAN)).mean(1))
    torch.testing.assert_close(back, CLEAN, rtol=0, atol=0.01)


@every_law
def test_both_directions_never_fall(law):
    scale, line = VarianceStabiliser(law), torch.linspace(0, 1, 2000)
    assert bool((scale(line).diff() >= 0).all())
    assert bool((scale.inverse(line).diff() >= 0).all())


@every_law
def test_the_ends_stay_where_they_are(law):
    scale, ends = VarianceStabiliser(law), torch.tensor([0.0, 1.0])
    torch.testing.assert_close(scale(ends), ends, rtol=0, atol=1e-6)


@every_law
def test_values_stay_in_range(law):
    scale, line = VarianceStabiliser(law), torch.linspace(-0.5, 1.5, 100)
    for mapped in (scale(line), scale.inverse(line)):
        assert 0 <= float(mapped.min()) <= float(mapped.max()) <= 1


# Where clipping cuts little off, and above the floor under which deviations are not evened out.
@pytest.mark.parametrize(
    ("law", "lowest", "highest"),
    [
        (NoiseLaw(gaussian=0.1), 0.1, 0.9),
        (NoiseLaw(gaussian=0.26), 0.25, 0.75),
        (NoiseLaw(shot=0.1), 0.1, 0.95),
        (NoiseLaw(shot=0.3), 0.15, 0.9),
        (NoiseLaw(speckle=0.2), 0.25, 0.95),
        (NoiseLaw(speckle=0.5), 0.35, 1.0),
    ],
    ids=str,
)
def test_the_deviation_of_the_noise_is_even(law, lowest, highest):
    scale = VarianceStabiliser(law)
    deviation = scale(simulate(law, torch.linspace(lowest, highest, 9))).std(1) / scale.sigma
    assert float(deviation.min()) > 0.85
    assert float(deviation.max()) < 1.15


def test_the_scale_moves_to_a_device_with_its_tables():
    names = {name for name, _ in VarianceStabiliser(NoiseLaw(shot=0.1)).named_buffers()}
    assert names == {"forwards", "backwards"}


def test_missing_values_stay_missing():
    scale = VarianceStabiliser(NoiseLaw(shot=0.1))
    assert bool(scale(torch.tensor([0.3, torch.nan])).isnan()[1])


def test_channels_with_laws_of_their_own_have_equal_noise():
    laws = (NoiseLaw(gaussian=0.02), NoiseLaw(shot=0.1), NoiseLaw(gaussian=0.1))
    scale = ChannelStabilisers(laws)
    clean = CLEAN[3:8]
    values = scale(torch.stack([simulate(law, clean) for law in laws]))
    assert bool((values >= 0).all() & (values <= 1).all())
    torch.testing.assert_close(values.std(2), torch.full((3, len(clean)), scale.sigma), rtol=0.2, atol=0)
    back = scale.inverse(values.mean(2, keepdim=True))[:, :, 0]
    torch.testing.assert_close(back, clean.expand(3, -1), rtol=0, atol=0.01)


@pytest.mark.parametrize("law", [NoiseLaw(speckle=0.45), NoiseLaw(shot=0.3), NoiseLaw(gaussian=0.1)], ids=str)
def test_beside_the_clean_picture_noise_is_even_and_the_clean_picture_comes_back(law):
    clean = torch.linspace(0.1, 0.9, 9)
    scale = LinearisedStabiliser((law,), clean[None, :, None].expand(1, -1, 40_000))
    stabilised = scale(simulate(law, clean)[None])
    torch.testing.assert_close(scale.inverse(stabilised.mean(2, keepdim=True))[0, :, 0], clean, rtol=0, atol=0.01)
    assert stabilised.std(2) == pytest.approx(scale.sigma, rel=0.02)


def test_a_mistake_in_the_estimate_enters_by_its_square():
    law, clean = NoiseLaw(speckle=0.3), torch.full((1, 1, 1), 0.4)

    def off(mistake):
        scale = LinearisedStabiliser((law,), clean + mistake)
        return abs(float(scale.inverse(scale(clean))) - 0.4)

    assert off(0.02) < 0.003
    assert off(0.04) == pytest.approx(4 * off(0.02), rel=0.3)


def test_channels_with_laws_of_their_own_have_even_noise_together():
    laws = (NoiseLaw(speckle=0.45), NoiseLaw(speckle=0.2))
    clean = torch.full((2, 1, 40_000), 0.5)
    scale = LinearisedStabiliser(laws, clean)
    noisy = torch.stack([simulate(law, channel[0, :1])[0] for law, channel in zip(laws, clean, strict=True)])
    assert scale(noisy[:, None]).std(2).flatten() == pytest.approx(scale.sigma, rel=0.02)
    torch.testing.assert_close(scale.inverse(scale.places), clean, rtol=0, atol=1e-3)


def test_strong_speckle_alone_loses_much_by_stabilising():
    assert kept_information(NoiseLaw(speckle=0.45)) < 0.8
    assert kept_information(NoiseLaw(speckle=0.2)) == pytest.approx(0.95, abs=0.01)
    for law in (NoiseLaw(gaussian=0.1), NoiseLaw(gaussian=0.3), NoiseLaw(shot=0.2), NoiseLaw(speckle=0.05)):
        assert kept_information(law) > 0.97
