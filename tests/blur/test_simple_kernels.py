"""A straight motion and a disk are told from what was found freely."""

import pytest
import torch
from blurs import blur, shapes

from dipcli.blur.blur import disk_kernel, motion_kernel
from dipcli.blur.blurred_frame import look_at
from dipcli.blur.edge_kernels import is_cut_off, similarity, tidy
from dipcli.blur.options import DeblurOptions
from dipcli.blur.searched_part import KernelSearch, choose_part, search_in
from dipcli.blur.simple_kernels import simple_kernel

TV = DeblurOptions(method="tv")
HOOK = torch.zeros(11, 11)
HOOK[1:10, 5], HOOK[1, 5:10] = 1.0, 1.0
KERNELS = {"straight": motion_kernel(11, 25), "disk": disk_kernel(3.4), "hook": HOOK / HOOK.sum()}


def search_of(kernel: torch.Tensor) -> KernelSearch:
    blurred, _ = look_at(blur(shapes(130, 120), kernel), TV)
    return search_in(blurred, choose_part(blurred, TV), TV)


def rough(kernel: torch.Tensor) -> torch.Tensor:
    """A kernel as a search finds it: with gaps."""
    gaps = torch.rand(kernel.shape, generator=torch.Generator().manual_seed(0))
    return tidy(kernel * (0.4 + gaps))


@pytest.mark.parametrize(("name", "words"), [("straight", "motion:1"), ("disk", "disk:3.")])
def test_a_simple_kernel_takes_the_place_of_one_that_is_like_it(name, words):
    search = search_of(KERNELS[name])
    found = search.judge(rough(KERNELS[name]))._replace(support=0.5)
    best, decisions = simple_kernel(search, found)
    assert words in decisions["shape"]
    assert similarity(best.kernel, KERNELS[name]) > similarity(found.kernel, KERNELS[name])
    assert best.support >= 0.8
    assert not is_cut_off(best.kernel)


def test_another_kernel_stays_as_it_is():
    search = search_of(KERNELS["hook"])
    found = search.judge(KERNELS["hook"])
    best, decisions = simple_kernel(search, found)
    assert best is found
    assert decisions == {}
