"""The known mistakes in a file of parents, each with its sentence (ITS4, ITS6)."""

import re
from typing import TYPE_CHECKING, Any

from schoolgate.access import relations
from schoolgate.intake import child_matches
from schoolgate.intake.findings import other_rows
from schoolgate.intake.parent_matching import BY_SYNC, FIELDS
from schoolgate.kit import bulk
from schoolgate.kit.names import names_differ_clearly
from schoolgate.schools.models import IdentifierKind

if TYPE_CHECKING:
    from schoolgate.intake.plan_parents import ParentsPlan

# Faults of the whole file whose remedy is another choice under "Parent relationship".
OF_THE_RELATIONSHIP = ("wrong-match-field", "wrong-sync-field")
_SEVERAL = re.compile(r"[;,/|&\n]")


def find(plan: "ParentsPlan") -> None:
    """All but those of the whole file; none stops the rest."""
    unknown_children(plan)
    one_key_for_two_people(plan)
    user_names_of_two(plan)
    if plan.of_children:
        children_with_two_users(plan)
        users_of_two_children(plan)
    else:
        children_as_parents(plan)


# The whole file


def children_are_found(plan: "ParentsPlan") -> bool:
    """Whether any row finds its child; where none does, says what would mend it (ITS6)."""
    if bulk.value("SELECT count(*) FROM plan_hit"):
        return True
    if not bulk.value("SELECT count(*) FROM plan_row WHERE child_key <> ''"):
        return True  # each row is told that its cell is empty
    heading = plan.mapping.headings[plan.child_place]
    chosen = IdentifierKind(plan.decided.match_by)
    here = child_matches.counts("plan_row")
    best = max(here, key=lambda kind: here[kind])
    place, kind, count = _elsewhere(chosen)
    if here[best]:
        plan.findings.fault(
            None, heading, "",
            f"Choose “{best.label}” as the matching synchronisation field: with it"
            f" {_rows(here[best])} of {plan.rows:,} find a child by “{heading}”, and with"
            f" “{chosen.label}” none does.", "wrong-match-field",
        )  # fmt: skip
    elif count:
        besides = "" if kind is chosen else f" and “{kind.label}” as the matching field"
        plan.findings.fault(
            None, heading, "",
            f"Choose “{plan.mapping.headings[place]}” as the synchronisation field{besides}: with"
            f" it {_rows(count)} of {plan.rows:,} find a child, and with “{heading}” none does.",
            "wrong-sync-field",
        )  # fmt: skip
    else:
        plan.findings.fault(
            None, heading, "",
            f"Import the children first, then this file again: no row names the {_named(chosen)} of"
            " a child on the register, and none would by another field or column.",
            "children-missing",
        )  # fmt: skip
        unknown_children(plan)
    return False


def _elsewhere(chosen: IdentifierKind) -> tuple[int, IdentifierKind, int]:
    """The column by which most rows would find a child, by which kind, and how many; the kind that
    was chosen goes first among equals."""
    kinds = ", ".join(f"'{kind.value}'" for kind in child_matches.MATCH_BY)
    found = bulk.select(
        "SELECT o.place, i.kind, count(*) FROM plan_other o JOIN schools_pupilidentifier i"
        f" ON i.value_key = o.child_key AND i.ended_at IS NULL AND i.kind IN ({kinds})"
        " JOIN schools_pupil p ON p.id = i.pupil_id AND p.gone_at IS NULL"
        " GROUP BY o.place, i.kind ORDER BY 1"
    )
    best = (0, chosen, 0)
    for place, kind, count in found:
        if (count, kind == chosen.value) > (best[2], best[1] is chosen):
            best = (place, IdentifierKind(kind), count)
    return best


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _named(kind: IdentifierKind) -> str:
    return kind.label[0].lower() + kind.label[1:]


# Rows


def unknown_children(plan: "ParentsPlan") -> None:
    """A cell that names no child of the register."""
    kind = _named(IdentifierKind(plan.decided.match_by))
    heading = plan.mapping.headings[plan.child_place]
    for n, child in bulk.select(
        "SELECT r.n, r.child FROM plan_row r WHERE r.child_key <> ''"
        " AND NOT EXISTS (SELECT 1 FROM plan_hit h WHERE h.n = r.n) ORDER BY 1"
    ):
        problem = (
            f"Correct this {kind}, or import the child first: no child on the register has it."
        )
        if _SEVERAL.search(child):
            problem = (
                f"Give each child a row of its own: no child on the register has this {kind}, and"
                " it looks like several."
            )
        plan.findings.fault(n, heading, child, problem, "unknown-child", place=plan.child_place)


