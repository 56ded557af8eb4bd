"""What a person is asked about the rows of a file of parents, before anybody is taken for somebody
who is here, or comes back to a child (NEW4, NEW5, ITS5, ITS7, ITS10)."""

from typing import TYPE_CHECKING, Any

from schoolgate.access import barred, relations
from schoolgate.intake import matching, user_findings
from schoolgate.intake.parent_matching import BY_EMAIL, BY_SYNC, BY_USERNAME, FIELDS
from schoolgate.kit import bulk
from schoolgate.kit.dates import day_of, in_words
from schoolgate.kit.names import names_differ_clearly

if TYPE_CHECKING:
    from schoolgate.intake.plan_parents import ParentsPlan

_KEY = "r.sync, r.username, r.email"
_SHARED = f"(u.how = '{BY_EMAIL}' AND substr(r.ident, 1, 1) <> '{BY_EMAIL}')"
_ROWS = "plan_row r JOIN plan_user u ON u.n = r.n JOIN people_user p ON p.id = u.user_id"


def find(plan: "ParentsPlan") -> None:
    """All of them; none stops the rest."""
    shared_addresses(plan)
    names_that_differ(plan)
    other_sync_ids(plan)
    inactive_users(plan)
    deleted_users(plan)
    staff(plan)
    other_contacts(plan)
    user_findings.lookalikes(plan)
    removed_links(plan)
    if plan.of_children:
        names_on_the_register(plan)
    barred_namesakes(plan)
    other_relationships(plan)


def _cell(plan: "ParentsPlan", how: str, cells: list[str]) -> tuple[str, str]:
    """The heading and the value of what a row is known by (``cells``: those of ``_KEY``)."""
    value = dict(zip(FIELDS, cells, strict=True))[how]
    return plan.title(FIELDS[how]), value


# Who it is


def shared_addresses(plan: "ParentsPlan") -> None:
    """The address of somebody else, on record or in the file (ITS10)."""
    names = "r.first_name, r.last_name, {0}.first_name, {0}.last_name"
    found = bulk.select(
        f"SELECT r.n, r.email, {names.format('p')}, 0 FROM {_ROWS} WHERE {_SHARED} UNION ALL"
        f" SELECT r.n, r.email, {names.format('f')}, f.n FROM plan_row r JOIN plan_ident i"
        " ON i.ident = r.ident JOIN plan_row f ON f.n = i.via"
        " WHERE i.user_id IS NULL OR i.how <> 'e' ORDER BY 1"
    )
    found += _by_address_alone()
    for n, email, name, last, other, other_last, row in found:
        where = f" of row {row}" if row else ""
        plan.findings.ask(
            n, plan.title("email"), email,
            f"Say whether {name} {last} is the same person as {other} {other_last}{where}, who has"
            " this address. If so, they are one user and the stored name stays; if not, take the"
            " address out and give a user name: a letter goes to them.", "same-address",
        )  # fmt: skip


def _by_address_alone() -> list[tuple[Any, ...]]:
    """Rows that are known by an address alone, with another first name than whoever has it: a
    household often has one address and one last name, and neither makes two adults one (ITS10).

    Other last names are for ``names_that_differ`` but among rows that have only the address.
    """
    names = "r.first_name, r.last_name, {0}.first_name, {0}.last_name, {1}, r.first_key,"
    names += " {0}.first_key"
    alone = f"substr(r.ident, 1, 1) = '{BY_EMAIL}' AND r.first_key <> {{0}}.first_key"
    compared = bulk.select(
        f"SELECT r.n, r.email, {names.format('p', 0)} FROM {_ROWS} WHERE {alone.format('p')}"
        f" AND r.last_key = p.last_key UNION ALL SELECT r.n, r.email, {names.format('f', 'f.n')}"
        " FROM plan_row r JOIN plan_ident i ON i.ident = r.ident JOIN plan_row f ON f.n = i.root"
        f" WHERE {alone.format('f')} AND i.user_id IS NULL AND i.via IS NULL"
        " AND (r.last_key = f.last_key OR i.root = i.first) ORDER BY 1"
    )
    return [
        tuple(row) for *row, first, other in compared if names_differ_clearly(first, "", other, "-")
    ]


