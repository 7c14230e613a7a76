"""Multi-coil k-space: both encodings against NumPy, and a loss that knows nothing of what was not sampled."""

import numpy as np
import pytest
import torch
from laws import assert_adjoint, assert_linear, assert_matches
from scans import some_lines, to_kspace, true_maps

from dipcli.fidelities import huber, mean_absolute_error, mean_squared_error, root_mean_squared_error
from dipcli.fourier import to_complex, to_parts
from dipcli.mri.encoding import CoilEncoding, SenseEncoding, mri_problem, root_sum_of_squares

SPACE = (8, 6)
COILS = 3


def sampled():
    return torch.from_numpy(np.broadcast_to(some_lines(SPACE[1], 2, 3), SPACE).copy())


def sets_of_maps(count):
    """Maps of norm 1; several sets are orthogonal to each other at every point."""
    mixed = torch.randn(*SPACE, COILS, count, dtype=torch.complex64)
    return torch.linalg.qr(mixed).Q.permute(3, 2, 0, 1).contiguous()


ENCODINGS = {
    "coil": (lambda: CoilEncoding(sampled()), 2 * COILS),
    "sense": (lambda: SenseEncoding(sampled(), sets_of_maps(1)), 2),
    "sense-two-sets": (lambda: SenseEncoding(sampled(), sets_of_maps(2)), 4),
}
every_encoding = pytest.mark.parametrize(("build", "channels"), ENCODINGS.values(), ids=ENCODINGS)


@every_encoding
def test_encodings_are_linear(build, channels):
    assert_linear(build(), (channels, *SPACE))


@every_encoding
def test_encodings_have_the_adjoint_that_autograd_gives(build, channels):
    assert_adjoint(build(), (channels, *SPACE))


@every_encoding
def test_what_was_not_sampled_is_0(build, channels):
    predicted = build()(torch.randn(channels, *SPACE))
    assert predicted.shape == (COILS, *SPACE)
    assert bool((predicted[:, ~sampled()] == 0).all())
    assert bool((predicted[:, sampled()] != 0).all())


@every_encoding
def test_an_image_is_what_joins_its_coil_images(build, channels):
    encoding, image = build(), torch.randn(channels, *SPACE)
    assert_matches(encoding.join(encoding.coils(image)), image)


@every_encoding
def test_encodings_have_nothing_to_learn_or_to_save(build, channels):
    assert not list(build().parameters())
    assert not build().state_dict()


def test_every_coil_has_an_image_of_its_own():
    images = np.random.default_rng(0).normal(size=(COILS, *SPACE, 2)).astype(np.float32).view(np.complex64)[..., 0]
    predicted = CoilEncoding(sampled())(to_parts(torch.from_numpy(images)))
    assert_matches(predicted, torch.from_numpy(to_kspace(images)) * sampled())


def test_all_coils_see_one_image_through_their_maps():
    maps, image = torch.from_numpy(true_maps(COILS, *SPACE)), torch.randn(2, *SPACE)
    predicted = SenseEncoding(sampled(), maps[None])(image)
    assert_matches(predicted, torch.from_numpy(to_kspace((maps * to_complex(image)).numpy())) * sampled())


def test_two_sets_of_maps_see_the_sum_of_two_images():
    maps, images = sets_of_maps(2), torch.randn(4, *SPACE)
    first, second = to_complex(images)
    together = SenseEncoding(sampled(), maps)(images)
    one = SenseEncoding(sampled(), maps[:1])(to_parts(first[None]))
    other = SenseEncoding(sampled(), maps[1:])(to_parts(second[None]))
    assert_matches(together, one + other)


@pytest.mark.parametrize("count", [1, 2])
def test_joining_through_maps_is_the_adjoint_of_looking_through_them(count):
    encoding = SenseEncoding(sampled(), sets_of_maps(count))
    image, coils = torch.randn(2 * count, *SPACE), torch.randn(COILS, *SPACE, dtype=torch.complex64)
    left = torch.vdot(encoding.coils(image).flatten(), coils.flatten()).real
    assert_matches(left, torch.dot(image.flatten(), encoding.join(coils).flatten()), tolerance=1e-5)


def test_the_root_sum_of_squares_by_hand():
    coils = torch.tensor([[[3 + 4j]], [[0j]], [[12 + 0j]]])
    assert_matches(root_sum_of_squares(coils), torch.tensor([[[13.0]]]))


def test_the_root_sum_of_squares_takes_real_images_too():
    assert_matches(root_sum_of_squares(torch.tensor([[[-3.0]], [[4.0]]])), torch.tensor([[[5.0]]]))


@every_encoding
def test_the_unknown_has_two_channels_for_each_image(build, channels):
    problem = mri_problem(torch.randn(COILS, *SPACE, dtype=torch.complex64), build(), mean_squared_error)
    assert problem.unknowns["image"].shape == (channels, *SPACE)
    assert problem.unknowns["image"].values == "real"


def test_the_root_sum_of_squares_is_looked_at():
    encoding, image = SenseEncoding(sampled(), sets_of_maps(1)), torch.randn(2, *SPACE)
    problem = mri_problem(torch.zeros(COILS, *SPACE, dtype=torch.complex64), encoding, mean_squared_error)
    assert_matches(problem.picture({"image": image}), root_sum_of_squares(encoding.coils(image)))


def test_another_picture_can_be_looked_at():
    kspace = torch.zeros(COILS, *SPACE, dtype=torch.complex64)
    problem = mri_problem(kspace, CoilEncoding(sampled()), mean_squared_error, picture=lambda image: 2 * image)
    assert_matches(problem.picture({"image": torch.ones(1)}), torch.tensor([2.0]))


@pytest.mark.parametrize("fidelity", [mean_squared_error, root_mean_squared_error, mean_absolute_error, huber])
@every_encoding
@pytest.mark.parametrize("hidden", [0.0, 1e30, float("nan")])
def test_values_that_were_not_sampled_influence_neither_loss_nor_gradient(build, channels, fidelity, hidden):
    kspace, encoding = torch.randn(COILS, *SPACE, dtype=torch.complex64), build()

    def loss_and_gradient(measurement):
        image = torch.ones(channels, *SPACE, requires_grad=True)
        problem = mri_problem(measurement, encoding, fidelity)
        loss = problem.terms({"image": image}, problem.predict({"image": image}))["data"]
        return loss, torch.autograd.grad(loss, image)[0]

    plain = loss_and_gradient(kspace)
    other = loss_and_gradient(torch.where(sampled(), kspace, torch.full_like(kspace, hidden)))
    assert torch.equal(plain[0], other[0])
    assert torch.equal(plain[1], other[1])


def test_the_loss_is_a_mean_over_the_sampled_values_alone():
    kspace = torch.randn(COILS, *SPACE, dtype=torch.complex64) * sampled()
    problem = mri_problem(kspace, CoilEncoding(sampled()), mean_squared_error)
    nothing = {"image": torch.zeros(2 * COILS, *SPACE)}
    loss = problem.terms(nothing, problem.predict(nothing))["data"]
    assert_matches(loss, kspace[:, sampled()].abs().square().mean())


def test_total_variation_is_weighted_in_where_it_is_wanted():
    kspace, image = torch.randn(COILS, *SPACE, dtype=torch.complex64), {"image": torch.randn(2 * COILS, *SPACE)}
    without, weighted = (
        mri_problem(kspace, CoilEncoding(sampled()), mean_squared_error, tv_weight=w) for w in (0.0, 0.5)
    )
    assert set(without.terms(image, without.predict(image))) == {"data"}
    assert set(weighted.terms(image, weighted.predict(image))) == {"data", "total_variation"}
