"""What was found beside pictures, as arrays."""

import torch

from dipcli.pictures.side_files import arrays_of_objects
from dipcli.pipeline.statement import Fitted, Restoration


def found(*kernels):
    return [
        Fitted(None, Restoration(torch.zeros(1, 9, 9), {} if side is None else {"kernel": torch.ones(side, side)}))
        for side in kernels
    ]


def test_kernels_of_a_stack_are_one_array_where_they_have_one_size():
    assert arrays_of_objects(found(3))["kernel"].shape == (3, 3)
    assert arrays_of_objects(found(3, 3))["kernel"].shape == (2, 3, 3)


def test_kernels_of_several_sizes_are_numbered_as_their_files_are():
    named = arrays_of_objects(found(3, None, 5))
    assert {name: array.shape for name, array in named.items()} == {"kernel0": (3, 3), "kernel2": (5, 5)}
