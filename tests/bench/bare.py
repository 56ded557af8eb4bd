"""The questions of scope in SQL written by hand: the yardstick of access/scope.py.

Each answers just what ours answers, as somebody would write it who needs today's answer only.
"""

from __future__ import annotations

from typing import Any

from schoolgate.kit import bulk

_HOLDS = (
    "{0}.ended_at IS NULL AND {0}.starts_on <= CURRENT_DATE"
    " AND ({0}.ends_on IS NULL OR {0}.ends_on >= CURRENT_DATE)"
)
G, E, C, R = (_HOLDS.format(name) for name in "gecr")
_WIDE = (
    "g.role IN ('la_user', 'la_super_user') AND g.pupil_id IS NULL AND g.establishment_id IS NULL"
)
_IN_CARE_THERE = (
    "SELECT e.establishment_id FROM schools_enrolment e JOIN schools_careepisode c"
    f" ON c.pupil_id = e.pupil_id WHERE e.pupil_id = %s AND {E} AND {C}"
)
_OPENS = (
    "(g.role = 'social_worker' AND g.pupil_id = %s"
    f" OR {_WIDE}"
    f" OR g.role = 'designated_teacher' AND g.establishment_id IN ({_IN_CARE_THERE}))"
)
_MAY_SEE = (
    f"SELECT EXISTS (SELECT 1 FROM access_grant g WHERE g.user_id = %s AND {G} AND {_OPENS})"
    f" AND NOT EXISTS (SELECT 1 FROM access_restriction r WHERE r.user_id = %s"
    f" AND r.pupil_id = %s AND {R})"
    " AND NOT EXISTS (SELECT 1 FROM access_denial d WHERE d.user_id = %s AND d.ended_at IS NULL)"
    " AND EXISTS (SELECT 1 FROM people_user u WHERE u.id = %s AND u.gone_at IS NULL)"
    " AND EXISTS (SELECT 1 FROM schools_pupil p WHERE p.id = %s AND p.gone_at IS NULL)"
)
_ACTIVE = (
    "u.gone_at IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM access_denial d WHERE d.user_id = u.id AND d.ended_at IS NULL)"
)
_REACHED = {
    "wide": f"EXISTS (SELECT 1 FROM access_grant g WHERE g.user_id = %s AND {G} AND {_WIDE})",
    "teacher": "p.id IN (SELECT e.pupil_id FROM access_grant g JOIN schools_enrolment e"
    " ON e.establishment_id = g.establishment_id JOIN schools_careepisode c"
    " ON c.pupil_id = e.pupil_id WHERE g.user_id = %s AND g.role = 'designated_teacher'"
    f" AND {G} AND {E} AND {C})",
    "social worker": "p.id IN (SELECT g.pupil_id FROM access_grant g"
    f" WHERE g.user_id = %s AND g.role = 'social_worker' AND {G})",
}
_GRANTS_OF = (
    "SELECT u.id, g.id FROM access_grant g JOIN people_user u ON u.id = g.user_id"
    f" WHERE {{which}} AND {G} AND {_ACTIVE} AND NOT EXISTS (SELECT 1 FROM access_restriction r"
    f" WHERE r.user_id = g.user_id AND r.pupil_id = %s AND {R})"
)
_WHO = " UNION ALL ".join(
    _GRANTS_OF.format(which=which)
    for which in (
        "g.role = 'social_worker' AND g.pupil_id = %s",
        f"g.role = 'designated_teacher' AND g.establishment_id IN ({_IN_CARE_THERE})",
        f"{_WIDE} AND %s > 0",
    )
)


def may_see(user: int, pupil: int) -> bool:
    """Whether the user may see the pupil."""
    asked = [user, pupil, pupil, user, pupil, user, user, pupil]
    return bool(bulk.value(_MAY_SEE, asked))


def first_page(kind: str, user: int) -> list[int]:
    """The first 25 of the user's list; the query is the one for their role."""
    sql = (
        f"SELECT p.* FROM schools_pupil p WHERE p.gone_at IS NULL AND {_REACHED[kind]}"
        f" AND EXISTS (SELECT 1 FROM people_user u WHERE u.id = %s AND {_ACTIVE})"
        " AND NOT EXISTS (SELECT 1 FROM access_restriction r"
        f" WHERE r.user_id = %s AND r.pupil_id = p.id AND {R})"
        " ORDER BY p.last_key, p.first_key, p.id LIMIT 25"
    )
    return [row[0] for row in bulk.select(sql, [user] * 3)]


def why(user: int, pupil: int) -> tuple[Any, ...]:
    """The answer and the records that bear on it."""
    grants = bulk.select(
        f"SELECT g.*, {G} AND {_OPENS} FROM access_grant g LEFT JOIN schools_establishment s"
        " ON s.id = g.establishment_id WHERE g.user_id = %s"
        " AND (g.pupil_id = %s OR g.pupil_id IS NULL) ORDER BY g.starts_on, g.id",
        [pupil, pupil, user, pupil],
    )
    return (
        may_see(user, pupil),
        grants,
        bulk.select("SELECT * FROM people_user WHERE id = %s", [user]),
        bulk.select("SELECT * FROM schools_pupil WHERE id = %s", [pupil]),
        bulk.select(
            f"SELECT * FROM access_restriction r WHERE user_id = %s AND pupil_id = %s AND {R}",
            [user, pupil],
        ),
        bulk.select("SELECT * FROM access_denial WHERE user_id = %s AND ended_at IS NULL", [user]),
    )


def who(pupil: int) -> set[tuple[int, int]]:
    """Each user who may see the pupil, with each grant that lets them."""
    return {(user, grant) for user, grant in bulk.select(_WHO, [pupil] * 6)}
