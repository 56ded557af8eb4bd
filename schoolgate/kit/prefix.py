"""Searching by the beginning of a key."""

from django.db.models import Q


def beginning(field: str, text: str) -> Q:
    """Rows whose ``field``, a casefolded key, begins with ``text``; the index of the key is used.

    Besides the exact test there are bounds by which the index can be read in part, set only where
    every collation agrees on them: letters of ASCII and digits.
    """
    exact = Q(**{f"{field}__startswith": text})
    stem = text
    while stem and not (stem[-1].isascii() and stem[-1].isalnum()):
        stem = stem[:-1]
    if not stem or not stem.isascii():
        return exact
    exact &= Q(**{f"{field}__gte": stem})
    stem = stem.rstrip("z")
    if stem and stem[-1].isalnum():
        following = "a" if stem[-1] == "9" else chr(ord(stem[-1]) + 1)
        exact &= Q(**{f"{field}__lt": stem[:-1] + following})
    return exact
