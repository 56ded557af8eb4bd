"""The preview of access, line by line: who would gain or lose which child (NEW1)."""

from dataclasses import dataclass

from schoolgate.intake.plan import Plan
from schoolgate.kit import bulk, records


@dataclass(frozen=True)
class AccessLine:
    """One line: a user and a child, or everybody who sees every child, or every child.

    ``pupil_id`` names one child on the register. ``row``: of the file that causes it; None where
    several may.
    """

    user_label: str
    pupil_label: str
    gained: bool
    row: int | None
    pupil_id: int | None = None


def access_lines(plan: Plan, *, after: int, limit: int) -> list[AccessLine]:
    """``limit`` lines of a plan that has been worked out, from line ``after`` (0: the first)."""
    preview = plan.preview()
    if preview is None or plan.findings.whole_file:
        return []
    # 0 stands for everybody, or every child: such pairs are told in one line, not multiplied.
    parts = [
        f"SELECT user_id, pupil_id, 1 AS gained FROM ({preview.gained_pairs()}) g",
        f"SELECT user_id, pupil_id, 0 AS gained FROM ({preview.lost_pairs()}) l",
    ]
    if preview.pupils is not None:
        parts.append(f"SELECT 0, id, 1 FROM ({preview.new_pupils()}) p")
    else:
        parts.append(f"SELECT user_id, 0, 1 FROM ({preview.newly_wide()}) w")
    with bulk.for_many_rows(plan.rows > records.MANY):
        lines = f"SELECT * FROM ({' UNION ALL '.join(parts)}) lines ORDER BY 3, 2, 1"
        found = bulk.select(f"{lines} LIMIT %s OFFSET %s", [limit, after])
    users = _names("people_user", [user_id for user_id, _, _ in found])
    pupils = _names("schools_pupil", [pupil_id for _, pupil_id, _ in found])
    users[0], pupils[0] = "Everybody who sees every child", "Every child"
    return [
        AccessLine(
            users.get(user_id, ""),
            pupils.get(pupil_id, ""),
            bool(gained),
            next((-id_ for id_ in (user_id, pupil_id) if id_ < 0), None),
            pupil_id if pupil_id > 0 else None,
        )
        for user_id, pupil_id, gained in found
    ]


def _names(table: str, ids: list[int]) -> dict[int, str]:
    """Names by id; a negative id is a row of the plan."""
    names = {}
    for source, key, wanted in (
        (table, "id", {id_ for id_ in ids if id_ > 0}),
        ("plan_row", "n", {-id_ for id_ in ids if id_ < 0}),
    ):
        if wanted:
            listed = ", ".join(map(str, wanted))
            for id_, first, last in bulk.select(
                f"SELECT {key}, first_name, last_name FROM {source} WHERE {key} IN ({listed})"
            ):
                names[id_ if source == table else -id_] = f"{first} {last}"
    return names
