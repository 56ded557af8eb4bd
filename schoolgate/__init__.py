"""Schoolgate: who may see which child's record, and getting the right people in and out."""

__version__ = "0.1.0"
