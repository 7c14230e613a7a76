"""Freeze a fit and thaw it again, bit for bit."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Protocol, final

import torch

DIGEST_BYTES = hashlib.sha256().digest_size
State = dict[str, Any]  # of tensors, numbers, texts, and lists and dicts of them


class Stateful(Protocol):
    """What can be frozen: descent, detector, average, best so far, guard."""

    def state(self) -> State:
        """A copy of all that changes."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""


@final
class Keeper:
    """When a fit is frozen, where its state goes, and the state that it goes on from."""

    def __init__(
        self,
        save: Callable[[State], None] = lambda _: None,
        *,
        frozen: State | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        is_time: Callable[[], bool] = lambda: False,
    ) -> None:
        self.interrupted = interrupted
        self.frozen = frozen
        self.around: Callable[[], State] = dict  # the state of what surrounds the loop of one run
        self._save, self._is_time = save, is_time

    def is_due(self) -> bool:
        """Whether the last state is old enough, or the last chance has come."""
        return self.interrupted() or self._is_time()

    def freeze(self, parts: Mapping[str, Stateful]) -> None:
        """Save the states of all parts, by name, and what surrounds them."""
        self._save({**self.around(), "parts": {name: part.state() for name, part in parts.items()}})

    def thaw(self, parts: Mapping[str, Stateful]) -> None:
        """Bring all parts back to the state that is gone on from, if there is one; happens once."""
        frozen, self.frozen = self.frozen, None
        if frozen is not None:
            for name, part in parts.items():
                part.load_state(frozen["parts"][name])


def to_bytes(state: State) -> bytes:
    """A state as a file's content, and its SHA-256 at the end."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.write(hashlib.sha256(buffer.getvalue()).digest())
    return buffer.getvalue()


def from_bytes(content: bytes, device: torch.device) -> State | None:
    """The state in a file's content, tensors on the device; None where it is no whole state.

    Nothing in the file is executed: only tensors, numbers, texts and containers are accepted.
    """
    whole, digest = memoryview(content)[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
    if hashlib.sha256(whole).digest() != digest:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            if sum(member.file_size for member in archive.infolist()) > len(content):
                return None  # torch packs nothing
        state = torch.load(io.BytesIO(whole), map_location=device, weights_only=True)
    except Exception:  # noqa: BLE001 - around the whole of one reader
        return None
    return state if isinstance(state, dict) else None
