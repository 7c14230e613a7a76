"""What is stated and found of one pattern, and that nothing is chosen that explains free pixels worse."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from laws import assert_matches
from patterns import simulated

from dipcli.diffraction.complex_object import object_model
from dipcli.diffraction.crystals import Crystal, simulate_crystal
from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.phase_search import STEPS, Control, Measurement, SparseFits, equals_of, find, smoothed
from dipcli.diffraction.phasing import Candidate, doubts_of, judged, state_phasing
from dipcli.diffraction.placing import centring, level, placing_of
from dipcli.diffraction.presets import presets_of
from dipcli.diffraction.projections import curved
from dipcli.diffraction.reproducibility import agreement
from dipcli.diffraction.sparse import SparseObject
from dipcli.errors import OptionError
from dipcli.grid import embed
from dipcli.symmetries import error, flip
from tests.vortices import winding

FEW = PhasingOptions(starts=4, cycles=150, rounds=2)


def measurement_of(counts, bad=None, support=None):
    intensity = torch.from_numpy(counts).float()[None]
    good = torch.ones(counts.shape, dtype=torch.bool) if bad is None else torch.from_numpy(~bad)
    return Measurement(intensity, good, support)


@pytest.fixture(scope="module")
def pattern():
    """Counts of 3e5 photons, and the object on the pattern's grid."""
    counts, truth = simulated(side=64, photons=3e5)
    return counts, embed(torch.from_numpy(truth)[None], counts.shape)


@pytest.fixture(scope="module")
def phases(pattern):
    torch.set_num_threads(1)
    return find(measurement_of(pattern[0]), FEW, Control())


def options(**changes):
    return replace(presets_of("sparse")["fast"], phasing=replace(FEW, **changes))


def test_few_edges_are_nearer_to_the_truth_than_projections(pattern, monkeypatch):
    monkeypatch.setitem(STEPS, 2, 80)
    counts, truth = pattern
    statement = state_phasing(measurement_of(counts), options(), Control())
    restoration = statement.finished({})
    found, classical = (
        error(embed(restoration.objects[name], counts.shape), truth) for name in ("object", "classical")
    )
    assert restoration.decisions["object_of"] == "sparse"
    assert found < 0.9 * classical < 0.2


def test_any_start_may_lead_to_the_sparse_object_which_lies_where_the_best_one_does(phases, monkeypatch):
    monkeypatch.setitem(STEPS, 2, 80)
    nonsense = phases.best * torch.randn(phases.best.shape, generator=torch.Generator().manual_seed(1))
    moved = torch.roll(phases.unaware[:1], (2, -1), (1, 2))
    rooms = replace(
        phases.starts, support=torch.cat([phases.support, torch.roll(phases.support, (2, -1), (1, 2))])
    )
    led_astray = replace(phases, unaware=nonsense, errors=(0.0,))
    saved = replace(phases, unaware=torch.cat([nonsense, moved]), errors=(0.0, 1.0), starts=rooms)
    alone, both = (smoothed(one, Control()) for one in (led_astray, saved))
    assert both.best.free < 0.6 * alone.best.free
    overlap = (both.image * phases.best.conj()).sum().abs() / (both.image.norm() * phases.best.norm())
    assert overlap > 0.9


def test_the_object_that_explains_free_pixels_best_is_returned(phases):
    other = torch.roll(phases.best, 1, 1) * 2j
    worse = judged([Candidate("classical", phases.mean, 0.1), Candidate("hybrid", other, 0.2)], phases)
    better = judged([Candidate("classical", phases.best, 0.1), Candidate("hybrid", other, 0.05)], phases)
    assert worse.decisions["object_of"] == "classical"
    assert better.decisions["object_of"] == "hybrid"
    assert_matches(worse.objects["object"], worse.objects["classical"], tolerance=1e-5)


