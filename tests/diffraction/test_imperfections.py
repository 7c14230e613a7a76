"""Beams that are coherent in part, and backgrounds: found with the object, and taken off where that pays."""

import json
import math

import numpy as np
import pytest
import torch
from laws import assert_matches
from patterns import as_cxi, simulated

from dipcli.diffraction.crystals import simulate_counts
from dipcli.diffraction.diffraction import Fraunhofer
from dipcli.diffraction.imperfections import cleaned, in_words, noise_of_cleaned, said_of
from dipcli.diffraction.multistart import free_pixels
from dipcli.diffraction.options import PhasingOptions
from dipcli.diffraction.phase_search import Measurement
from dipcli.diffraction.projections import Imperfections, Pattern, smooth, transform
from dipcli.diffraction.sparse import SparseSettings, fit, sparse_object
from dipcli.errors import OptionError
from dipcli.grid import embed
from dipcli.symmetries import error

SIGMAS = (0.5, 0.3)


@pytest.fixture
def truth():
    image = torch.from_numpy(np.pad(simulated()[1], 8))[None]
    return image / image.norm()


@pytest.fixture
def blurred(truth):
    """Its pattern through a beam that is coherent in part, without noise."""
    intensity = smooth(transform(truth).abs().square(), SIGMAS).clamp(min=0)[0]
    amplitude = intensity.sqrt()
    return Pattern(amplitude / amplitude.norm(), torch.ones_like(amplitude))


def test_a_blur_is_as_wide_as_it_says_along_each_axis():
    impulse = torch.zeros(1, 32, 24)
    impulse[0, 16, 12] = 1
    spread = smooth(impulse, (1.5, 2.0))[0]
    rows, columns = torch.arange(32.0) - 16, torch.arange(24.0) - 12
    assert float(spread.sum()) == pytest.approx(1, abs=1e-5)
    assert float((spread.sum(1) * rows.square()).sum()) == pytest.approx(1.5**2, rel=0.01)
    assert float((spread.sum(0) * columns.square()).sum()) == pytest.approx(2.0**2, rel=0.01)


def test_a_pattern_of_full_coherence_is_seen_as_it_is(truth, blurred):
    spectrum = transform(truth)
    assert torch.equal(blurred.seen(spectrum), spectrum.abs())
    assert float(blurred.chi(spectrum)) > 0.05
    partly = Pattern(blurred.amplitude, blurred.mask, Imperfections(SIGMAS))
    assert float(partly.chi(spectrum)) < 1e-3


def test_networks_see_what_the_detector_sees(truth, blurred):
    mask = torch.ones_like(blurred.amplitude)
    mask[28:36, 28:36] = 0  # in the centre, where most light is
    beside = Imperfections(SIGMAS, background=1e-5)
    spectrum = transform(truth) * 3  # brightness is free
    optics = Fraunhofer(truth.shape[1:], imperfections=beside, known=mask[None])
    seen = Pattern(blurred.amplitude, torch.fft.ifftshift(mask), beside).seen(spectrum / 3)
    shown = torch.fft.ifftshift(optics(truth * 3)[0])
    light = (seen.square() * torch.fft.ifftshift(mask)).sum()
    scale = (shown * torch.fft.ifftshift(mask)).sum() / light
    assert float(scale) == pytest.approx(9, rel=0.2)
    floor = shown.min() / (shown * torch.fft.ifftshift(mask)).sum()
    assert float(floor) == pytest.approx(1e-5, rel=0.2)


def test_a_fit_finds_the_blur_together_with_the_object(truth, blurred):
    begun = Pattern(blurred.amplitude, blurred.mask, Imperfections((0.2, 0.2)))
    start = truth * (1 + 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0)))
    both = SparseSettings(150, finds_coherence=True, finds_background=True)
    image, pattern = fit(start, truth.abs() > 0, begun, 1e-5, both)
    plain, still = fit(start, truth.abs() > 0, blurred, 1e-5, SparseSettings(150))
    assert pattern.imperfections.coherence == pytest.approx(SIGMAS, abs=0.02)
    assert pattern.imperfections.background < 1e-6
    assert still.imperfections == Imperfections()
    assert error(image, truth) < 0.3 * error(plain, truth)


