"""Keys under which names, addresses and identifiers are compared.

Every comparison in Schoolgate uses a stored key made here, so that both databases and all
doors agree (SQLite's own ``lower()`` knows ASCII only).
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_NOT_LETTER_OR_DIGIT = re.compile(r"[^0-9a-z]+")
_BLANKS = re.compile(r"\s+")
# Characters, of the value and of its key alike: the widths of the tables' columns.
LONGEST_NAME = 150
LONGEST_ADDRESS = 254
LONGEST_IDENTIFIER = 100
# What spreadsheets and copy-and-paste leave around a value without showing it.
_EDGES = " \t\r\n\v\f\u00a0\u2007\u202f\ufeff\u200b\u200c\u200d\u2060"

# Letters of other scripts that are drawn like Latin ones (a selection of Unicode UTS #39 that
# covers Cyrillic, Greek and Armenian), and the digits that are read as letters.
_DRAWN_LIKE = {
    "a": "\u0430\u03b1\u0251",
    "b": "\u0432\u03b2\u044c",
    "c": "\u0441\u03f2\u1d04",
    "d": "\u0501",
    "e": "\u0435\u03b5\u0454",
    "g": "\u0261\u0581",
    "h": "\u04bb\u0570\u043d",
    "i": "\u0456\u03b9\u0131\u026a\u0269",
    "j": "\u0458\u03f3",
    "k": "\u043a\u03ba",
    "l": "1\u04cf\u01c0\u217c\u056c|",
    "m": "\u043c",
    "n": "\u03b7\u0578",
    "o": "0\u043e\u03bf\u0585\u1d0f",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "s": "\u0455",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d",
    "v": "\u03bd\u0475\u1d20",
    "w": "\u051d\u03c9\u1d21",
    "x": "\u0445\u03c7",
    "y": "\u0443\u04af",
    "z": "\u1d22",
}
_LOOKALIKES = {ord(drawn): letter for letter, group in _DRAWN_LIKE.items() for drawn in group}

# Letters whose stroke or ligature Unicode does not take apart as it does accents.
_STROKES = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ð": "d"}
    | {"æ": "ae", "œ": "oe", "þ": "th"}
)


def tidy(text: str) -> str:
    """``text`` without blanks at its ends and with each run of blanks inside made one space."""
    text = text.strip(_EDGES)
    if "  " in text or not text.isprintable():
        text = _BLANKS.sub(" ", text)
    return text


def email_key(text: str) -> str:
    """The key by which an e-mail address is unique: NFKC, casefold, trim (LAC5)."""
    text = text.strip(_EDGES)
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().strip(_EDGES)


def lookalike_key(key: str) -> str:
    """What ``key`` (of :func:`email_key`) looks like to a reader: equal for look-alikes (LAC5).

    Accents, invisible characters, letters of other scripts that are drawn alike, 0 and o, 1 and
    l, rn and m fall together. It raises questions; it never matches anybody.
    """
    if not key.isascii():
        parts = unicodedata.normalize("NFKD", key)
        key = "".join(c for c in parts if unicodedata.category(c) not in ("Mn", "Cf"))
    return key.translate(_LOOKALIKES).replace("rn", "m").replace("vv", "w")[:LONGEST_ADDRESS]


@lru_cache(maxsize=65536)
def name_key(text: str) -> str:
    """A name for comparing: casefolded, without accents, punctuation and blanks.

    Some letters become several in a key, so it ends where the tables' columns do.
    """
    if text.isascii():
        return _NOT_LETTER_OR_DIGIT.sub("", text.lower())[:LONGEST_NAME]
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    letters = "".join(c for c in parts if unicodedata.category(c)[0] in "LN")
    return letters.casefold()[:LONGEST_NAME]


def identifier_key(text: str) -> str:
    """An identifier for comparing: NFKC, casefold, no blanks, nothing invisible."""
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKC", text).casefold()
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return "".join(text.split())


def heading_key(text: str) -> str:
    """A column heading for comparing: case and blanks do not count."""
    return identifier_key(text.strip(_EDGES))


def names_differ_clearly(first: str, last: str, other_first: str, other_last: str) -> bool:
    """Whether two people's names differ clearly (PRODUCT.md, "What a file does").

    They do when neither the last names are equal nor one first name begins the other. Takes name
    keys (:func:`name_key`); an empty first name begins nothing.
    """
    if last == other_last:
        return False
    if not first or not other_first:
        return True
    return not (first.startswith(other_first) or other_first.startswith(first))


def looks_garbled(text: str) -> bool:
    """Whether ``text`` went through a wrong encoding on its way here.

    Shown by UTF-8 read as Windows-1252 ("GÃ¶tschel"), by the mark for a lost letter, and by
    control characters where Windows-1252 was read as ISO-8859-1.
    """
    if text.isascii():
        return False
    if "\ufffd" in text or any("\x80" <= c <= "\x9f" for c in text):
        return True
    try:
        return text.encode("cp1252").decode("utf-8") != text
    except UnicodeError:
        return False


def listed(parts: Sequence[str], word: str = "and") -> str:
    """Names as a sentence has them: “History, Geography and Maths”."""
    return f" {word} ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