def test_the_restoration_is_centred_and_its_mean_phase_is_0(phases):
    restoration = judged([Candidate("classical", phases.best, 0.1)], phases)
    assert abs(float(restoration.objects["object"].sum().angle())) < 0.2
    rows = restoration.objects["support"][0].any(1).nonzero()
    assert abs(int(rows[0]) - (31 - int(rows[-1]))) <= 1


def test_the_table_has_a_row_for_each_start(phases):
    assert phases.table().shape == (len(phases.starts.numbers), 5)
    assert phases.table()[0, 4] < 1e-3
    assert list(phases.free) == sorted(phases.free)


def test_a_beamstop_over_the_brightest_pixels_is_no_hindrance():
    counts, truth = simulated(photons=1e7)
    bad = np.zeros(counts.shape, bool)
    bad[15:18, 15:18] = True
    found = find(
        measurement_of(np.where(bad, 0, counts), bad), PhasingOptions(starts=6, cycles=200, rounds=3), Control()
    )
    assert error(found.best, embed(torch.from_numpy(truth)[None], counts.shape)) < 0.15


@pytest.mark.parametrize(
    ("errors", "free", "expected"),
    [
        ((0.0, 0.1, 0.4, 0.15), (1.0, 1.0, 1.0, 2.0), [0, 1, 3]),  # that agree
        ((0.0, 0.3, 0.4, 0.9), (1.0, 1.1, 1.05, 1.0), [0, 1, 2]),  # in outline
        ((0.0, 0.3, 0.4, 0.4), (1.0, 1.1, 1.3, 1.3), [0]),  # as good, but few
    ],
)
def test_equals_are_starts_that_agree_or_many_that_are_as_good(errors, free, expected):
    assert equals_of(errors, free) == expected


def test_where_starts_agree_in_outline_only_their_mean_is_returned_and_it_is_said(phases):
    random = torch.Generator().manual_seed(0)
    inside = phases.best.abs() > 0.3 * phases.best.abs().max()
    noise = torch.randn((4, *phases.best.shape[1:]), generator=random, dtype=torch.complex64)
    objects = phases.best + 0.25 * phases.best.abs().max() * noise * inside
    common = agreement(objects)
    starts = replace(phases.starts.take([0] * 4), objects=objects)  # how many there were depends on the machine
    apart = replace(phases, starts=starts, errors=common.errors, free=(1.0, 1.01, 1.02, 1.03), common=common)
    assert apart.n_alike == 1
    assert error(apart.mean, phases.best) < 0.7 * error(objects[:1], phases.best)
    restoration = judged([Candidate("classical", apart.mean, 1.0)], apart)
    assert "between 4 starts" in restoration.decisions["difference"]
    assert restoration.objects["spread"].shape == restoration.objects["object"].shape
    assert "4 starts that explain" in doubts_of(apart, Control())[0]
    assert "their mean is returned" in doubts_of(apart, Control())[0]


def test_where_fits_agree_from_starts_that_did_not_nothing_is_doubted(phases):
    apart = replace(phases, errors=(0.0, 0.56), free=(1.0, 1.3))
    best = SparseObject(phases.best, 0.5, 6.0)
    agreed = SparseFits(best, phases.best, (0.0, 0.15))
    astray = SparseFits(best, phases.best, (0.0, 0.4))
    several = SparseFits(best, phases.best.expand(3, -1, -1), (0.0, 0.15, 0.4))
    assert "0.56" in doubts_of(apart, Control())[0]
    assert doubts_of(apart, Control(), agreed) == ()
    assert "No other start" in doubts_of(apart, Control(), astray)[0]
    assert "0.40" in doubts_of(apart, Control(), astray)[0]
    assert "3 starts" in doubts_of(apart, Control(), several)[0]
    assert doubts_of(apart, Control(), replace(several, errors=(0.0, 0.05, 0.4))) == ()


