"""What is decided about a frame with parts missing, and what is left alone."""

import math

import pytest
import torch
from holes import cut_out, hole, random_holes, stroke
from laws import assert_matches
from noises import gaussian
from torch.nn import functional

from dipcli.classical.filling import fill_in
from dipcli.engine.restore import restore
from dipcli.engine.stopping import hold_out
from dipcli.errors import InputError
from dipcli.options.engine import DescentOptions, EngineOptions, PriorOptions, StoppingOptions
from dipcli.pictures.held_out_gaps import held_out_gaps
from dipcli.pictures.inpainting import state_inpainting
from dipcli.pictures.options import InpaintOptions

KINDS = ("scattered", "strokes", "holes")
ENGINES = {
    kind: EngineOptions(
        PriorOptions(width=(4,), skip_width=(2,), seed_kind="guide", jitter=0.0),
        DescentOptions(),
        StoppingOptions(stop="held-out", warm_up=0, averaging=0.0, iterations=iterations),
    )
    for iterations, kind in enumerate(KINDS, start=3)  # another number for each, to tell them apart
}


def state(measurement, **options):
    recipes = {kind: InpaintOptions(**options, engine=ENGINES[kind]) for kind in KINDS}
    return state_inpainting(measurement, InpaintOptions(**options), recipes)


def restored(measurement, **options):
    statement = state(measurement, **options)
    return restore(statement.problem, statement.engine).picture


@pytest.fixture
def holed(scene):
    """A clean colour picture with half of its pixels missing."""
    return cut_out(scene(3, 28, 24), random_holes((28, 24)))


@pytest.mark.parametrize(("hidden", "kind"), [(random_holes, "scattered"), (stroke, "strokes"), (hole, "holes")])
def test_the_recipe_follows_the_geometry(scene, hidden, kind):
    statement = state(cut_out(scene(1, 30, 30), hidden((30, 30))))
    assert statement.decisions["recipe"] == kind
    assert f", {kind}, " in statement.decisions["missing"]
    assert statement.engine == ENGINES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_recipe_can_be_chosen(holed, kind):
    statement = state(holed, recipe=kind)
    assert statement.decisions["recipe"] == kind
    assert ", scattered, " in statement.decisions["missing"]
    assert statement.engine == ENGINES[kind]


def test_the_options_are_those_of_the_recipe(holed):
    recipes = {kind: InpaintOptions(classical=0.0, engine=ENGINES[kind]) for kind in KINDS}
    recipes["scattered"] = InpaintOptions(classical=1.0, engine=ENGINES["scattered"])
    statement = state_inpainting(holed, InpaintOptions(), recipes)
    assert statement.problem is None
    assert statement.options["classical"] == 1


def test_missing_values_are_those_that_are_no_numbers(holed):
    statement = state(holed)
    assert torch.equal(statement.mask, ~holed.isnan())
    assert torch.equal(statement.problem.weight == 0, holed.isnan())
    assert statement.decisions["missing"].startswith(f"{float(holed.isnan().float().mean()):.1%} of the values")


def test_known_values_come_back_bit_for_bit(holed):
    known = ~holed.isnan()
    statement = state(holed)
    picture = restore(statement.problem, statement.engine).picture
    assert torch.equal(picture[known], holed[known])
    assert bool(picture.isfinite().all())
    assert torch.equal(statement.unchanged, known)


def test_the_classical_picture_keeps_known_values_too(holed):
    known = ~holed.isnan()
    method, classical = state(holed).classical
    assert method == "filling"
    assert torch.equal(classical[known], holed[known])


def test_noisy_known_values_stay_noisy(scene):
    noisy = cut_out(gaussian(scene(3, 28, 24), 0.1), random_holes((28, 24)))
    known = ~noisy.isnan()
    assert torch.equal(restored(noisy, sigma=0.1)[known], noisy[known])


def test_denoising_restores_the_known_values_too(scene):
    clean = scene(3, 28, 24)
    noisy = cut_out(gaussian(clean, 0.1), random_holes((28, 24), 0.2))
    known = ~noisy.isnan()
    statement = state(noisy, denoise=True, sigma=0.1)
    assert statement.unchanged is None
    assert statement.classical[0].startswith("filling and ")
    errors = [float((picture - clean)[known].square().mean()) for picture in (statement.classical[1], noisy)]
    assert errors[0] < 0.7 * errors[1]
    picture = statement.problem.picture({"image": torch.rand(clean.shape)})
    assert float((picture == noisy)[known].float().mean()) < 0.01


def test_where_one_channel_is_missing_the_others_are_kept(scene):
    measured = scene(3, 28, 24).clone()
    measured[1, 5:9, 5:9] = math.nan
    known = ~measured.isnan()
    assert torch.equal(restored(measured)[known], measured[known])
    assert torch.equal(state(measured).unchanged, known)


