"""The Unique Pupil Number: its form and its check letter (DfE, Data Standards Catalogue UPN 2.0).

Real registers hold UPNs that are wrong; Schoolgate warns and never refuses (FACTS.md, section 1).
"""

import re

_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_FORM = re.compile(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]", re.ASCII)
_VALUES = {**{str(n): n for n in range(10)}, **{c: n for n, c in enumerate(_LETTERS)}}

# Why a looked-after child has no UPN (SSDA903): they are reasons, never a key.
REASON_CODES = frozenset({"un1", "un2", "un3", "un4", "un5"})


def check_letter(rest: str) -> str:
    """The letter that belongs before the other twelve characters of a UPN."""
    return _LETTERS[sum(_VALUES[c] * place for place, c in enumerate(rest, start=2)) % 23]


def problem(upn: str) -> str | None:
    """What is wrong with the form of ``upn``, in words; None when nothing is."""
    upn = upn.upper()
    if not _FORM.fullmatch(upn):
        return "is not a letter followed by 12 digits (a temporary UPN ends in a letter)"
    if check_letter(upn[1:]) != upn[0]:
        return f"begins with {upn[0]} where {check_letter(upn[1:])} would be right"
    return None
