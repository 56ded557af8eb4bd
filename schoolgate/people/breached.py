"""Passwords that are known to whoever guesses (S23): the list that comes with Schoolgate, and a
larger one that an operator may name.

Ours is made at build (assets/breached.py): after a heading the first five bytes of the SHA-256 of
each password, in order. All processes share one copy in memory. One in two million of the passwords
that are in no list is taken for a listed one.

The operator's is the list of Have I Been Pwned in one file: a line for each password with its SHA-1
in hexadecimal and perhaps a colon and a count, ordered by hash. Forty gigabytes are looked up in
some forty reads.
"""

import bisect
import hashlib
import mmap
import os
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

OURS = Path(__file__).with_name("breached.bin")
# A shorter one is refused anyway.
SHORTEST = 8
_HEADING = b"schoolgate breached passwords 1\n"
_WIDTH = 5
_LINE = re.compile(rb"[0-9A-Fa-f]{40}(?::[0-9]+)?\r?\n?")
# Longer than any line, and far shorter than any list.
_LONGEST_LINE = 128


def is_breached(password: str, more: str = "") -> bool:
    """Whether the password is in our list or in the file ``more``, if that is named.

    Letter case and blanks around it do not make it another password. Raises OSError where a list
    cannot be read: an error is no permission (S60).
    """
    return is_listed(password, OURS) or bool(more and is_in_file(password, Path(more)))


# Ours


def write(path: Path, passwords: Iterable[str]) -> int:
    """Make a list in our own form; the number of passwords in it."""
    keys = sorted({_key(text) for text in passwords if len(_plain(text)) >= SHORTEST})
    fresh = path.with_suffix(".new")
    fresh.write_bytes(_HEADING + b"".join(keys))
    fresh.replace(path)
    return len(keys)


def is_listed(password: str, path: Path) -> bool:
    """Whether the password is in a list of our own form."""
    keys, wanted = _opened(path), _key(password)
    place = bisect.bisect_left(range(_count(keys)), wanted, key=lambda n: _at(keys, n))
    return place < _count(keys) and _at(keys, place) == wanted


def number_of_ours() -> int:
    """How many passwords our list has."""
    return _count(_opened(OURS))


@lru_cache(maxsize=4)
def _opened(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        keys = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if keys[: len(_HEADING)] != _HEADING or (len(keys) - len(_HEADING)) % _WIDTH:
        raise OSError(f"Build {path.name} again: it is not a list of breached passwords.")
    return keys


def _count(keys: mmap.mmap) -> int:
    return (len(keys) - len(_HEADING)) // _WIDTH


def _at(keys: mmap.mmap, number: int) -> bytes:
    begin = len(_HEADING) + number * _WIDTH
    return keys[begin : begin + _WIDTH]


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password).strip().casefold()


def _key(password: str) -> bytes:
    return hashlib.sha256(_plain(password).encode()).digest()[:_WIDTH]


# The operator's


def is_in_file(password: str, path: Path) -> bool:
    """Whether the password, as it is or in small letters, is in a file of ordered SHA-1 hashes."""
    spellings = {unicodedata.normalize("NFKC", password), _plain(password)}
    with path.open("rb") as file:
        return any(_has(file, _sha1(spelling)) for spelling in spellings)


def fault_of(path: Path) -> str:
    """What is wrong with the operator's file, as the end of a sentence; "" for nothing.

    Looks at lines from the beginning to the end, not at every one.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            lines = [_line_from(file, size * part // 16) for part in range(16)]
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    found = [line for line in lines if line]
    if not found or not all(map(_LINE.fullmatch, found)):
        return "its lines do not begin with the 40 hexadecimal digits of a SHA-1"
    hashes = [_hash_in(line) for line in found]
    return "" if hashes == sorted(hashes) else "its lines are not ordered by hash"


def _has(file: BinaryIO, wanted: bytes) -> bool:
    """Whether a line begins with this hash, by halving the part of the file where it may be."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        line = _line_from(file, middle)
        if line and _hash_in(line) < wanted:
            low = middle + 1
        else:
            high = middle
    return _hash_in(_line_from(file, low)) == wanted


def _line_from(file: BinaryIO, place: int) -> bytes:
    """The first line that begins at this place of the file or after it; empty at the end."""
    file.seek(max(0, place - 1))
    if place:
        file.readline(_LONGEST_LINE)
    return file.readline(_LONGEST_LINE)


def _hash_in(line: bytes) -> bytes:
    return line[:40].upper()


def _sha1(text: str) -> bytes:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper().encode()