def feathered(scene, width):
    """A picture of 0.8 blended into a scene around a hole: how much of it is shown at each distance."""
    measured = cut_out(scene(1, 28, 24), hole((28, 24), 4))
    statement = state(measured, blend=width, classical=0.0, sigma=0.0)
    picture = statement.problem.picture({"image": torch.full((1, 28, 24), 5.0)})
    row, inside = picture[0, 5, 6:], float(picture[0, 5, 5])
    shares = (row - measured[0, 5, 6:]) / (inside - measured[0, 5, 6:])
    return shares[1:], statement.unchanged[0, 5, 7:], row[1:] == measured[0, 5, 7:]


def test_blending_falls_linearly_with_the_distance_from_the_seam(scene):
    shares, _, _ = feathered(scene, 3)
    assert shares[:5].tolist() == pytest.approx([0.75, 0.5, 0.25, 0.0, 0.0], abs=1e-5)


@pytest.mark.parametrize("width", [0, 1, 3])
def test_beyond_the_seam_known_values_stay_bit_for_bit(scene, width):
    _, kept, is_same = feathered(scene, width)
    assert torch.equal(kept, is_same)
    assert kept.tolist() == [distance > width for distance in range(1, 18)]


def test_what_is_known_is_not_mixed_with_what_is_missing(holed):
    picture = restored(holed, blend=2)
    assert bool(picture.isfinite().all())


def test_a_frame_without_anything_missing_is_not_fitted(scene):
    whole = scene(1, 20, 20)
    statement = state(whole)
    assert statement.problem is None
    assert torch.equal(statement.classical[1], whole)
    assert bool(statement.unchanged.all())


def test_a_frame_without_anything_known_is_an_error():
    with pytest.raises(InputError, match="nothing is known to fill it in from"):
        state(torch.full((1, 20, 20), math.nan))


def guide_of(measurement, **options):
    return state(measurement, **options).problem.unknowns["image"].guide


def changed(measurement, positions):
    """The measurement with another value at the first of the positions (channels, *space)."""
    other = measurement.clone()
    other[tuple(positions.nonzero()[0])] += 0.2
    return other


def hidden_of(measurement):
    """The known positions (*space) that are held out."""
    return held_out_gaps(~measurement.isnan(), scattered=True)


@pytest.mark.parametrize("options", [{"sigma": 0.0}, {"sigma": 0.1}, {"sigma": 0.1, "denoise": True}])
def test_the_guide_does_not_know_the_values_that_are_held_out(holed, options):
    other = changed(holed, hidden_of(holed) & ~holed.isnan())
    at = other.nan_to_num() != holed.nan_to_num()
    # Only the shares of the methods follow these values.
    assert_matches(guide_of(holed, **options)[at], guide_of(other, **options)[at], tolerance=0.02)
    assert not torch.equal(state(holed, **options).classical[1], state(other, **options).classical[1])


def test_the_guide_knows_the_other_values(holed):
    other = changed(holed, ~hidden_of(holed) & ~holed.isnan())
    assert not torch.equal(guide_of(holed, sigma=0.0), guide_of(other, sigma=0.0))


def test_the_values_that_are_held_out_are_those_of_the_stopper(holed):
    problem = state(holed, sigma=0.0).problem
    assert torch.equal(problem.hidden, hidden_of(holed))
    visible, _ = hold_out(problem, 0.5)
    assert torch.equal((visible.weight == 0).all(0), hidden_of(holed) | holed.isnan().all(0))


def texture():
    """A weave that repeats itself, and looks like strong noise."""
    thread = torch.rand((7, 7), generator=torch.Generator().manual_seed(2))
    return (0.25 + 0.5 * thread).tile(6, 6)[None, :40, :40]


def test_texture_is_taken_as_exact_where_that_predicts_better():
    stripes, hidden = texture(), random_holes((40, 40), 0.1)
    statement = state(cut_out(stripes, hidden))
    assert statement.decisions["noise"] != "hardly any"
    assert statement.classical[0] == "filling"
    assert float((statement.classical[1] - stripes)[hidden[None]].square().mean().sqrt()) < 0.1  # of 0.18


def test_noise_that_is_given_is_believed_even_of_texture():
    statement = state(cut_out(texture(), random_holes((40, 40), 0.1)), sigma=0.2)
    assert statement.classical[0] == "filling and patch groups"


def test_noisy_known_values_are_warned_about(holed):
    (warning,) = state(holed, sigma=0.1).warnings
    assert "stay so; --denoise restores them too" in warning
    assert "σ ≈ 0.100" in warning


