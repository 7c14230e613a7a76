"""Seeds that do not depend on the place in a batch, and threads that were granted."""

import os
import subprocess
import sys

import pytest
import torch

from dipcli.engine.device import ALLOCATIONS, allocated_threads, choose_device, derive_seed
from dipcli.errors import OptionError


def test_derived_seeds_are_the_same_on_every_machine():
    assert derive_seed(0, "a.png") == 262_031_540_399_004
    assert derive_seed(3, "folder/b.png", 2) == 192_303_207_722_721


def test_derived_seeds_differ():
    names = [("a",), ("b",), ("a", "b"), ("ab",), ("b", "a"), (1,), (2,), (12,), (1, 2)]
    assert len({derive_seed(seed, *name) for seed in (0, 1) for name in names}) == 2 * len(names)


def test_deriving_other_seeds_in_between_changes_nothing():
    first = derive_seed(0, "a.png")
    derive_seed(0, "b.png")
    assert derive_seed(0, "a.png") == first


def test_torch_takes_every_derived_seed():
    torch.manual_seed(max(derive_seed(0, i) for i in range(100)))


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_threads_follow_the_allocation(name):
    assert allocated_threads({name: "3"}) == 3


def test_the_scheduler_comes_before_openmp():
    assert allocated_threads({"OMP_NUM_THREADS": "8", "SLURM_CPUS_PER_TASK": "2"}) == 2


def test_the_outermost_level_of_openmp_counts():
    assert allocated_threads({"OMP_NUM_THREADS": "4,2"}) == 4


@pytest.mark.parametrize("nonsense", ["", "0", "-2", "many", "2(x3)"])
def test_nonsense_is_passed_over(nonsense):
    assert allocated_threads({"SLURM_CPUS_PER_TASK": nonsense, "NSLOTS": "5"}) == 5


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no affinity")
def test_without_an_allocation_threads_follow_the_affinity():
    assert allocated_threads({}) == len(os.sched_getaffinity(0))


def test_the_processor_can_always_be_chosen():
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_chooses_a_device_that_works():
    torch.zeros(1, device=choose_device("auto"))


@pytest.mark.parametrize("name", ["abacus", "cpu:x", "cuda:99"])
def test_a_device_that_is_not_there_is_an_option_error(name):
    with pytest.raises(OptionError, match=f"--device {name}"):
        choose_device(name)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have other allocators")
def test_freed_memory_is_used_again():
    """In a process of its own, whose allocator is not this one's."""
    program = """
import resource, sys
import torch
from dipcli.engine.device import freed_memory_kept

def pages_of(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(count):
        torch.ones(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
before = pages_of(50)
with freed_memory_kept() as is_kept:
    within = pages_of(50)
sys.exit(0 if not is_kept or 2 * within < before else f"{before}, {within}")
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