def test_a_fit_finds_a_background_together_with_the_object(truth):
    share = 2e-5  # of all counts, in each pixel: a fifth of a hundredth of them in all
    intensity = transform(truth).abs().square()[0]
    intensity = intensity / intensity.sum() + share
    pattern = Pattern((intensity / intensity.sum()).sqrt(), torch.ones_like(intensity))
    expected = share / float(intensity.sum())
    start = truth * (1 + 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0)))
    image, found = fit(start, truth.abs() > 0, pattern, 1e-5, SparseSettings(150, finds_background=True))
    plain, _ = fit(start, truth.abs() > 0, pattern, 1e-5, SparseSettings(150))
    assert found.imperfections.background == pytest.approx(expected, rel=0.1)
    assert error(image, truth) < 0.3 * error(plain, truth)
    assert float(found.chi(transform(image))) < 0.01


@pytest.mark.parametrize("keeps", [True, False])
def test_a_known_blur_is_kept(truth, blurred, keeps):
    free = free_pixels(blurred.mask, 0.05)
    given = Pattern(blurred.amplitude, blurred.mask - free, Imperfections((0.1, 0.1)))
    found = sparse_object(truth, truth.abs() > 0, given, free, SparseSettings(30, finds_coherence=not keeps))
    assert (found.imperfections.coherence == pytest.approx((0.1, 0.1))) is keeps


def test_cleaning_takes_blur_and_background_off_again(truth):
    intensity = torch.fft.fftshift(transform(truth)[0].abs().square())
    seen = smooth(intensity[None], SIGMAS).clamp(min=0)
    many = Measurement(1e12 * seen, torch.ones_like(intensity))
    assert_matches(cleaned(many, Imperfections(SIGMAS), truth)[0] / 1e12, intensity, tolerance=1e-3)
    floor = float(1e-4 / (seen + 1e-4).sum())
    higher = Measurement(1e12 * (seen + 1e-4), torch.ones_like(intensity))
    assert_matches(cleaned(higher, Imperfections(SIGMAS, floor), truth)[0] / 1e12, intensity, tolerance=1e-3)
    assert_matches(cleaned(higher, Imperfections((), floor), truth)[0] / 1e12, seen[0], tolerance=1e-3)
    hidden = torch.ones_like(intensity)
    hidden[10:13, 10:13] = 0
    partly = Measurement(1e12 * seen * hidden, hidden)
    assert_matches(cleaned(partly, Imperfections(SIGMAS), truth)[0] / 1e12, intensity, tolerance=2e-3)


def test_few_counts_are_noisier(truth):
    seen = smooth(torch.fft.fftshift(transform(truth).abs().square()), SIGMAS).clamp(min=0)
    few, many = (
        Measurement(torch.poisson(photons * seen / seen.sum()), torch.ones(seen.shape[1:]))
        for photons in (1e4, 1e8)
    )
    blur, wider = Imperfections(SIGMAS), Imperfections((1.0, 1.0))
    assert noise_of_cleaned(many, blur) < 0.03 < noise_of_cleaned(few, blur)
    assert noise_of_cleaned(many, Imperfections()) < noise_of_cleaned(many, blur) < noise_of_cleaned(many, wider)


def test_lengths_are_those_over_which_points_of_the_object_interfere():
    said = in_words((0.5, 0.001), (64, 32))
    assert said.endswith(f"coherence lengths of {64 / (2 * math.pi * 0.5):.0f}, - pixels of the object")


def test_what_is_found_is_said_in_pixels_and_in_counts():
    pattern = Measurement(torch.full((1, 10, 10), 3.0), torch.ones(10, 10))
    assert said_of(Imperfections(), pattern, None) == {}
    assert said_of(Imperfections((0.01, 0.05), 0.001), pattern, None) == {"background": "0.3 counts in each pixel"}
    assert "0.30, 0.05 pixels" in said_of(Imperfections((0.3, 0.05)), pattern, None)["coherence"]