def names_that_differ(plan: "ParentsPlan") -> None:
    """Somebody known by their SyncID, user name or address, whose name clearly differs (NEW4)."""
    names = "r.first_name, r.last_name, {0}.first_name, {0}.last_name, r.first_key, r.last_key"
    keys = "{0}.first_key, {0}.last_key"
    on_record = bulk.select(
        f"SELECT r.n, u.how, 0, {_KEY}, {names.format('p')}, {keys.format('p')} FROM {_ROWS}"
        f" WHERE r.last_key <> p.last_key AND NOT {_SHARED} ORDER BY 1"
    )
    in_file = bulk.select(
        f"SELECT r.n, substr(r.ident, 1, 1), f.n, {_KEY}, {names.format('f')}, {keys.format('f')}"
        " FROM plan_row r JOIN plan_ident i ON i.ident = r.ident JOIN plan_row f ON f.n = i.root"
        " WHERE i.user_id IS NULL AND i.via IS NULL AND i.root <> i.first"
        " AND r.last_key <> f.last_key ORDER BY 1"
    )
    for n, how, row, *cells in on_record + in_file:
        key, (first, last, other, other_last), compared = cells[:3], cells[3:7], cells[7:]
        if not names_differ_clearly(*compared):
            continue
        heading, value = _cell(plan, how, key)
        what = {BY_SYNC: "SyncID", BY_USERNAME: "user name", BY_EMAIL: "address"}[how]
        where = f" of row {row}" if row else ""
        plan.findings.ask(
            n, heading, value,
            f"Say whether {first} {last} is the same person as {other} {other_last}{where}, who has"
            f" this {what}: the names differ. If so, the stored name stays.", "name-differs",
        )  # fmt: skip


def other_sync_ids(plan: "ParentsPlan") -> None:
    """A SyncID that is new, with the user name of somebody who has another one."""
    for n, sync, username, first, last in bulk.select(
        f"SELECT r.n, r.sync, r.username, p.first_name, p.last_name FROM {_ROWS}"
        f" WHERE u.how = '{BY_USERNAME}' AND r.sync_key <> '' AND EXISTS (SELECT 1 FROM"
        " people_syncid s WHERE s.user_id = u.user_id AND s.ended_at IS NULL) ORDER BY 1"
    ):
        plan.findings.ask(
            n, plan.title("sync"), sync,
            f"Say whether this is {first} {last}, who has the user name “{username}” and another"
            " SyncID. If so, they have both from now on.", "other-sync-id",
        )  # fmt: skip


def inactive_users(plan: "ParentsPlan") -> None:
    """A file lets nobody in again whom a person has made inactive."""
    for n, how, *key in bulk.select(
        "SELECT r.n, u.how, r.sync, r.username, r.email FROM plan_row r JOIN plan_user u"
        f" ON u.n = r.n WHERE u.user_id IN ({relations.inactive()}) ORDER BY 1"
    ):
        plan.findings.ask(
            n, *_cell(plan, how, key),
            "Reactivate this user on their page first, or take the row out: somebody has made them"
            " inactive.", "inactive-user", settles=False,
        )  # fmt: skip


def deleted_users(plan: "ParentsPlan") -> None:
    """A user whom a person deleted does not come back by a file."""
    ways = {
        BY_SYNC: "JOIN people_syncid s ON s.value_key = r.sync_key AND r.sync_key <> ''"
        " JOIN people_user p ON p.id = s.user_id",
        BY_USERNAME: "JOIN people_user p ON p.username_key = r.username_key",
        BY_EMAIL: "JOIN people_user p ON p.email_key = r.email_key",
    }
    told: set[int] = set()
    for how, join in ways.items():
        for n, *key in bulk.select(
            f"SELECT DISTINCT r.n, {_KEY} FROM plan_row r {join}"
            " WHERE p.gone_at IS NOT NULL AND p.gone_how = 'removed'"
            " AND NOT EXISTS (SELECT 1 FROM plan_user u WHERE u.n = r.n) ORDER BY 1"
        ):
            if n in told:
                continue
            told.add(n)
            plan.findings.ask(
                n, *_cell(plan, how, key),
                "Add this person by hand if they are to come back, or take the row out: somebody"
                " has deleted the user who had this.", "deleted-user", settles=False,
            )  # fmt: skip


