"""What is promised of the reconstruction of one slice."""

import numpy as np
import pytest
import torch
from laws import assert_matches
from scans import full_kspace, noise_of, sampled_kspace, some_lines, to_images, to_kspace
from slices import ENGINES, restored, state, written_coils

from dipcli.errors import OptionError
from dipcli.grid import crop_middle
from dipcli.mri.options import MriOptions, ReconstructionOptions
from dipcli.mri.reconstruction import enforce, state_mri
from dipcli.mri.slices import Slice


@pytest.fixture
def kspace():
    return sampled_kspace()[0]


@pytest.mark.parametrize("model", ["coil", "sense"])
@pytest.mark.parametrize("classical", [0.0, 0.5])
def test_hard_consistency_returns_what_was_measured(kspace, model, classical):
    own = to_kspace(written_coils(state(kspace, model=model, classical=classical)))
    assert np.abs(own - kspace)[kspace != 0].max() < 1e-5 * np.abs(kspace).max()
    assert np.abs(own)[kspace == 0].max() > 1e-3 * np.abs(kspace).max()


@pytest.mark.parametrize("model", ["coil", "sense"])
def test_without_consistency_the_networks_own_values_are_returned(kspace, model):
    own = to_kspace(written_coils(state(kspace, model=model, dc="none")))
    assert np.abs(own - kspace)[kspace != 0].max() > 1e-3 * np.abs(kspace).max()


def test_soft_consistency_lies_between_the_two(kspace):
    none, soft, hard = (
        to_kspace(written_coils(state(kspace, model="coil", dc=dc))) for dc in ("none", "soft:3", "hard")
    )
    there = kspace != 0
    assert_matches(soft[there], 0.75 * kspace[there] + 0.25 * none[there], tolerance=1e-5)
    assert_matches(soft[~there], none[~there], tolerance=1e-5)
    assert_matches(hard[~there], none[~there], tolerance=1e-5)


@pytest.mark.parametrize("dc", ["soft", "soft:0", "soft:-1", "soft:x", "Hard", "", "hard:2"])
def test_another_consistency_is_an_option_error(dc):
    with pytest.raises(OptionError, match=r"is not known; give hard, none, or soft:λ with a positive λ\.$"):
        ReconstructionOptions(dc=dc)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 3.0, float("inf")])
def test_enforcing_weighs_measured_values_by_lambda(weight):
    own, measured = noise_of((2, 6, 5)), noise_of((2, 6, 5), seed=1)
    sampled = torch.from_numpy(noise_of((6, 5), seed=2).real > 0)
    found = enforce(torch.from_numpy(to_images(own)), torch.from_numpy(measured), sampled, weight)
    share = 1.0 if weight == float("inf") else weight / (1 + weight)
    expected = np.where(sampled.numpy(), share * measured + (1 - share) * own, own)
    assert_matches(to_kspace(found.numpy()), expected, tolerance=1e-5)


@pytest.mark.parametrize("model", ["coil", "sense"])
@pytest.mark.parametrize("scale", [1e13, 1e-6])
def test_the_unit_of_kspace_changes_the_unit_of_the_picture_alone(kspace, model, scale):
    pictures, classical = [], []
    for factor in (1.0, scale):
        statement = state((kspace * factor).astype(np.complex64), model=model)
        pictures.append(restored(statement).picture / factor)
        classical.append(statement.classical[1] / factor)
        assert all(bool(torch.isfinite(picture).all()) for picture in statement.beside.values())
    assert_matches(pictures[1], pictures[0], tolerance=1e-4)
    assert_matches(classical[1], classical[0], tolerance=1e-4)


@pytest.mark.parametrize("crop", [(12, 20), (13, 11), (50, 50), None], ids=str)
def test_the_middle_is_looked_at(kspace, crop):
    whole, part = state(kspace), state(kspace, crop=crop)
    height, width = (min(a, b) for a, b in zip(crop or (24, 20), (24, 20), strict=True))
    top, left = (24 - height) // 2, (20 - width) // 2
    inner = np.s_[:, top : top + height, left : left + width]
    for one, other in [(part.classical[1], whole.classical[1]), (part.beside["tv"], whole.beside["tv"])]:
        assert_matches(one, other[inner])
    assert_matches(restored(part).picture, restored(whole).picture[inner])
    assert written_coils(part).shape == (4, height, width)


def test_cropping_works_on_real_images_too():
    assert torch.equal(crop_middle(torch.arange(5.0).reshape(1, 1, 5), (1, 3)), torch.tensor([[[1.0, 2, 3]]]))


def test_zero_filled_is_the_root_sum_of_squares_of_what_was_measured(kspace):
    expected = np.linalg.norm(to_images(kspace), axis=0, keepdims=True)
    assert_matches(state(kspace).beside["zero-filled"], expected, tolerance=1e-5)


def test_through_maps_two_more_methods_stand_beside(kspace):
    assert list(state(kspace).beside) == ["zero-filled", "cg-sense", "tv"]
    assert list(state(kspace, model="coil").beside) == ["zero-filled"]


def test_the_classical_answer_is_nearer_to_the_truth_than_zero_filling(kspace):
    truth = torch.from_numpy(np.linalg.norm(to_images(full_kspace(sigma=0)[0]), axis=0))
    statement = state(kspace)
    classical, blank = statement.classical[1][0], statement.beside["zero-filled"][0]
    assert float((classical - truth).square().mean()) < 0.5 * float((blank - truth).square().mean())


def test_only_the_classical_answer_is_returned_where_it_has_all_the_weight(kspace):
    statement = state(kspace, classical=1.0)
    assert statement.problem is None
    assert_matches(statement.finished({}).picture, statement.classical[1], tolerance=1e-5)


def test_the_measurement_is_left_as_it_was(kspace):
    before = kspace.copy()
    restored(state(kspace))
    assert np.array_equal(kspace, before)


def test_what_was_measured_is_told(kspace):
    assert (
        state(kspace).decisions["measured"] == f"1 in {20 / some_lines().sum():.2f} values of 24x20 with 4 coil(s)"
    )


def test_a_zero_that_was_measured_is_kept_at_zero(kspace):
    sampled = torch.from_numpy((kspace != 0).any(0))
    kspace[:, 3, 8] = 0
    recipe = MriOptions(reconstruction=ReconstructionOptions(), engine=ENGINES["sense"])
    one = Slice(torch.from_numpy(kspace), sampled)
    statement = state_mri(one, ReconstructionOptions(), lambda _: recipe)
    own = to_kspace(written_coils(statement))
    assert np.abs(own[:, 3, 8]).max() < 1e-5 * np.abs(kspace).max()
