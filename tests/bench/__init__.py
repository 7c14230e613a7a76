"""The measured claims: run by hand, `python -m tests.bench NAME`."""
