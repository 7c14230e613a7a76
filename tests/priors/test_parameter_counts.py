"""The networks have exactly as many parameters as their published models."""

import pytest

from dipcli.options.engine import PriorOptions
from dipcli.priors.convdecoder import scale_sizes
from dipcli.priors.prior import build_prior
from dipcli.problem import Unknown

TAPERED = (16, 32, 64, 128, 128)
SIX = (16, 32, 64, 128, 128, 128)


def count(parameters, *, learnt=False):
    return sum(p.numel() for p in parameters if p.requires_grad or not learnt)


def build(channels=3, side=32, **options):
    return build_prior(Unknown((channels, side, side)), PriorOptions(**options))


# Ulyanov et al., CVPR 2018, and the code published with it.
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 2_217_831),
        ({"skip_width": (128,), "upsample": "nearest"}, 3_002_627),
        ({"skip_width": (0,), "seed_kind": "meshgrid", "upsample": "nearest"}, 2_157_955),
        ({"width": (8, 16, 32, 64, 128), "skip_width": (0, 0, 0, 4, 4), "seed_channels": 3}, 572_827),
        ({"width": TAPERED, "skip_width": (0,), "downsample": "average"}, 1_027_379),
    ],
    ids=["denoising", "inpainting-text", "inpainting-hole", "jpeg", "missing-98"],
)
def test_hourglass_has_the_published_parameters(options, expected):
    assert count(build(side=64, **options).network.parameters()) == expected


# Ulyanov et al. (library); Optimal Eye Surgeon, Ghosh et al., ICML 2024. Six scales of 5x5 need sides of 192.
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seed_channels": 1, "upsample": "nearest"}, 2_996_467),
        ({"seed_channels": 32, "upsample": "nearest", "downsample": "average"}, 3_008_867),
    ],
    ids=["library", "eye-surgeon"],
)
def test_six_scales_of_wide_convolutions_have_the_published_parameters(options, expected):
    prior = build(side=192, width=SIX, skip_width=(0,), filter_size=5, pointwise=False, **options)
    assert count(prior.network.parameters()) == expected


# Heckel and Hand, ICLR 2019, table 1.
@pytest.mark.parametrize(("width", "expected"), [(64, 25_536), (128, 100_224), (256, 397_056)])
def test_deep_decoder_has_the_published_parameters(width, expected):
    prior = build(side=64, prior="decoder", width=(width,) * 5, seed_channels=width)
    assert count(prior.network.parameters()) == expected


# Li et al., CVPR 2023: (parameters of the network, batch-norm values that are learnt) in the published code.
@pytest.mark.parametrize(
    ("channels", "seed_channels", "width", "skip_width", "total", "learnt"),
    [(3, 3, 64, 4, 82_979, 656), (3, 1, 128, 4, 319_259, 1_296), (1, 2, 128, 128, 463_873, 1_792)],
    ids=["denoising", "upscaling", "inpainting"],
)
def test_projector_has_the_published_parameters(channels, seed_channels, width, skip_width, total, learnt):
    options = {"width": (width,), "skip_width": (skip_width,), "seed_channels": seed_channels}
    prior = build(channels, prior="projector", learn="seed", seed_kind="normal", **options)
    normalisation = 2 * seed_channels  # scale and shift of the seed, outside the published network
    assert count(prior.network.parameters()) == total + normalisation
    assert count(prior.network.parameters(), learnt=True) == learnt + normalisation
    assert count(prior.parameters(), learnt=True) == learnt + normalisation + seed_channels * 32 * 32


# Darestani and Heckel, 2021: the networks of the published notebooks (15 coils twice, then one).
@pytest.mark.parametrize(
    ("channels", "layers", "width", "bias", "expected"),
    [(30, 8, 160, False, 1_850_560), (30, 7, 160, False, 1_619_840), (2, 7, 128, True, 1_035_138)],
    ids=["comparison", "knee", "single-coil"],
)
def test_convolutional_decoder_has_the_published_parameters(channels, layers, width, bias, expected):
    options = {"width": (width,) * layers, "seed_channels": width, "bias": bias, "coarsest": (8, 4)}
    prior = build_prior(Unknown((channels, 64, 64)), PriorOptions(prior="convdecoder", **options))
    assert count(prior.network.parameters()) == expected


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (8, "8x4 15x8 28x15 53x28 98x53 183x102 343x193 640x368"),
        (7, "8x4 17x9 35x19 72x39 149x82 309x174 640x368"),
    ],
)
def test_convolutional_decoder_grows_through_the_published_sizes(layers, expected):
    options = PriorOptions(prior="convdecoder", width=(8,) * layers, coarsest=(8, 4))
    sizes = scale_sizes((640, 368), options)
    assert " ".join("x".join(map(str, size)) for size in sizes) == expected
