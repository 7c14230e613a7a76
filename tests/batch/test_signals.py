"""Signals end a process wherever it is; what is being saved is waited for."""

import signal
import subprocess
import sys

import pytest

from dipcli.batch.signals import interruptible
from dipcli.errors import Interrupted
from dipcli.pipeline.interruption import Interruption

START = """
import hashlib, signal, sys, threading
from dipcli.batch import signals
from dipcli.pipeline.interruption import Interruption
interruption = Interruption()
signals.ECHO = {echo}
bye = interruption.on_leaving(lambda: print("farewell", flush=True))
tidy = interruption.on_leaving(lambda: print("tidied", flush=True), at_once=True)
with signals.interruptible(interruption, quiet=False), bye, tidy:
"""
# One call into a library, in which Python has no word.
DEAF = """
    print("begun", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""
SAVING = """
    with interruption.saving:
        print("begun", flush=True)
        while not interruption.is_set():
            pass
        sys.stdin.readline()
        print("saved", flush=True)
print("left", flush=True)
sys.exit(7)
"""


@pytest.fixture
def begun():
    """`begun(what)` starts a process that does it, and returns when it does."""
    running = []

    def start(what, *, echo=0.0):
        process = subprocess.Popen(
            [sys.executable, "-c", START.format(echo=echo) + what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout.readline() == "begun\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_a_call_that_hears_nothing_is_left(begun, name):
    process = begun(DEAF)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (Interrupted.exit_code, "tidied\nfarewell\n", f"{name}: leaving.\n")


def test_what_is_being_saved_is_waited_for_and_leaves_by_itself(begun):
    process = begun(SAVING)
    process.send_signal(signal.SIGTERM)
    assert process.stderr.readline() == "SIGTERM: writing a checkpoint; once more to leave at once.\n"
    out, _ = process.communicate("go on\n", timeout=60)
    assert (process.returncode, out) == (7, "saved\nleft\n")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_second_one_ends_it_at_once_but_for_what_takes_no_time(begun, name, code):
    process = begun(SAVING)
    process.send_signal(signal.SIGINT)
    process.stderr.readline()
    process.send_signal(getattr(signal, name))
    assert (process.wait(60), process.stdout.read()) == (code, "tidied\n")


def test_an_echo_is_no_second_one(begun):
    """A terminal that is closed sends SIGHUP, and so does the shell in it."""
    process = begun(SAVING, echo=1000)
    process.send_signal(signal.SIGHUP)
    process.stderr.readline()
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate("go on\n", timeout=60)
    assert (process.returncode, out) == (7, "saved\nleft\n")


def test_an_announcement_is_no_second_one(begun):
    process = begun(SAVING)
    process.send_signal(signal.SIGTERM)
    process.stderr.readline()
    process.send_signal(signal.SIGUSR1)
    out, _ = process.communicate("go on\n", timeout=60)
    assert (process.returncode, out) == (7, "saved\nleft\n")


def test_nohup_is_respected():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible(Interruption(), quiet=True):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_everything_is_as_it_was_afterwards():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with interruptible(Interruption(), quiet=True):
        pass
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_farewell_that_fails_stops_no_other():
    said = []
    interruption = Interruption()
    with interruption.on_leaving(lambda: said.append("first")), interruption.on_leaving(lambda: 1 / 0):
        interruption.bid_farewell()
    interruption.bid_farewell()
    assert said == ["first"]