@pytest.mark.parametrize("options", [{"sigma": 0.01}, {"sigma": 0.1, "denoise": True}], ids=["clean", "denoise"])
def test_where_nothing_noisy_stays_there_is_no_warning(holed, options):
    assert state(holed, **options).warnings == ()


def test_the_classical_share_is_mixed_in_where_values_are_missing(holed):
    image = torch.rand(holed.shape)
    none, half = (
        state(holed, classical=share, sigma=0.0).problem.picture({"image": image}) for share in (0.0, 0.5)
    )
    all_of_it = state(holed, classical=1.0, sigma=0.0).classical[1]
    # Mixed on the scale of even noise, which is not quite linear next to black and white.
    assert_matches(half, (none + all_of_it) / 2, tolerance=0.02)


@pytest.mark.parametrize("shape", [(1, 60), (1, 16, 16, 17)], ids=["line", "volume"])
def test_lines_and_volumes_are_filled(shape):
    ramp = torch.linspace(0.2, 0.8, shape[-1]).expand(shape)
    picture = restored(cut_out(ramp, random_holes(shape[1:], 0.3)))
    assert picture.shape == shape
    assert bool(picture.isfinite().all())


@pytest.mark.parametrize("planes", [2, 5])
def test_a_shallow_volume_is_filled_without_a_network(scene, planes):
    volume = scene(1, 32, 32)[:, None].repeat(1, planes, 1, 1)
    volume[:, 0, 8:11, 4:20] = math.nan
    statement = state(volume, classical=None)
    assert statement.problem is None
    assert bool(statement.classical[1].isfinite().all())


def test_the_measurement_is_left_as_it_was(holed):
    before = holed.clone()
    state(holed, blend=2)
    assert torch.equal(holed.nan_to_num(-1), before.nan_to_num(-1))


def test_channels_without_anything_missing_have_no_seam():
    measured = torch.rand(3, 24, 24)
    measured[0, 10:14, 10:14] = math.nan
    kept = state(measured, blend=3, sigma=0.0).unchanged
    assert bool(kept[1:].all())


def test_texture_that_is_taken_as_exact_is_not_called_noise():
    hidden = torch.rand((40, 40), generator=torch.Generator().manual_seed(1)) < 0.1
    statement = state(texture().masked_fill(hidden, math.nan))
    assert statement.decisions["noise"] == "texture, taken as exact"
    assert statement.warnings == ()


def smooth(side=64):
    """Hills without any texture, in which patches are not alike."""
    line = torch.linspace(0, 1, side)
    return (0.5 + 0.4 * torch.sin(5 * line[:, None]) * torch.cos(3 * line))[None]


def test_what_is_smooth_is_filled_by_a_smooth_surface():
    hidden = random_holes((64, 64), 0.7)
    statement = state(cut_out(smooth(), hidden), classical=1.0)
    assert "a thin plate" in statement.decisions["filling"]
    by_patches = fill_in(torch.where(hidden, 0.0, smooth()), ~hidden[None])
    errors = [
        float((picture - smooth())[:, hidden].square().mean()) for picture in (statement.classical[1], by_patches)
    ]
    assert errors[0] < 0.7 * errors[1]


def test_only_what_lies_around_a_gap_is_looked_at(scene):
    """What is far away may be changed without any influence, and comes back as it is."""
    picture = scene(1, 400, 300)
    measured = cut_out(picture, hole((400, 300), 6))
    other = measured.clone()
    other[:, 200:] = 0.25
    first, second = (state(part, classical=1.0, sigma=0.0).classical[1] for part in (measured, other))
    assert torch.equal(first[:, :200], second[:, :200])
    assert torch.equal(second[:, 200:], other[:, 200:])


def test_the_network_earns_its_share_of_a_hole():
    """Of two answers, the one that is right about the hidden values is believed; the other has no share."""
    blocks = torch.rand((1, 12, 12), generator=torch.Generator().manual_seed(2))
    picture = functional.interpolate(0.2 + 0.6 * blocks[None], scale_factor=6)[0]
    statement = state(cut_out(picture, hole((72, 72), 24)), sigma=0.0)
    reduced = statement.problem.unknowns["image"].shape
    assert reduced == (1, 36, 36)
    truth = functional.avg_pool2d(picture, 2)
    right = statement.finish({"image": truth})
    wrong = statement.finish({"image": torch.rand(reduced)})
    assert not right.decisions["network"].startswith("0% ")
    assert wrong.decisions["network"].startswith("0% ")
    hidden = hole((72, 72), 24)[None]
    errors = [float((r.picture - picture)[hidden].square().mean()) for r in (right, wrong)]
    assert errors[0] < errors[1]
    assert torch.equal(wrong.picture, statement.classical[1])