def test_a_background_is_no_part_of_the_object(program, tmp_path):
    errors, said = {}, {}
    for background in (0, 10):
        scan, output = tmp_path / f"{background}.cxi", tmp_path / f"{background}-object.cxi"
        flags = ("--size", "64", "--photons", "1e7", "--background", background, "--seed", "2", "-o", scan)
        assert program("simulate", "cdi", *flags).exit_code == 0
        done = program("phase-retrieve", scan, "-o", output, "--reference", scan)
        assert done.exit_code == 0, done.stderr
        record = json.loads((tmp_path / f"{background}-object.run.json").read_text())
        errors[background], said[background] = record["metrics"]["error"], record["decisions"].get("background")
    assert said[0] is None
    assert float(said[10].split()[0]) == pytest.approx(10, rel=0.5)
    assert errors[10] < 3 * errors[0]  # 7 times before


@pytest.fixture
def scan(tmp_path):
    """64 x 64, 1e8 photons, blurred by 0.5 pixels."""
    truth = simulated(side=64, phase_range=2.0)[1]
    pattern = transform(embed(torch.from_numpy(truth)[None], (64, 64))).abs().square()
    seen = torch.fft.fftshift(smooth(pattern, 0.5).clamp(min=0)[0]).numpy()
    return as_cxi(tmp_path / "scan.cxi", simulate_counts(seen, 1e8, np.random.default_rng(0)), truth)


def test_the_program_finds_the_blur_says_it_and_is_nearer_to_the_truth(program, scan, tmp_path):
    errors, said, searched = {}, {}, {}
    for coherence in ("auto", "full", "0.5"):
        output = tmp_path / f"{coherence}.npz"
        flags = ("--coherence", coherence, "--reference", scan, "-o", output)
        done = program("phase-retrieve", scan, *flags)
        assert done.exit_code == 0, done.stderr
        record = json.loads((tmp_path / f"{coherence}.run.json").read_text())
        errors[coherence], said[coherence] = record["metrics"]["error"], record["decisions"].get("coherence")
        if "searched" in record["decisions"]:
            searched[coherence] = record["decisions"]["searched"]
    assert said["auto"].startswith("in part: σ = 0.5")
    assert searched["auto"].startswith("again, in the pattern without its blur")
    assert "full" not in searched
    assert said["full"] == "as given: full"
    assert said["0.5"].startswith("in part: σ = 0.50, 0.50 pixels")
    assert errors["auto"] < 0.3 * errors["full"]
    assert errors["0.5"] < 0.3 * errors["full"]


@pytest.mark.parametrize("given", ["half", "-0.5", "0.5,", "inf", ""])
def test_another_word_or_number_is_an_option_error(given):
    with pytest.raises(OptionError, match=r"is not known; give auto, full, 0\.5, or 0\.5,0\.3,0\.2\.$"):
        PhasingOptions(coherence=given)


def test_a_number_is_for_all_axes_and_several_must_be_as_many():
    assert PhasingOptions(coherence="0.5").sigmas_of_coherence(3) == (0.5, 0.5, 0.5)
    assert PhasingOptions(coherence="0.5,0,1").sigmas_of_coherence(3) == (0.5, 0.0, 1.0)
    assert PhasingOptions(coherence="0").sigmas_of_coherence(2) == ()
    assert PhasingOptions().sigmas_of_coherence(2) is None
    with pytest.raises(OptionError, match="is for 2 axes; the pattern has 3"):
        PhasingOptions(coherence="0.5,0.3").sigmas_of_coherence(3)


def test_a_coherence_of_other_axes_is_refused_before_anything_is_computed(program, scan, tmp_path):
    done = program("phase-retrieve", scan, "-o", tmp_path / "x.npz", "--coherence", "0.5,0.3,0.2", "--dry-run")
    assert done.exit_code == 2
    assert "is for 3 axes; the pattern has 2" in done.stderr


def test_a_simulated_beam_may_be_coherent_in_part(program, tmp_path):
    for name, flags in {"full": (), "part": ("--coherence", "1")}.items():
        output = tmp_path / f"{name}.npz"
        done = program("simulate", "cdi", "--size", "64", "--photons", "1e8", "-o", output, *flags)
        assert done.exit_code == 0, done.stderr
    brightest = {}
    for name in ("full", "part"):
        with np.load(tmp_path / f"{name}.npz") as file:
            brightest[name] = max(file[key].max() for key in file if file[key].dtype.kind in "fiu")
    assert brightest["part"] < 0.9 * brightest["full"]
