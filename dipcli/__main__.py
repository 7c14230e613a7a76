"""`python -m dipcli` is `dipcli`."""

from dipcli.cli.app import main

main()
