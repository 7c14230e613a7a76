"""The network has the share that measured k-space gives it which neither answer knew."""

import numpy as np
import pytest
import torch
from scan_files import as_npy
from scans import full_kspace, sampled_kspace, some_lines, to_images, true_maps

from dipcli.fourier import fft, to_parts
from dipcli.mri.encoding import CoilEncoding, SenseEncoding
from dipcli.mri.network_share import HeldOut, hidden_values
from dipcli.mri.presets import recipes_of
from dipcli.options.overrides import Overrides
from tests.commands import record_of

FEW_LINES = some_lines(centre=1, every=3)


def sampled(lines=FEW_LINES, height=24):
    return torch.from_numpy(np.broadcast_to(lines, (height, len(lines))).copy())


def test_one_coil_of_every_second_line_is_hidden():
    hidden = hidden_values(torch.ones(4, 24, 20, dtype=torch.complex64), sampled(some_lines()))
    assert hidden[:, 0].sum(0).max() == 1
    assert bool((hidden.all(1) == hidden.any(1)).all())
    assert hidden.any(0).any(0).nonzero()[:, 0].tolist() == [0, 4, 16]  # of 0, 2, 4, 14, 16, 18 outside


def test_of_one_coil_whole_lines_are_hidden():
    hidden = hidden_values(torch.ones(1, 24, 40, dtype=torch.complex64), sampled(some_lines(40)))
    assert 1 <= int(hidden.any(1).sum()) <= 2


def test_points_are_hidden_outside_of_the_calibration_block():
    kept = torch.from_numpy(np.random.default_rng(0).random((48, 40)) < 0.4)
    kept[20:28, 16:24] = True
    hidden = hidden_values(torch.ones(4, 48, 40, dtype=torch.complex64), kept)
    assert not bool(hidden[:, 20:28, 16:24].any())
    assert not bool((hidden & ~kept).any())
    assert float(hidden.float().sum() / (4 * kept.sum())) == pytest.approx(1 / 8, abs=0.03)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.4, 0.0), (0.8, 0.8), (1.0, 1.0)])
def test_the_share_is_that_of_the_best_mixture_where_that_is_large(share, expected):
    kspace = torch.from_numpy(full_kspace(sigma=0)[0])
    truth = to_parts(torch.from_numpy(to_images(full_kspace(sigma=0)[0])))
    wrong, other = (torch.randn(truth.shape, generator=torch.Generator().manual_seed(k)) for k in (0, 1))
    guess = truth - share * wrong
    image = guess + wrong if share else truth + other
    held = HeldOut(kspace, hidden_values(kspace, sampled()), guess)
    assert held.share(CoilEncoding(sampled()), image) == pytest.approx(expected, abs=1e-3)


def test_through_maps_held_out_k_space_decides_where_a_network_is_wanted():
    def classical(preset="fast", **given):
        return recipes_of(preset, "cpu", Overrides(given))["sense"].reconstruction.classical

    assert classical() == classical(max_time=5.0) == classical(runs=None) == classical("instant") == 1.0
    assert classical(runs=3) is classical(width=(4,)) is classical("best") is classical("balanced") is None
    assert classical(runs=3, classical=0.3) == classical("balanced", classical=0.3) == 0.3
    assert classical("paper") == classical("paper", iterations=7) == 0.0
    assert recipes_of("fast", "cpu", Overrides({}))["coil"].reconstruction.classical is None


def test_through_maps_whole_lines_are_hidden():
    hidden = hidden_values(
        torch.ones(4, 24, 60, dtype=torch.complex64), sampled(some_lines(60)), of_all_coils=True
    )
    assert bool((hidden.all(0) == hidden.any(0)).all())
    assert hidden.any(0).any(0).nonzero()[:, 0].tolist() == [2, 22, 50]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.4, 0.0), (0.8, 0.8)])
def test_through_maps_too_the_share_counts_where_it_is_large(share, expected):
    maps = torch.from_numpy(true_maps())[None]
    encoding = SenseEncoding(sampled(), maps)
    truth, wrong = (torch.randn(2, 24, 20, generator=torch.Generator().manual_seed(k)) for k in (0, 1))
    kspace, guess = fft(encoding.coils(truth)), truth - share * wrong
    held = HeldOut(kspace, hidden_values(kspace, sampled(), of_all_coils=True), guess)
    image = guess + wrong if share else truth + wrong
    assert held.share(encoding, image) == pytest.approx(expected, abs=1e-3)


def test_the_record_says_the_share_through_maps(program, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    flags = ("--iterations", "4", "--width", "4,4", "--threads", "1")
    assert program("mri", path, "-o", tmp_path / "r.npy", *flags).exit_code == 0
    assert "by held-out k-space" in record_of(tmp_path / "r.npy")["decisions"]["network"]


@pytest.mark.parametrize(("given", "is_said"), [((), True), (("--classical", "0.5"), False)])
def test_a_spread_of_networks_without_a_share_is_said_to_be_one(program, tmp_path, given, is_said):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    flags = ("--runs", "2", "--iterations", "4", "--width", "4,4", "--threads", "1", *given)
    done = program("mri", path, "-o", tmp_path / "r.npy", *flags)
    record = record_of(tmp_path / "r.npy")
    assert np.load(record["outputs"]["spread"]).any()
    assert is_said == any("no share in the result" in warning for warning in record["warnings"])
    assert is_said == ("no share in the result" in done.stderr)


def test_the_record_says_the_share_of_the_network(program, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace(centre=1, every=3)[0])
    flags = ("--iterations", "4", "--width", "4,4", "--threads", "1")
    done = program("mri", path, "-o", tmp_path / "r.npy", "--model", "coil", *flags)
    assert done.exit_code == 0, done.stderr
    said = record_of(tmp_path / "r.npy")["decisions"]["network"]
    assert "% of the result by held-out k-space" in said


def test_with_maps_the_result_is_classical(program, tmp_path):
    path = as_npy(tmp_path / "a.npy", sampled_kspace()[0])
    assert program("mri", path, "-o", tmp_path / "r.npy", "--threads", "1").exit_code == 0
    assert record_of(tmp_path / "r.npy")["ending"] == "classical"
