"""Who is each row of a file of parents, and which child does it name? (ITS4, ITS5)

Set-based: a statement for all rows. A row is known by its SyncID; without one by its user name,
and without that by its e-mail. Where more than that would make it somebody's, it is taken for them
here, and parent_questions.py asks: a row that nobody answers for is refused.
"""

from typing import TYPE_CHECKING

from schoolgate.kit import bulk
from schoolgate.people.models import User
from schoolgate.people.queries import kept_of

if TYPE_CHECKING:
    from schoolgate.intake.plan_parents import ParentsPlan

# What a row is known by, and the field that it stands in.
BY_SYNC, BY_USERNAME, BY_EMAIL = "s", "u", "e"
FIELDS = {BY_SYNC: "sync", BY_USERNAME: "username", BY_EMAIL: "email"}

# ``ident``: what the row is known by. In plan_ident, for each: its first row; ``root``: the first
# row of the person whom it is one with in the file; ``via``: of one that only an address makes
# somebody else's in the file, the first row of that person; the user on record, and by what.
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "plan_ident": (
        "ident TEXT PRIMARY KEY, first INTEGER, root INTEGER, via INTEGER, user_id BIGINT,"
        " how TEXT",
        ("first", "root"),
    ),
    # The user names and addresses of users who are gone because they were made one with another.
    "plan_merged": ("user_id BIGINT, username_key TEXT, email_key TEXT", ("user_id",)),
    "plan_person": ("n INTEGER PRIMARY KEY, root INTEGER, user_id BIGINT", ("root",)),
    "plan_user": ("n INTEGER PRIMARY KEY, user_id BIGINT, how TEXT", ("user_id",)),
    "plan_hit": ("n INTEGER PRIMARY KEY, pupil_id BIGINT", ("pupil_id",)),
}


def match(plan: "ParentsPlan") -> None:
    """Fill the tables."""
    children(plan)
    _merged()
    _idents()
    _one_in_the_file()
    bulk.execute(
        "INSERT INTO plan_person SELECT r.n, i.root, i.user_id FROM plan_row r"
        " JOIN plan_ident i ON i.ident = r.ident"
    )
    bulk.execute(
        "INSERT INTO plan_user SELECT r.n, i.user_id, i.how FROM plan_row r"
        " JOIN plan_ident i ON i.ident = r.ident WHERE i.user_id IS NOT NULL"
    )
    bulk.analyse("plan_person", "plan_user")


# The child of each row, by the kind of identifier that was chosen.
_CHILD = (
    "SELECT r.n, i.pupil_id FROM plan_row r JOIN schools_pupilidentifier i"
    " ON i.value_key = r.child_key AND i.kind = %s AND i.ended_at IS NULL"
    " JOIN schools_pupil p ON p.id = i.pupil_id AND p.gone_at IS NULL WHERE r.child_key <> ''"
)


def any_child(plan: "ParentsPlan") -> bool:
    """Whether any row finds its child."""
    return bool(bulk.select(f"{_CHILD} LIMIT 1", [plan.decided.match_by]))


def children(plan: "ParentsPlan") -> None:
    """plan_hit: the child of each row."""
    bulk.execute(f"INSERT INTO plan_hit {_CHILD}", [plan.decided.match_by])
    bulk.analyse("plan_hit")


def _merged() -> None:
    """plan_merged: what finds the user that somebody was made one with; a person has said so."""
    gone = User.objects.filter(merged_into__isnull=False).order_by("gone_at", "pk")
    keys = list(gone.values_list("pk", "username_key", "email_key"))
    kept = kept_of(pk for pk, _, _ in keys)
    rows = ((kept[pk], username, email) for pk, username, email in keys)
    bulk.load("plan_merged", ["user_id", "username_key", "email_key"], rows)
    bulk.analyse("plan_merged")