def staff(plan: "ParentsPlan") -> None:
    """Somebody who works here, where the file says parent (NEW4)."""
    holds = matching.holding("g", plan.today)
    licence = relations.is_licence("g.role")
    held = f"SELECT 1 FROM access_grant g WHERE g.user_id = u.user_id AND {holds}"
    for n, how, first, last, *key in bulk.select(
        f"SELECT r.n, u.how, p.first_name, p.last_name, {_KEY} FROM {_ROWS}"
        f" WHERE (EXISTS ({held} AND NOT {licence}) OR EXISTS (SELECT 1 FROM people_staffrecord s"
        " WHERE s.user_id = u.user_id AND s.ended_at IS NULL))"
        f" AND NOT EXISTS ({held} AND g.role = '{plan.role.code}') ORDER BY 1"
    ):
        plan.findings.ask(
            n, *_cell(plan, how, key),
            f"Say whether {first} {last}, who works here, is this child’s {plan.role.name} too. If"
            " so, they are linked to the child besides what they have.", "staff-as-parent",
        )  # fmt: skip


# What differs from what is stored


def other_contacts(plan: "ParentsPlan") -> None:
    """Another address, phone or user name than is stored, or than an earlier row has: never
    overwritten by a file."""
    # What was theirs before a person made them one with somebody is no other one.
    theirs = (
        "AND NOT EXISTS (SELECT 1 FROM plan_merged m WHERE m.user_id = u.user_id AND m.{0} = r.{0})"
    )
    for field, column, code, what in (
        ("email", "email_key", "other-email", "address"),
        ("phone", "phone", "other-phone", "phone number"),
        ("username", "username_key", "other-username", "user name"),
    ):
        merged = "" if field == "phone" else theirs.format(column)
        on_record = bulk.select(
            f"SELECT r.n, r.{field}, p.{field}, 0 FROM {_ROWS} WHERE r.{column} <> ''"
            f" AND p.{column} <> '' AND r.{column} <> p.{column} {merged} ORDER BY 1"
        )
        # Two user names of one SyncID are two people's, which is a fault.
        in_file = [] if field == "username" else _other_than_before(field, column)
        for n, value, known, row in on_record + in_file:
            has = f"row {row} has" if row else "they have"
            plan.findings.ask(
                n, plan.title(field), value,
                f"Say whether to go on with “{known}”, the {what} that {has}; otherwise change it"
                " on their page. A file never changes it.", code,
            )  # fmt: skip
    for n, email in bulk.select(
        f"SELECT r.n, r.email FROM {_ROWS} WHERE r.email_key <> '' AND p.email_key IS NULL"
        f" {theirs.format('email_key')} ORDER BY 1"
    ):
        plan.findings.ask(
            n, plan.title("email"), email,
            "Say whether to go on without this address, and enter it on their page: a file gives"
            " none to somebody who is here already.", "new-email",
        )  # fmt: skip

    for n, username in bulk.select(
        f"SELECT r.n, r.username FROM {_ROWS} WHERE r.username_key <> '' AND p.username_key IS NULL"
        f" {theirs.format('username_key')} ORDER BY 1"
    ):
        plan.findings.warn(
            n, plan.title("username"), username,
            "Enter this user name on their page if they are to have it: a file gives none to"
            " somebody who is here already.", "new-username",
        )  # fmt: skip


def _other_than_before(field: str, column: str) -> list[tuple[Any, ...]]:
    """Rows of people who would be made, with another value than their first row that has one: the
    number of the row and its value, the value of the first one and its number."""
    first = (
        "SELECT w.root, min(w.n) AS n FROM plan_person w JOIN plan_row t ON t.n = w.n"
        f" WHERE t.{column} <> '' AND w.user_id IS NULL AND w.root IN"
        " (SELECT root FROM plan_person WHERE n <> root) GROUP BY w.root"
    )
    return bulk.select(
        f"SELECT r.n, r.{field}, f.{field}, f.n FROM plan_row r JOIN plan_person p ON p.n = r.n"
        f" JOIN ({first}) b ON b.root = p.root JOIN plan_row f ON f.n = b.n"
        f" WHERE p.user_id IS NULL AND r.{column} <> '' AND r.{column} <> f.{column} ORDER BY 1"
    )


def other_relationships(plan: "ParentsPlan") -> None:
    """A link that is there already keeps what it says of the relationship."""
    for n, value, known, pupil_id in bulk.select(
        "SELECT r.n, r.relationship, COALESCE(a.relationship, ''), a.pupil_id FROM plan_row r"
        " JOIN plan_user u ON u.n = r.n JOIN plan_hit h ON h.n = r.n JOIN access_grant a"
        f" ON a.user_id = u.user_id AND a.pupil_id = h.pupil_id AND a.role = '{plan.role.code}'"
        f" AND {matching.holding('a', plan.today)} WHERE r.relationship <> ''"
        " AND COALESCE(a.relationship, '') <> r.relationship ORDER BY 1"
    ):
        says = f"says “{known}”" if known else "says nothing of it"
        plan.findings.warn(
            n, plan.title("relationship"), value,
            f"Change the relationship on the child’s page if it is another: the link is there"
            f" already, {says}, and stays as it is.", "other-relationship", pupil_id=pupil_id,
        )  # fmt: skip


