"""`dipcli`, and `python -m dipcli`."""

import os


def main() -> None:
    """Entry point of the program."""
    os.environ["PYTHONSAFEPATH"] = (
        "1"  # whatever Python is started from here takes no module from the current folder
    )
    from dipcli.cli.app import app

    app()


if __name__ == "__main__":
    main()
