"""`dipcli`, and `python -m dipcli`."""

import os
import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # until somebody listens, Ctrl-C ends the process without a traceback


def main() -> None:
    """Entry point of the program."""
    _open_standard_streams()
    from dipcli.batch.signals import ASK, interruptible
    from dipcli.pipeline.interruption import Interruption

    os.environ["PYTHONSAFEPATH"] = (
        "1"  # whatever Python is started from here takes no module from the current folder
    )
    try:
        interruption = Interruption()
        with interruptible(interruption, quiet=True, names=ASK):
            from dipcli.cli.app import run_app

            run_app(interruption)
    finally:  # the exit code stays what it is, whatever comes while Python tidies up
        for number in {getattr(signal, name) for name in ASK if hasattr(signal, name)}:
            signal.signal(number, signal.SIG_IGN)


def _open_standard_streams() -> None:
    """No file that is opened later takes the number of stdin, stdout or stderr, which libraries write to."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)


if __name__ == "__main__":
    main()
