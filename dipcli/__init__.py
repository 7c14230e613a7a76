"""Restore pictures and measurements without training data."""

__version__ = "0.1.0"
