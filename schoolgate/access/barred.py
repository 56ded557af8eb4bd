"""Adults whom somebody has kept from a child: denied, deleted, or restricted.

Whoever comes under another address, with the name of one of them and for the same child, waits for
a person's word (PRODUCT.md, "What a file does"; NEW5).
"""

from collections.abc import Iterable
from typing import NamedTuple

from django.utils import timezone

from schoolgate.access import relations
from schoolgate.kit import bulk
from schoolgate.kit.records import Ending


def adults() -> str:
    """An SQL query (user_id, pupil_id, first_key, last_key): each adult who is denied or was
    deleted by a person, with each child to whom they hold or ever held a licence; and each who is
    restricted, now or on a day to come, with that child. By every name: that of a user who was
    made one with them (ITS10) is theirs too."""
    today = relations.sql_day(timezone.localdate())
    shut = (
        f"u.gone_how = '{Ending.REMOVED.value}'"
        f" OR (u.gone_at IS NULL AND u.id IN ({relations.inactive()}))"
    )
    former = f"people_user u JOIN ({_former_names()}) n ON n.user_id = u.id"
    return " UNION ".join(
        f"SELECT u.id AS user_id, g.pupil_id, {name}.first_key, {name}.last_key FROM {called}"
        " JOIN access_grant g ON g.user_id = u.id"
        f" WHERE g.pupil_id IS NOT NULL AND {relations.is_licence('g.role')} AND ({shut})"
        f" UNION SELECT u.id, r.pupil_id, {name}.first_key, {name}.last_key FROM {called}"
        " JOIN access_restriction r ON r.user_id = u.id"
        f" WHERE r.ended_at IS NULL AND (r.ends_on IS NULL OR r.ends_on >= {today})"
        for name, called in (("u", "people_user u"), ("n", former))
    )


def _former_names() -> str:
    """A query (user_id, first_key, last_key): the names of those who were made one with a user, or
    with one of those."""
    return (
        "WITH RECURSIVE former (user_id, first_key, last_key) AS ("
        "SELECT o.merged_into_id, o.first_key, o.last_key FROM people_user o"
        " WHERE o.merged_into_id IS NOT NULL"
        " UNION SELECT m.merged_into_id, f.first_key, f.last_key FROM former f"
        " JOIN people_user m ON m.id = f.user_id WHERE m.merged_into_id IS NOT NULL)"
        " SELECT user_id, first_key, last_key FROM former"
    )


class Coming(NamedTuple):
    """Somebody who is to be connected to a child, by the keys of their name. ``user_id``: any
    number that no user has for somebody who is not made yet."""

    user_id: int
    pupil_id: int
    first_key: str
    last_key: str


def resembled_by(rows: Iterable[Coming]) -> dict[tuple[int, int], list[int]]:
    """By user and pupil: the other adults (user ids) who were kept from the child, and whose name
    is like theirs. Pairs without any are left out."""
    with bulk.temporary(
        "coming", "user_id BIGINT, pupil_id BIGINT, first_key VARCHAR(150), last_key VARCHAR(150)"
    ):
        bulk.load("coming", Coming._fields, rows)
        found = bulk.select(
            "SELECT c.user_id, c.pupil_id, b.user_id, c.first_key, c.last_key, b.first_key,"
            f" b.last_key FROM coming c JOIN ({adults()}) b ON b.pupil_id = c.pupil_id"
            " WHERE b.user_id <> c.user_id ORDER BY b.user_id"
        )
    alike: dict[tuple[int, int], list[int]] = {}
    for user_id, pupil_id, barred_id, *names in found:
        if names_are_alike(*names):
            alike.setdefault((user_id, pupil_id), []).append(barred_id)
    return alike


def names_are_alike(first: str, last: str, other_first: str, other_last: str) -> bool:
    """Whether two adults of one child may be the same person, by the keys of their names.

    One first name begins the other, whatever the last names are: those change with a marriage. The
    same last name alone says nothing: it is what the parents of a child usually share. Names that
    are the other way round are the same.
    """
    if first == other_last and last == other_first:
        return True
    if not first or not other_first:
        return last == other_last
    return first.startswith(other_first) or other_first.startswith(first)