def one_key_for_two_people(plan: "ParentsPlan") -> None:
    """One SyncID with two user names, or what one row is known by with two names that differ."""
    rows = _rows_of_idents(
        "substr(ident, 1, 1) <> 'e' GROUP BY ident HAVING min(last_key) <> max(last_key)"
        " OR min(first_key) <> max(first_key)"
        " OR count(DISTINCT CASE WHEN username_key <> '' THEN username_key END) > 1"
    )
    for ident, group in rows.items():
        others, why = _two_people(group)
        if not others:
            continue
        by_sync = ident.startswith(BY_SYNC)
        field, code = ("sync", "sync-id-twice") if by_sync else ("username", "username-twice")
        what = "SyncID" if by_sync else "user name"
        for n, *cells in group:
            plan.findings.fault(
                n, plan.title(field), cells[0] if by_sync else cells[1],
                f"Give each person a {what} of their own: row"
                f" {other_rows([row[0] for row in group], n)} has this one too, with another"
                f" {why}.", code,
            )  # fmt: skip


def _rows_of_idents(condition: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of what rows are known by, where the condition holds: each with its number, SyncID,
    user name and its key, and the keys of its names."""
    found = bulk.select(
        "SELECT r.ident, r.n, r.sync, r.username, r.username_key, r.first_key, r.last_key"
        f" FROM plan_row r WHERE r.ident IN (SELECT ident FROM plan_row WHERE {condition})"
        " ORDER BY 2"
    )
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for ident, *row in found:
        if ident:
            groups.setdefault(ident, []).append(tuple(row))
    return groups


def _two_people(group: list[tuple[Any, ...]]) -> tuple[bool, str]:
    """Whether the rows (of one SyncID, or user name) are two people's, and what tells it."""
    names = {row[3] for row in group} - {""}
    if len(names) > 1:
        return True, "user name"
    # The parents of a child often share a last name: in one file it makes nobody the same person.
    first = group[0][4]
    return any(names_differ_clearly(first, "", row[4], "-") for row in group), "name"


def user_names_of_two(plan: "ParentsPlan") -> None:
    """A user name in rows of two SyncIDs."""
    found = bulk.select(
        "SELECT r.username_key, r.n, r.username FROM plan_row r WHERE r.username_key IN"
        " (SELECT username_key FROM plan_row WHERE username_key <> '' AND sync_key <> ''"
        " GROUP BY username_key HAVING min(sync_key) <> max(sync_key)) ORDER BY 2"
    )
    rows: dict[str, list[int]] = {}
    for key, n, _ in found:
        rows.setdefault(key, []).append(n)
    for key, n, username in found:
        plan.findings.fault(
            n, plan.title("username"), username,
            f"Give each person a user name of their own: row {other_rows(rows[key], n)} has this"
            " one too, with another SyncID.", "username-twice",
        )  # fmt: skip


def children_as_parents(plan: "ParentsPlan") -> None:
    """The SyncID or the user name of a child, in a row that is to be a parent's."""
    own = f"r.sync_key = r.child_key AND {int(plan.mapping.place('sync') != plan.child_place)} = 1"
    theirs = bulk.select(
        "SELECT r.n, r.sync, h.pupil_id FROM plan_row r JOIN plan_hit h ON h.n = r.n"
        f" WHERE r.sync_key <> '' AND (({own}) OR EXISTS (SELECT 1 FROM"
        " schools_pupilidentifier i WHERE i.pupil_id = h.pupil_id AND i.kind = 'sync_key'"
        " AND i.value_key = r.sync_key AND i.ended_at IS NULL)) ORDER BY 1"
    )
    for n, sync, pupil_id in theirs:
        plan.findings.fault(
            n, plan.title("sync"), sync,
            "Enter the parent’s own SyncID, or leave it empty: this is the one of the child whom"
            " the row names.", "childs-sync-id", pupil_id=pupil_id,
        )  # fmt: skip
    told = {n for n, _, _ in theirs}
    for n, column, value, pupil_id in bulk.select(_CHILDREN):
        if n not in told:
            told.add(n)
            plan.findings.fault(
                n, plan.title(column), value,
                "Take this row out, or give the parent’s own: it is that of a child on the"
                " register, and children come with the profile Pupil.", "child-as-parent",
                pupil_id=pupil_id,
            )  # fmt: skip


# Rows that have a child's own SyncID or user name, or are about a user who is a child here.
_CHILDREN = (
    " UNION ALL ".join(
        f"SELECT r.n, '{field}', r.{field}, i.pupil_id FROM plan_row r JOIN"
        f" schools_pupilidentifier i ON i.value_key = r.{field}_key AND i.kind = '{kind}'"
        " AND i.ended_at IS NULL JOIN schools_pupil p ON p.id = i.pupil_id AND p.gone_at IS NULL"
        f" WHERE r.{field}_key <> ''"
        for field, kind in (("sync", "sync_key"), ("username", "username"))
    )
    + " UNION ALL SELECT r.n, CASE u.how WHEN 's' THEN 'sync' WHEN 'u' THEN 'username' ELSE"
    " 'email' END, CASE u.how WHEN 's' THEN r.sync WHEN 'u' THEN r.username ELSE r.email END,"
    " min(g.pupil_id) FROM plan_row r JOIN plan_user u ON u.n = r.n JOIN access_grant g"
    " ON g.user_id = u.user_id AND g.role = 'licence-pupil' AND g.ended_at IS NULL"
    " GROUP BY r.n, u.how, r.sync, r.username, r.email ORDER BY 1"
)


def children_with_two_users(plan: "ParentsPlan") -> None:
    """In a file of children: one who has another user, or is in the rows of two."""
    heading = plan.mapping.headings[plan.child_place]
    for n, child, pupil_id in bulk.select(
        "SELECT r.n, r.child, h.pupil_id FROM plan_row r JOIN plan_hit h ON h.n = r.n"
        " LEFT JOIN plan_user u ON u.n = r.n WHERE EXISTS (SELECT 1 FROM access_grant g"
        f" WHERE g.pupil_id = h.pupil_id AND g.role = '{plan.role.code}' AND g.ended_at IS NULL"
        " AND g.user_id <> COALESCE(u.user_id, 0)) ORDER BY 1"
    ):
        plan.findings.fault(
            n, heading, child,
            "Take this row out, or disconnect the other user first: this child has one already.",
            "child-has-user", pupil_id=pupil_id, place=plan.child_place,
        )  # fmt: skip
    found = bulk.select(
        "SELECT h.pupil_id, r.n, r.child FROM plan_row r JOIN plan_hit h ON h.n = r.n"
        " WHERE h.pupil_id IN (SELECT t.pupil_id FROM plan_hit t JOIN plan_person p ON p.n = t.n"
        " GROUP BY t.pupil_id HAVING min(COALESCE(p.user_id, -p.root))"
        " <> max(COALESCE(p.user_id, -p.root))) ORDER BY 2"
    )
    rows: dict[int, list[int]] = {}
    for pupil_id, n, _ in found:
        rows.setdefault(pupil_id, []).append(n)
    for pupil_id, n, child in found:
        plan.findings.fault(
            n, heading, child,
            f"Keep one row for each child: row {other_rows(rows[pupil_id], n)} is about this one"
            " too, with another user.", "child-twice", pupil_id=pupil_id, place=plan.child_place,
        )  # fmt: skip


def users_of_two_children(plan: "ParentsPlan") -> None:
    """In a file of children: one user for two of them, or one who is an adult of a child."""
    for n, how, pupil_id, *key in bulk.select(
        "SELECT DISTINCT r.n, u.how, h.pupil_id, r.sync, r.username, r.email FROM plan_row r"
        " JOIN plan_user u ON u.n = r.n JOIN plan_hit h ON h.n = r.n JOIN access_grant g"
        " ON g.user_id = u.user_id AND g.pupil_id IS NOT NULL AND g.ended_at IS NULL"
        f" AND {relations.is_licence('g.role')}"
        f" WHERE NOT EXISTS ({plan.live_link('u.user_id', 'h.pupil_id')}) ORDER BY 1"
    ):
        field = FIELDS[how]
        plan.findings.fault(
            n, plan.title(field), dict(zip(FIELDS, key, strict=True))[how],
            "Give this child a user of their own: this one is an adult’s, or another child’s.",
            "user-not-childs", pupil_id=pupil_id,
        )  # fmt: skip
    whose = "COALESCE(p.user_id, -p.root)"
    found = bulk.select(
        f"SELECT {whose}, r.n, r.child, h.pupil_id FROM plan_row r JOIN plan_hit h ON h.n = r.n"
        f" JOIN plan_person p ON p.n = r.n WHERE {whose} IN (SELECT {whose} FROM plan_hit h"
        f" JOIN plan_person p ON p.n = h.n GROUP BY {whose}"
        " HAVING min(h.pupil_id) <> max(h.pupil_id)) ORDER BY 2"
    )
    rows: dict[int, list[int]] = {}
    for user, n, _, _ in found:
        rows.setdefault(user, []).append(n)
    for user, n, child, pupil_id in found:
        plan.findings.fault(
            n, plan.mapping.headings[plan.child_place], child,
            f"Give each child a user of their own: row {other_rows(rows[user], n)} has the same"
            " user, for another child.", "user-of-two-children", pupil_id=pupil_id,
            place=plan.child_place,
        )  # fmt: skip
