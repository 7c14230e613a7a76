"""A real browser without a window, spoken to through a pipe: Chromium's DevTools protocol."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of a browser."""

    def __enter__(self) -> Self:
        self._held = contextlib.ExitStack()
        profile = self._held.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        (theirs, self._to), (self._from, answers) = os.pipe(), os.pipe()

        def hand_over() -> None:  # it reads from 3 and writes to 4; neither end may be one of these already
            first, second = os.dup(theirs), os.dup(answers)
            first, second = os.dup2(first, 30), os.dup2(second, 31)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self._process = subprocess.Popen(
            [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=hand_over,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (theirs, answers):
            os.close(end)
        self._numbers, self._rest, self._session = itertools.count(1), b"", ""
        targets = self._ask("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self._ask("Page.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._held.close()

    def open(self, path: Path, *, width: int, scheme: str = "light") -> None:
        """Show a file in a window of this width, and wait until it has been loaded."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._send("Page.navigate", url=path.absolute().as_uri())
        self._until(lambda message: message.get("method") == "Page.loadEventFired")

    def value_of(self, script: str) -> Any:
        """What a JavaScript expression is on the page."""
        return self._ask("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        return base64.b64decode(self._ask("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _send(self, method: str, **parameters: Any) -> int:
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        message = {"id": number, "method": method, "params": parameters, **session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        return number

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = self._send(method, **parameters)
        answer = self._until(lambda message: message.get("id") == number)
        assert "result" in answer, answer
        return dict(answer["result"])

    def _until(self, wanted: Any) -> dict[str, Any]:
        while True:
            while b"\0" not in self._rest:
                read = os.read(self._from, 1 << 16)
                assert read, "the browser has ended"
                self._rest += read
            line, _, self._rest = self._rest.partition(b"\0")
            message: dict[str, Any] = json.loads(line)
            if wanted(message):
                return message