# The child


def removed_links(plan: "ParentsPlan") -> None:
    """A link that a person has removed does not come back by itself (ITS7)."""
    heading = plan.mapping.headings[plan.child_place]
    for n, child, pupil_id, at, first, last in bulk.select(
        "SELECT r.n, r.child, h.pupil_id, g.ended_at, w.first_name, w.last_name FROM plan_row r"
        " JOIN plan_user u ON u.n = r.n JOIN plan_hit h ON h.n = r.n JOIN access_grant g"
        f" ON g.user_id = u.user_id AND g.pupil_id = h.pupil_id AND g.role = '{plan.role.code}'"
        " AND g.ended_how = 'removed' LEFT JOIN people_user w ON w.id = g.ended_by_id"
        f" WHERE NOT EXISTS ({plan.live_link('u.user_id', 'h.pupil_id')})"
        " AND NOT EXISTS (SELECT 1 FROM access_grant l WHERE l.user_id = g.user_id"
        " AND l.role = g.role AND l.pupil_id = g.pupil_id AND l.id > g.id"
        " AND l.ended_how <> 'undone') ORDER BY 1, g.id"
    ):
        who = f"{first} {last}" if first or last else "somebody"
        plan.findings.ask(
            n, heading, child,
            f"Say whether to restore the link to this child, or take the row out: {who} removed it"
            f" on {in_words(day_of(bulk.moment(at)))}.", "removed-before", pupil_id=pupil_id,
            place=plan.child_place,
        )  # fmt: skip


def barred_namesakes(plan: "ParentsPlan") -> None:
    """Another account for a child, with the name of an adult who is kept from that child."""
    heading = plan.mapping.headings[plan.child_place]
    told: set[int] = set()
    for n, child, pupil_id, first, last, name, surname, *other in bulk.select(
        "SELECT r.n, r.child, h.pupil_id, r.first_key, r.last_key,"
        " COALESCE(p.first_key, f.first_key), COALESCE(p.last_key, f.last_key), b.first_key,"
        " b.last_key FROM plan_row r"
        f" JOIN plan_hit h ON h.n = r.n JOIN ({barred.adults()}) b ON b.pupil_id = h.pupil_id"
        " JOIN plan_person w ON w.n = r.n JOIN plan_row f ON f.n = w.root"
        " LEFT JOIN people_user p ON p.id = w.user_id"
        " WHERE b.user_id <> COALESCE(w.user_id, 0)"
        f" AND NOT EXISTS ({plan.live_link('w.user_id', 'h.pupil_id')}) ORDER BY 1"
    ):
        # The name of this row, and that which the user has or is given.
        alike = [
            barred.names_are_alike(*one, other[0], other[1])
            for one in ((first, last), (name, surname))
        ]
        if n in told or not any(alike):
            continue
        told.add(n)
        plan.findings.ask(
            n, heading, child,
            "Find out who this is before you say yes: an adult with this name is kept from this"
            " child, by a restriction or by being made inactive or deleted, and has another"
            " account. Only a person answers this.", "barred-namesake", pupil_id=pupil_id,
            place=plan.child_place,
        )  # fmt: skip


def names_on_the_register(plan: "ParentsPlan") -> None:
    """A child who is to be a user, whose name clearly differs from that on the register."""
    for n, child, pupil_id, first, last, shown, shown_last, *known in bulk.select(
        "SELECT r.n, r.child, p.id, r.first_key, r.last_key, p.first_name, p.last_name,"
        " p.first_key, p.last_key FROM plan_row r JOIN plan_hit h ON h.n = r.n"
        " JOIN schools_pupil p ON p.id = h.pupil_id WHERE r.last_key <> p.last_key ORDER BY 1"
    ):
        if names_differ_clearly(first, last, *known):
            plan.findings.ask(
                n, plan.mapping.headings[plan.child_place], child,
                f"Say whether this is {shown} {shown_last}, who has this identifier on the"
                " register: the names differ.", "pupil-name-differs", pupil_id=pupil_id,
                place=plan.child_place,
            )  # fmt: skip