def test_what_is_said_of_a_mean_of_fits_is_said_of_those_fits(phases):
    other = torch.roll(phases.best, 3, 1)
    fits = agreement(torch.cat([phases.best, other * phases.best, phases.best]))
    found = judged([Candidate("sparse", phases.best, 0.1, common=fits)], phases)
    assert found.objects["modes"].shape[0] == 3
    assert "between 3 starts" in found.decisions["difference"]


def test_the_object_of_a_near_field_comes_without_its_wave(pattern, phases):
    curvature, truth = 0.05, pattern[1]
    wave = curved(truth, curvature)
    support = (truth[:1].abs() > 0.3 * truth.abs().max()).expand_as(phases.starts.support)
    near = replace(phases, starts=replace(phases.starts, support=support))
    found = judged([Candidate("double-dip", wave, 0.1)], near, curvature).objects["object"]
    assert error(embed(found, truth.shape[1:]), level(truth)) < 0.02
    assert error(wave, truth) > 0.5  # so that the wave would be seen


def test_near_fields_have_no_projections():
    with pytest.raises(OptionError, match="--fresnel"):
        PhasingOptions(fresnel=0.1)


def test_of_two_twins_the_one_of_the_flatter_object_is_placed(pattern):
    truth, curvature = pattern[1], 0.05
    support = truth[0].abs() > 0.3 * truth.abs().max()
    wave = curved(truth, curvature)
    placed = placing_of(wave, support, curvature)(wave)
    turned = placing_of(flip(wave), torch.flip(support, (0, 1)).roll((1, 1), (0, 1)), curvature)(flip(wave))
    assert error(embed(placed, truth.shape[1:]), level(truth)) < 0.02
    assert error(embed(turned, truth.shape[1:]), level(truth)) < 0.02


def test_an_interrupted_search_is_said_to_be(pattern):
    control = Control(interrupted=lambda: True)
    statement = state_phasing(measurement_of(pattern[0]), options(method="classical"), control)
    assert statement.warnings == ("Interrupted before the search ended.",)
    assert bool(torch.isfinite(statement.classical[1]).all())


def test_centring_moves_the_middle_of_the_support_to_the_middle():
    support = torch.zeros(16, 20, dtype=torch.bool)
    support[2:7, 9:12] = True
    moved = torch.roll(support, centring(support), (0, 1))
    assert bool(moved[6:11, 9:12].all())
    assert int(moved.sum()) == 15


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"nonnegative_real": True},
        {"unknowns": "magnitude-phase"},
        {"uniform_magnitude": True},
    ],
)
def test_two_unknowns_that_begin_at_an_object_make_that_object(told):
    truth = torch.from_numpy(simulate_crystal(Crystal(16, 2, 1.0), np.random.default_rng(1)))[None]
    likeness = object_model(PhasingOptions(**told), (16, 16), embed(truth, (32, 32)))
    made = likeness.join(likeness.first.guide, likeness.second.guide)
    assert error(made, truth) < 0.05


def test_a_uniform_object_has_one_magnitude():
    likeness = object_model(PhasingOptions(uniform_magnitude=True), (16, 16))
    made = likeness.join(torch.tensor([[[3.0, 5.0, -3.0]]]), torch.zeros(1, 1, 3))
    assert_matches(made.abs(), torch.tensor([[[1.0, 1.0, 0.0]]]), tolerance=1e-6)


def test_the_winding_round_a_vortex_is_1_and_elsewhere_0():
    at = torch.arange(16) - 7.5
    vortex = torch.polar(torch.ones(16, 16), torch.atan2(at.expand(16, 16), at[:, None].expand(16, 16)))[None]
    turns = winding(vortex)
    assert turns[7, 7].abs() == 1
    assert turns.abs().sum() == 1
    assert torch.equal(winding(vortex.conj()), -turns)
    assert not winding(torch.polar(torch.ones(1, 8, 8), math.pi * torch.rand(1, 8, 8) / 8)).any()
