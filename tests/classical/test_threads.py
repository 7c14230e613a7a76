"""Work shared out among threads: the same results in the same order, and the errors of the work."""

import threading
from collections.abc import Iterator

import pytest
import torch

from dipcli.classical.dct import dct_denoise, white_power
from dipcli.classical.nonlocal_ridge import Chain, denoise_patch_groups
from dipcli.classical.threads import in_threads


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_results_are_in_the_order_of_the_items_whoever_is_first() -> None:
    second_is_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(60)
        else:
            second_is_done.set()
        return item * item

    assert list(in_threads(work, range(5))) == [0, 1, 4, 9, 16]
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_each_thread_divides_nothing_further() -> None:
    assert list(in_threads(lambda _: torch.get_num_threads(), range(4))) == [1] * 4


@pytest.mark.usefixtures("two_threads")
def test_the_error_of_an_item_is_raised() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("third")
        return item

    with pytest.raises(ValueError, match="third"):
        list(in_threads(work, range(10)))


@pytest.mark.usefixtures("two_threads")
def test_one_thread_and_two_denoise_alike() -> None:
    noisy = torch.rand(3, 70, 90, generator=torch.Generator().manual_seed(1))
    tiled = Chain(passes=2, reach=4, memory=1 << 20)
    pilot = dct_denoise(noisy, white_power(noisy, 0.2))
    by_two = denoise_patch_groups(noisy, pilot, 0.2, tiled)
    torch.set_num_threads(1)
    assert torch.equal(denoise_patch_groups(noisy, pilot, 0.2, tiled), by_two)


def test_bands_of_windows_are_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    image = torch.rand(1, 230, 50, generator=torch.Generator().manual_seed(1))
    whole = dct_denoise(image, white_power(image, 0.1))
    monkeypatch.setattr("dipcli.classical.dct.BAND", 1)
    assert torch.equal(dct_denoise(image, white_power(image, 0.1)), whole)
