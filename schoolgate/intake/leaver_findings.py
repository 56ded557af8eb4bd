"""What is wrong, or to be asked, about the rows of an offboarding file: one small piece for each.

A user is told by address or user name alone; a name is only compared (ITS10, NEW4).
"""

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from schoolgate.access.authority import administrators
from schoolgate.intake.findings import other_rows
from schoolgate.kit import bulk
from schoolgate.kit.names import names_differ_clearly

if TYPE_CHECKING:
    from schoolgate.intake.plan_leavers import LeaversPlan

# Finds something when the user of ``u`` is inactive already.
INACTIVE = (
    "SELECT 1 FROM access_denial d WHERE d.user_id = u.user_id AND d.ended_at IS NULL"
    " AND d.establishment_id IS NULL"
)
_KNOWN = "SELECT 1 FROM people_user p WHERE p.{key} = r.{key} AND p.gone_at IS NULL"


def find(plan: "LeaversPlan") -> None:
    """All of them; none stops the rest."""
    unknown(plan)
    two_people(plan)
    one_person_twice(plan)
    names_that_differ(plan)
    yourself(plan)
    still_at_work(plan)
    last_administrators(plan)  # of the rows that nothing else refuses


def unknown(plan: "LeaversPlan") -> None:
    """An address or a user name that nobody has, or nobody any more."""
    similar = _lookalikes(plan)
    for field in ("email", "username"):
        key = f"{field}_key"
        known = _KNOWN.format(key=key)
        gone = f"SELECT 1 FROM people_user q WHERE q.{key} = r.{key} AND q.gone_how = 'removed'"
        for n, value, deleted in bulk.select(
            f"SELECT r.n, r.{field}, CASE WHEN EXISTS ({gone}) THEN 1 ELSE 0 END FROM plan_row r"
            f" WHERE r.{key} <> '' AND NOT EXISTS ({known}) ORDER BY 1"
        ):
            if field == "email" and n in similar:
                plan.findings.ask(
                    n, plan.title(field), value,
                    f"Check the letters of this address: nobody has it, but it looks like"
                    f" “{similar[n]}”. If that is who is meant, correct it.", "lookalike",
                    settles=False,
                )  # fmt: skip
            elif deleted:
                plan.findings.fault(
                    n, plan.title(field), value,
                    "Take this row out: somebody has deleted this user already.", "deleted-user",
                )  # fmt: skip
            else:
                what = "address" if field == "email" else "user name"
                plan.findings.fault(
                    n, plan.title(field), value,
                    f"Correct this {what} or take the row out: no user has it.", "unknown-user",
                )  # fmt: skip


def _lookalikes(plan: "LeaversPlan") -> dict[int, str]:
    """The address of a user that the unknown address of a row looks like, by row (LAC5)."""
    found = bulk.select(
        "SELECT r.n, min(p.email) FROM plan_row r JOIN people_user p ON"
        " p.lookalike_key = r.lookalike AND p.gone_at IS NULL AND p.email_key <> r.email_key"
        f" WHERE r.email_key <> '' AND NOT EXISTS ({_KNOWN.format(key='email_key')}) GROUP BY r.n"
    )
    return dict(found)


def two_people(plan: "LeaversPlan") -> None:
    """The address is one user's, and the user name another's."""
    for n, username in bulk.select(
        "SELECT r.n, r.username FROM plan_row r JOIN plan_user u ON u.n = r.n"
        " WHERE u.user_id <> u.other_id ORDER BY 1"
    ):
        plan.findings.fault(
            n, plan.title("username"), username,
            "Take out the one that is wrong: this user name is not that of the person with the"
            " address.", "two-users",
        )  # fmt: skip


def one_person_twice(plan: "LeaversPlan") -> None:
    """One user in two rows is a fault, named in both."""
    rows: dict[int, list[int]] = {}
    found = bulk.select(
        "SELECT u.user_id, r.n, r.email, r.username FROM plan_user u JOIN plan_row r ON r.n = u.n"
        " WHERE u.user_id IN (SELECT user_id FROM plan_user GROUP BY user_id HAVING count(*) > 1)"
        " ORDER BY 2"
    )
    for user_id, n, _, _ in found:
        rows.setdefault(user_id, []).append(n)
    for user_id, n, email, username in found:
        plan.findings.fault(
            n, plan.title("email" if email else "username"), email or username,
            "Keep one row for each person: this one is also in row"
            f" {other_rows(rows[user_id], n)}.", "person-twice",
        )  # fmt: skip


