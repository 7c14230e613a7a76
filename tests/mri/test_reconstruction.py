"""What is decided about one slice: the model, and whether it can be reconstructed at all."""

import numpy as np
import pytest
import torch
from scans import as_slice, folded_kspace, full_kspace, noise_of, sampled_kspace, some_lines, true_maps
from slices import ENGINES, state

from dipcli.errors import InputError, OptionError
from dipcli.fidelities import mean_absolute_error, mean_squared_error, root_mean_squared_error
from dipcli.mri.encoding import SenseEncoding
from dipcli.mri.options import MriOptions, ReconstructionOptions, UndersamplingOptions
from dipcli.mri.reconstruction import noise_level, state_mri


@pytest.fixture
def kspace():
    return sampled_kspace()[0]


def test_with_a_calibration_block_all_coils_share_one_image(kspace):
    statement = state(kspace)
    assert isinstance(statement.problem.operator, SenseEncoding)
    assert statement.decisions["model"] == "sense, maps from 24x7 values around the centre"
    assert statement.engine == ENGINES["sense"]
    assert statement.problem.unknowns["image"].shape == (2, 24, 20)


@pytest.mark.parametrize(("lines", "found"), [([10], 1), ([9, 10], 2), ([9, 10, 11], 3)])
def test_with_few_lines_maps_are_found_together_with_the_image(lines, found):
    kept = np.isin(np.arange(20), [1, 5, *lines, 15, 17])
    statement = state(full_kspace()[0] * kept)
    assert isinstance(statement.problem.operator, SenseEncoding)
    block = f"24x{found} values around the centre"
    assert statement.decisions["model"] == f"sense, maps found together with the image, for {block} are few"
    assert statement.problem.unknowns["image"].shape == (2, 24, 20)


def test_four_lines_are_enough_for_maps():
    statement = state(full_kspace()[0] * np.isin(np.arange(20), [1, 5, 9, 10, 11, 12, 15, 17]))
    assert statement.decisions["model"].startswith("sense, maps from 24x4 values around the centre")


def test_a_single_coil_needs_no_maps():
    statement = state(sampled_kspace(1)[0])
    assert statement.decisions["model"] == "coil, an image for each: one coil"
    assert statement.problem.unknowns["image"].shape == (2, 24, 20)


def test_coil_by_coil_can_be_chosen(kspace):
    statement = state(kspace, model="coil")
    assert statement.decisions["model"] == "coil, an image for each: as asked for"
    assert statement.engine == ENGINES["coil"]


def test_a_folded_image_gets_two_sets_of_maps():
    statement = state(folded_kspace()[0] * some_lines(20, 12))
    assert "two sets, for" in statement.decisions["model"]
    assert statement.problem.unknowns["image"].shape == (4, 24, 20)


@pytest.mark.parametrize("sets", [1, 2])
def test_maps_that_are_given_are_used(kspace, sets):
    maps = torch.from_numpy(np.stack([true_maps()] * sets))
    statement = state(kspace, maps=maps)
    assert statement.decisions["model"] == f"sense, with {sets} given set(s) of maps"
    assert torch.equal(statement.problem.operator.maps, maps)


@pytest.mark.parametrize("shape", [(1, 3, 24, 20), (1, 4, 20, 24)], ids=str)
def test_maps_of_another_size_are_an_option_error(kspace, shape):
    with pytest.raises(OptionError, match=r"--maps are .* with . coil\(s\), but the scan is 24x20 with 4 coil"):
        state(kspace, maps=torch.ones(shape, dtype=torch.complex64))


def test_each_model_has_its_own_options(kspace):
    recipes = {
        "coil": MriOptions(reconstruction=ReconstructionOptions(loss="l1"), engine=ENGINES["coil"]),
        "sense": MriOptions(
            undersampling=UndersamplingOptions(undersample=2.0),
            reconstruction=ReconstructionOptions(loss="mse", classical=0.25),
            engine=ENGINES["sense"],
        ),
    }
    statement = state_mri(as_slice(kspace), ReconstructionOptions(), recipes.__getitem__)
    assert statement.problem.fidelity is mean_squared_error
    assert [statement.options[name] for name in ("loss", "classical", "undersample")] == ["mse", 0.25, 2]


@pytest.mark.parametrize(
    ("loss", "fidelity"),
    [("mse", mean_squared_error), ("rmse", root_mean_squared_error), ("l1", mean_absolute_error)],
)
def test_the_loss_can_be_chosen(kspace, loss, fidelity):
    assert state(kspace, loss=loss).problem.fidelity is fidelity


@pytest.mark.parametrize("sigma", [0.02, 1.0])
@pytest.mark.parametrize("lines", [np.ones(64, bool), some_lines(64, 12, 3)], ids=["full", "lines"])
def test_the_level_of_pure_noise_is_found(sigma, lines):
    kspace = torch.from_numpy(noise_of((4, 64, 64), sigma) * lines)
    sampled = torch.from_numpy(np.broadcast_to(lines, (64, 64)).copy())
    assert noise_level(kspace, sampled) == pytest.approx(sigma, rel=0.05)


def test_the_noise_of_a_scan_is_found_beside_its_signal():
    kspace = torch.from_numpy(full_kspace(4, 96, 80, sigma=0.05)[0])
    assert noise_level(kspace, torch.ones(96, 80, dtype=torch.bool)) == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda k: k * 0, "K-space is empty: every value is 0."),
        (lambda k: np.where(k == k[0, 12, 10], np.nan, k), "K-space holds values that are not finite; export it"),
        (lambda k: np.where(k == k[0, 12, 10], np.inf, k), "K-space holds values that are not finite; export it"),
        (lambda k: k * (np.arange(20) != 10), "The centre of k-space was not measured; check --axes, and that"),
    ],
    ids=["empty", "nan", "infinite", "without-centre"],
)
def test_kspace_that_cannot_be_used_is_one_sentence(kspace, spoil, expected):
    with pytest.raises(InputError) as failure:
        state(spoil(kspace).astype(np.complex64))
    assert str(failure.value).startswith(expected)
    assert str(failure.value).endswith(".")
