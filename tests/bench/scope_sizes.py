"""How many there are of everything that `scope` asks about."""

from __future__ import annotations

PUPILS_AT_A_SCHOOL = 500
ONE_IN_CARE_OF = 50
LINKS = 20  # of a social worker
WIDE = 100


def sizes(pupils: int) -> dict[str, int]:
    """How many there are of each, for so many pupils: twice as many grants."""
    schools = pupils // PUPILS_AT_A_SCHOOL
    return {
        "pupils": pupils,
        "grants": 2 * pupils,
        "schools": schools,
        "in_care": pupils // ONE_IN_CARE_OF,
        "wide": WIDE,
        "teachers": schools,
        "social_workers": (2 * pupils - WIDE - schools) // LINKS,
        "restrictions": pupils // 100,
        "inactive": pupils // 10_000,
    }
