"""Readers: bytes become raw rows, each with its place in the file."""
