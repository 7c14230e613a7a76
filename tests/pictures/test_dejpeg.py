"""A picture that could have been compressed to the very same file, and is better than the decoded one."""

import pytest
import torch
from jpegs import SAMPLINGS, write_jpeg
from laws import assert_matches

from dipcli.engine.restore import restore
from dipcli.metrics import psnr_db
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.pictures.dejpeg import state_dejpeg
from dipcli.pictures.files.images import load_picture
from dipcli.pictures.files.jpeg import read_jpeg
from dipcli.pictures.options import DenoiseOptions

ENGINE = EngineOptions(
    PriorOptions(width=(8,), skip_width=(2,), seed_kind="guide", jitter=0.0),
    DescentOptions(learning_rate=0.02),
    StoppingOptions(stop="never", averaging=0.9, iterations=40),
)


@pytest.fixture
def compressed(scene, tmp_path):
    """`compressed("420", (48, 64))` states a file of a scene; also what was compressed, and decoded."""

    def state(sampling="420", size=(48, 64), *, quality=30, orientation=None, **options):
        n_channels, subsampling = SAMPLINGS[sampling]
        path = tmp_path / "a.jpg"
        clean = write_jpeg(path, scene(n_channels, *size), quality=quality, orientation=orientation, **subsampling)
        decoded = torch.from_numpy(load_picture(path).frames[0])
        return state_dejpeg(decoded, read_jpeg(path), DenoiseOptions(**options, engine=ENGINE)), clean, decoded

    return state


def finished(statement):
    return statement.finished(restore(statement.problem, statement.engine).estimate).picture


@pytest.mark.parametrize(
    ("sampling", "size"), [("gray", (48, 64)), ("444", (48, 64)), ("420", (48, 64)), ("420", (37, 51))], ids=str
)
def test_the_result_could_have_been_compressed_to_the_same_file(compressed, sampling, size):
    statement, _, _ = compressed(sampling, size)
    picture = finished(statement)
    checks = statement.checks(picture)
    assert set(checks) == {"share_in_cells"}
    assert checks["share_in_cells"] > 0.999
    assert statement.checks(statement.classical[1])["share_in_cells"] > 0.999


@pytest.mark.parametrize("sampling", ["gray", "420"])
def test_the_result_is_better_than_the_decoded_file(compressed, sampling):
    statement, clean, decoded = compressed(sampling)
    assert psnr_db(finished(statement), clean) > psnr_db(decoded, clean) + 0.5


@pytest.mark.parametrize("quality", [10, 30, 75])
def test_the_classical_picture_is_better_than_the_decoded_file(compressed, quality):
    statement, clean, decoded = compressed(quality=quality)
    method, classical = statement.classical
    assert method == "patch groups"
    assert psnr_db(classical, clean) > psnr_db(decoded, clean) + 0.5


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_file_that_lies_is_restored_upright(compressed, orientation):
    statement, clean, decoded = compressed(size=(32, 48), orientation=orientation)
    assert statement.classical[1].shape == clean.shape
    assert psnr_db(statement.classical[1], clean) > psnr_db(decoded, clean) + 0.5


def test_the_check_sees_a_picture_outside_of_the_cells(compressed):
    statement, clean, _ = compressed()
    assert statement.checks(torch.rand(clean.shape))["share_in_cells"] < 0.9


def test_the_check_is_of_the_eight_bits_that_are_written(compressed):
    statement, _, _ = compressed("gray", quality=95)
    picture = statement.finished({"image": statement.classical[1]}).picture
    written = (picture.clamp(0, 1) * 255).round() / 255
    assert statement.checks(picture) == statement.checks(written)


def test_what_the_file_leaves_open_costs_nothing(compressed):
    statement, _, decoded = compressed("444", classical=0.0)
    inside = statement.finished({"image": decoded}).picture
    data = statement.problem.terms({"image": inside}, statement.problem.predict({"image": inside}))["data"]
    assert float(data) < 1e-4


def test_the_decisions_are_said(compressed):
    facts = compressed(quality=30)[0].decisions
    assert facts["noise"].startswith("quantisation, σ ≈ 0.0")
    assert facts["loss"] == "distance to the quantisation cells"


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_classical_share_is_mixed_in_before_the_cells_have_their_say(compressed, share):
    statement, _, decoded = compressed("gray", classical=share)
    picture = statement.finished({"image": decoded}).picture
    assert_matches(picture, statement.classical[1] if share else decoded, tolerance=0.1)


@pytest.mark.parametrize(("tv_weight", "n_penalties"), [(0.0, 0), (0.3, 1)])
def test_total_variation_has_the_weight_that_is_given(compressed, tv_weight, n_penalties):
    penalties = compressed("gray", (16, 16), tv_weight=tv_weight)[0].problem.penalties
    assert [penalty.weight for penalty in penalties] == [tv_weight] * n_penalties


def test_a_small_file_is_restored(compressed):
    statement, clean, _ = compressed("420", (17, 16))
    assert finished(statement).shape == clean.shape