def _idents() -> None:
    """The user on record of each: with this SyncID, else with this user name, else address; one of
    those who are here before one who was made one with them."""
    live = "JOIN people_user p ON p.id = {0} AND p.gone_at IS NULL"
    by_sync = (
        "SELECT r.ident, min(p.id) AS user_id FROM plan_row r JOIN people_syncid s"
        " ON s.value_key = r.sync_key AND s.ended_at IS NULL"
        f" {live.format('s.user_id')} WHERE r.sync_key <> '' GROUP BY r.ident"
    )
    by_key = (
        "SELECT r.ident, min(p.id) AS user_id FROM plan_row r JOIN people_user p"
        " ON p.{0} = r.{0} AND p.gone_at IS NULL WHERE r.{0} <> '' GROUP BY r.ident"
    )
    by_merged = (
        "SELECT r.ident, min(m.user_id) AS user_id FROM plan_row r JOIN plan_merged m"
        f" ON m.{{0}} = r.{{0}} {live.format('m.user_id')} WHERE r.{{0}} <> '' GROUP BY r.ident"
    )
    found = "COALESCE(u.user_id, v.user_id)"
    bulk.execute(
        "INSERT INTO plan_ident SELECT i.ident, i.first, i.first, CAST(NULL AS INTEGER),"
        f" COALESCE(s.user_id, {found}, e.user_id, f.user_id), CASE WHEN s.user_id IS NOT NULL"
        f" THEN '{BY_SYNC}' WHEN {found} IS NOT NULL THEN '{BY_USERNAME}' ELSE '{BY_EMAIL}' END"
        " FROM (SELECT ident, min(n) AS first FROM plan_row WHERE ident <> '' GROUP BY ident) i"
        f" LEFT JOIN ({by_sync}) s ON s.ident = i.ident"
        f" LEFT JOIN ({by_key.format('username_key')}) u ON u.ident = i.ident"
        f" LEFT JOIN ({by_merged.format('username_key')}) v ON v.ident = i.ident"
        f" LEFT JOIN ({by_key.format('email_key')}) e ON e.ident = i.ident"
        f" LEFT JOIN ({by_merged.format('email_key')}) f ON f.ident = i.ident"
    )
    bulk.analyse("plan_ident")


def _one_in_the_file() -> None:
    """Those of nobody on record who are one with another of the file."""
    rows = "plan_row r JOIN plan_ident i ON i.ident = r.ident"
    new = "f.ident = plan_ident.ident AND plan_ident.user_id IS NULL"
    # Without a SyncID: whoever has the user name.
    bulk.execute(
        f"UPDATE plan_ident SET root = f.root FROM (SELECT '{BY_USERNAME}' || r.username_key"
        f" AS ident, min(i.root) AS root FROM {rows} WHERE r.sync_key <> ''"
        f" AND r.username_key <> '' GROUP BY r.username_key) f WHERE {new}"
    )
    # Two persons with one address: one of them, if a person says so; and so for all whom addresses
    # link, however many.
    shared = (
        f"SELECT r.email_key, min(i.root) AS root FROM {rows} WHERE r.email_key <> ''"
        f" AND r.ident <> '{BY_EMAIL}' || r.email_key GROUP BY r.email_key"
        " HAVING min(i.root) <> max(i.root)"
    )
    while bulk.execute(
        "UPDATE plan_ident SET root = f.root, via = f.root FROM (SELECT i.ident,"
        f" min(s.root) AS root FROM {rows} JOIN ({shared}) s ON s.email_key = r.email_key"
        f" WHERE s.root < i.root AND r.ident <> '{BY_EMAIL}' || r.email_key"
        f" GROUP BY i.ident) f WHERE {new}"
    ):
        _follow()
    # With neither: whoever has the address.
    bulk.execute(
        f"UPDATE plan_ident SET root = f.root FROM (SELECT '{BY_EMAIL}' || r.email_key AS ident,"
        f" min(i.root) AS root FROM {rows} WHERE r.email_key <> ''"
        f" AND r.ident <> '{BY_EMAIL}' || r.email_key GROUP BY r.email_key) f WHERE {new}"
    )
    _follow()
    # Whoever is asked about is asked whether they are the person whom a yes makes them.
    bulk.execute("UPDATE plan_ident SET via = root WHERE via IS NOT NULL")
    bulk.analyse("plan_ident")


def _follow() -> None:
    """One with somebody who is one with a third is that third one. Where it takes a person's word,
    it does for all who follow."""
    while bulk.execute(
        "UPDATE plan_ident SET root = t.root, via = COALESCE(plan_ident.via, t.via),"
        " user_id = t.user_id, how = t.how"
        " FROM plan_ident t WHERE t.first = plan_ident.root AND plan_ident.user_id IS NULL"
        " AND (t.root <> plan_ident.root OR t.user_id IS NOT NULL)"
    ):
        pass
