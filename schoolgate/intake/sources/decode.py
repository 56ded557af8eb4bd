"""Bytes become text: which encoding a file is in (FACTS.md, section 9).

UTF-8 wherever the bytes are UTF-8, else UTF-16 where a mark or the pattern of zero bytes says so,
else Windows-1252, which is what spreadsheets and GIAS write. Never a guess that could spoil a
name: bytes that mean nothing in it are refused.
"""

import codecs
from typing import BinaryIO

from schoolgate.intake.sources.table import Unreadable

_MARKS = [
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
]
_BLOCK = 1024 * 1024


def encoding_of(file: BinaryIO) -> str:
    """The encoding of ``file``; leaves it at its beginning.

    Raises Unreadable where the bytes are text in none of the encodings.
    """
    file.seek(0)
    start = file.read(4096)
    for mark, name in _MARKS:
        if start.startswith(mark):
            _read_through(file, name)
            return name
    if guess := _utf_16_without_mark(start):
        _read_through(file, guess)
        return guess
    try:
        _read_through(file, "utf-8")
    except Unreadable:
        _read_through(file, "cp1252")
        return "cp1252"
    return "utf-8"


def _utf_16_without_mark(start: bytes) -> str | None:
    """Text of mostly Latin letters in UTF-16 has a zero in every second byte."""
    half = len(start) // 2
    if half < 4:
        return None
    if start[1::2].count(0) > half * 0.7 and not start[0::2].count(0):
        return "utf-16-le"
    if start[0::2].count(0) > half * 0.7 and not start[1::2].count(0):
        return "utf-16-be"
    return None


def _read_through(file: BinaryIO, name: str) -> None:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(name)()
    line = 1
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
            line += block.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += bytes(error.object[: error.start]).count(b"\n")
        raise Unreadable(
            "Save the file again as “CSV UTF-8” in your spreadsheet and upload that: near line"
            f" {line} it holds bytes that are no letters in the encodings that Schoolgate reads"
            " (UTF-8, UTF-16 and Windows-1252).",
            row=line,
        ) from error
    finally:
        file.seek(0)
