"""Work that is shared out among the threads that this process has."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 4  # items at a time, for each takes its own memory


def in_threads(work: Callable[[Item], Result], items: Iterable[Item], most: int = MOST) -> Iterator[Result]:
    """The results of the items, in their order, so that sums of them do not depend on how many threads there are.

    `most` is the number of items at a time.

    Many small operations on tensors gain little from being divided among threads; here each thread has an item of
    its own, and divides it only where there are more threads than items at a time.
    """
    todo, threads = list(items), torch.get_num_threads()
    workers = min(threads, len(todo), most)
    if workers < 2:
        yield from map(work, todo)
        return
    pool = ThreadPoolExecutor(workers, initializer=_begin, initargs=(threads // workers,))
    try:
        yield from pool.map(work, todo)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # for threads that begin later


def _begin(threads: int) -> None:
    """What a thread of the pool is to know: torch keeps both for each thread."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