def names_that_differ(plan: "LeaversPlan") -> None:
    """The row has another name than the user on record: the wrong person? (NEW4)"""
    found = bulk.select(
        "SELECT r.n, r.email, r.username, r.first_name, r.last_name, r.first_key, r.last_key,"
        " p.first_name, p.last_name, p.first_key, p.last_key FROM plan_row r"
        " JOIN plan_user u ON u.n = r.n JOIN people_user p ON p.id = u.user_id"
        " WHERE (r.first_key <> '' AND r.first_key <> p.first_key)"
        " OR (r.last_key <> '' AND r.last_key <> p.last_key) ORDER BY 1"
    )
    for n, email, username, shown, shown_last, first, last, p_shown, p_last, *keys in found:
        if _differ(first, last, *keys):
            plan.findings.ask(
                n, plan.title("email" if email else "username"), email or username,
                f"Say whether {' '.join(filter(None, [shown, shown_last]))} is the same person as"
                f" {p_shown} {p_last}, who signs in with this: the names differ.", "name-differs",
            )  # fmt: skip


def _differ(first: str, last: str, on_record: str, last_on_record: str) -> bool:
    """Whether the names of a row, of which one may be blank, clearly differ from those on record.

    A blank one is taken for the same: it says nothing.
    """
    if not last:
        return names_differ_clearly(first, "row", on_record, "record")
    if not first:
        return last != last_on_record
    return names_differ_clearly(first, last, on_record, last_on_record)


def yourself(plan: "LeaversPlan") -> None:
    """Nobody shuts themselves out by a file."""
    if plan.by.user_id is None:
        return
    for n, email, username in bulk.select(
        "SELECT r.n, r.email, r.username FROM plan_user u JOIN plan_row r ON r.n = u.n"
        " WHERE u.user_id = %s ORDER BY 1",
        [plan.by.user_id],
    ):
        plan.findings.fault(
            n, plan.title("email" if email else "username"), email or username,
            "Take this row out, or let another LA Super User hand the file in: it would make"
            " yourself inactive.", "yourself",
        )  # fmt: skip


def still_at_work(plan: "LeaversPlan") -> None:
    """A leaver who signed in yesterday or today may be the wrong person."""
    yesterday = timezone.localdate() - timedelta(days=1)
    since = timezone.make_aware(datetime.combine(yesterday, time.min))
    for n, email, username in bulk.select(
        "SELECT r.n, r.email, r.username FROM plan_row r JOIN plan_user u ON u.n = r.n"
        " JOIN people_user p ON p.id = u.user_id WHERE p.last_login >= %s"
        f" AND NOT EXISTS ({INACTIVE}) ORDER BY 1",
        [since],
    ):
        plan.findings.warn(
            n, plan.title("email" if email else "username"), email or username,
            "Check that this person has left: they have signed in since yesterday.",
            "still-at-work",
        )  # fmt: skip


def last_administrators(plan: "LeaversPlan") -> None:
    """The good rows together must leave an LA Super User (S32)."""
    left = administrators()
    if not left:
        return
    among = ", ".join(map(str, sorted(left)))
    rows = [
        (n, user_id, email or username)
        for n, user_id, email, username in bulk.select(
            "SELECT r.n, u.user_id, r.email, r.username FROM plan_user u"
            f" JOIN plan_row r ON r.n = u.n WHERE u.user_id IN ({among}) ORDER BY 1"
        )
        if n not in plan.findings.refused
    ]
    if left - {user_id for _, user_id, _ in rows}:
        return
    for n, _, value in rows:
        plan.findings.fault(
            n, plan.title("email" if "@" in value else "username"), value,
            "Make somebody else LA Super User first, or take one of these rows out: nobody would be"
            " left who is one.", "last-super-user",
        )  # fmt: skip
