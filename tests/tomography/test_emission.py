"""Emissions: what counts are expected, the rounds that explain them, and the files that lie beside them."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from laws import assert_matches
from projections import true_slice

from dipcli.classical.least_squares import adjoint
from dipcli.errors import DipcliError, InputError, OptionError
from dipcli.metrics import peak_psnr_db
from dipcli.pipeline.medium import Control
from dipcli.tomography.beam import projection_of
from dipcli.tomography.counted_rays import CountedRays, EmissionProjection, maximising_rounds
from dipcli.tomography.emission import Emission, counted, reconstruct_emission
from dipcli.tomography.options import BeamOptions, ImagingOptions, ReadingOptions, TomographyOptions
from dipcli.tomography.projection import Geometry
from dipcli.tomography.readers import load_projections

VIEWS, SIDE = 40, 48
EMISSION = ReadingOptions(angles="180", values="emission")


def geometry():
    return Geometry(torch.arange(VIEWS) * math.pi / VIEWS, SIDE, (SIDE - 1) / 2)


def emission(total=2e5, randoms=0.2, seed=0):
    """Counts of the ellipses, with absorption on the way and randoms everywhere."""
    projection = projection_of(geometry())
    lines = projection(torch.from_numpy(true_slice())[None]).clamp(min=0)
    kept = torch.exp(-lines / lines.max())
    sensitivity = kept * total / (kept * lines).sum()
    background = torch.full_like(lines, randoms * total / lines.numel())
    counts = np.random.default_rng(seed).poisson((sensitivity * lines + background).numpy())
    return Emission(torch.from_numpy(counts.astype(np.float32)), sensitivity, background)


def rays_of(one):
    projection = EmissionProjection(projection_of(geometry()), one.sensitivity, one.background)
    return CountedRays(projection, one.counts, torch.ones_like(one.counts) > 0)


def test_the_back_projection_is_the_adjoint():
    projection, image, counts = projection_of(geometry()), torch.rand(1, SIDE, SIDE), torch.rand(1, VIEWS, SIDE)
    back = adjoint(projection, torch.zeros_like(image))(counts)
    assert_matches((projection(image) * counts).sum(), (image * back).sum(), tolerance=1e-4)


def test_every_round_of_mlem_makes_the_counts_likelier():
    rays = rays_of(emission())
    rounds = maximising_rounds(rays, 1)
    misfits = [rays.misfit(next(rounds)) for _ in range(12)]
    assert all(after < before for before, after in pairwise(misfits))


def test_ordered_subsets_are_faster():
    rays = rays_of(emission())
    one, four = (rays.misfit(next(maximising_rounds(rays, n))) for n in (1, 4))
    assert four < one


@pytest.mark.parametrize("damping", [0.5, 50.0])
def test_a_step_near_to_an_image_lowers_what_it_should(damping):
    rays = rays_of(emission())
    start = torch.full((1, SIDE, SIDE), 0.5)

    def objective(image):
        return rays.misfit(image) * rays.counts.numel() + damping * float((image - start).square().sum())

    assert objective(rays.explain(start, damping)) < objective(start)


def test_the_truth_has_a_misfit_of_one():
    assert rays_of(emission()).misfit(torch.from_numpy(true_slice())[None]) == pytest.approx(1, abs=0.1)


def test_patch_groups_are_better_than_expectation_maximisation():
    one = emission()
    answer = reconstruct_emission(*counted(one, one.counts >= 0, geometry()), "patches", Control())
    truth = torch.from_numpy(true_slice())[None]
    first, second = (peak_psnr_db(answer.scale * each, truth) for each in (answer.maximised, answer.image))
    assert second > first + 2
    assert answer.found.levels


def test_counts_in_another_sensitivity_give_the_same_scaled():
    one = emission()
    twice = Emission(one.counts, 2 * one.sensitivity, one.background)
    answers = [
        reconstruct_emission(*counted(e, e.counts >= 0, geometry()), "osem", Control()) for e in (one, twice)
    ]
    assert_matches(answers[0].scale * answers[0].image, 2 * answers[1].scale * answers[1].image, tolerance=1e-3)


def test_background_alone_is_refused():
    one = emission()
    with pytest.raises(InputError, match="background"):
        counted(Emission(one.counts, one.sensitivity, one.counts + 1), one.counts >= 0, geometry())


def saved(path, array):
    np.save(path, np.asarray(array))
    return path


def test_files_of_factors_and_randoms_are_read_beside_the_counts(tmp_path):
    one = emission()
    path = saved(tmp_path / "prompts.npy", one.counts[0].to(torch.int32))
    factors = saved(tmp_path / "factors.npy", (1 / (one.sensitivity / one.sensitivity.max()))[0])
    randoms = saved(tmp_path / "randoms.npy", one.background[0])
    scan = load_projections(path, EMISSION, BeamOptions(attenuation=factors, randoms=randoms))
    assert scan.emission is not None
    assert_matches(scan.emission.sensitivity, (one.sensitivity / one.sensitivity.max()).numpy(), tolerance=1e-5)
    assert "factors that correct" in " ".join(scan.warnings)
    assert scan.views(np.arange(4)).emission.counts.shape == (1, 4, SIDE)


@pytest.mark.parametrize("axes", ["view,slice,detector", "slice,detector,view"])
def test_one_sinogram_of_factors_is_for_all_slices(tmp_path, axes):
    counts = np.stack([emission().counts[0].numpy(), emission(seed=1).counts[0].numpy()])
    order = [("slice", "view", "detector").index(name) for name in axes.split(",")]
    path = saved(tmp_path / "prompts.npy", counts.transpose(order))
    factors = np.random.default_rng(0).uniform(0.2, 0.9, counts.shape[1:])
    beside = saved(tmp_path / "kept.npy", factors.T if axes.endswith("view") else factors)
    options = ReadingOptions(angles="180", values="emission", axes=axes, slices="1")
    scan = load_projections(path, options, BeamOptions(attenuation=beside))
    assert_matches(scan.emission.counts[0], counts[1])
    assert_matches(scan.emission.sensitivity[0], factors.astype(np.float32))


def test_what_are_no_counts_is_one_sentence(tmp_path):
    counts = emission().counts[0].numpy()
    for name, array, part in (
        ("less.npy", counts - 50, "negative counts"),
        ("none.npy", counts * 0, "empty|nothing"),
        ("small.npy", counts, "40x48"),
    ):
        beside = BeamOptions(randoms=saved(tmp_path / "r.npy", counts[:, :9]) if name == "small.npy" else None)
        with pytest.raises(DipcliError, match=part):
            load_projections(saved(tmp_path / name, array), EMISSION, beside)
    scan = load_projections(saved(tmp_path / "half.npy", counts / 3), EMISSION)
    assert "no whole numbers" in scan.warnings[0]


@pytest.mark.parametrize(
    "parts",
    [
        {"beam": BeamOptions(randoms=EMISSION.flat or "x")},
        {"imaging": ImagingOptions(method="osem")},
        {"reading": EMISSION, "imaging": ImagingOptions(method="tv")},
        {"beam": BeamOptions(detector="arc")},
    ],
)
def test_options_that_do_not_fit_are_refused(parts):
    with pytest.raises(OptionError):
        TomographyOptions(**parts)
