"""What is wrong, or to be asked, about the rows of a user file: one small piece for each."""

from typing import TYPE_CHECKING, Any

from schoolgate.access import relations
from schoolgate.access.roles import Over, Role
from schoolgate.intake import checks, matching, user_subjects
from schoolgate.intake.findings import other_rows
from schoolgate.intake.successors import successors
from schoolgate.kit import bulk
from schoolgate.kit.names import email_key, listed, names_differ_clearly
from schoolgate.people.queries import merged_from

if TYPE_CHECKING:
    from schoolgate.intake.plan import Plan
    from schoolgate.intake.plan_users import UsersPlan

_AT_SCHOOL = (Over.ESTABLISHMENT, Over.SUBJECT_AREA)


def find(plan: "UsersPlan", role: Role) -> None:
    """All of them; none stops the rest."""
    one_address_twice(plan)
    names_that_differ(plan)
    inactive_users(plan, role)
    deleted_users(plan)
    merged_users(plan)
    lookalikes(plan)
    unknown_schools(plan)
    closed_schools(plan, role)
    unknown_pupils(plan)
    pupils_with_odd_numbers(plan)
    if plan.leads:
        user_subjects.unknown_subjects(plan)
    if role.follows_register:
        pupils_elsewhere(plan)
    removed_before(plan, role)


def one_address_twice(plan: "UsersPlan") -> None:
    """One e-mail in two rows of a user file is a fault, named in both."""
    found = bulk.select(
        "SELECT r.email_key, r.n, r.email FROM plan_row r WHERE r.email_key IN (SELECT email_key"
        " FROM plan_row WHERE email_key <> '' GROUP BY email_key HAVING count(*) > 1) ORDER BY 2"
    )
    rows: dict[str, list[int]] = {}
    for key, n, _ in found:
        rows.setdefault(key, []).append(n)
    for key, n, email in found:
        plan.findings.fault(
            n, plan.title("email"), email,
            "Keep one row for each person: this address is also in row"
            f" {other_rows(rows[key], n)}.", "address-twice",
        )  # fmt: skip


def names_that_differ(plan: "UsersPlan") -> None:
    """The address belongs to a user whose name clearly differs (NEW4)."""
    found = bulk.select(
        "SELECT r.n, r.email, r.first_key, r.last_key, r.first_name, r.last_name, p.first_key,"
        " p.last_key, p.first_name, p.last_name FROM plan_row r JOIN plan_user u ON u.n = r.n"
        " JOIN people_user p ON p.id = u.user_id WHERE r.last_key <> p.last_key ORDER BY 1"
    )
    for n, email, first, last, shown, shown_last, p_first, p_last, p_shown, p_shown_last in found:
        if names_differ_clearly(first, last, p_first, p_last):
            plan.findings.ask(
                n, plan.title("email"), email,
                f"Say whether {shown} {shown_last} is the same person as {p_shown}"
                f" {p_shown_last}, who has this address: the names differ. If so, the stored name"
                " stays.", "name-differs",
            )  # fmt: skip


def inactive_users(plan: "UsersPlan", role: Role) -> None:
    """A file lets nobody in again whom a person has made inactive, there or altogether."""
    inactive = relations.inactive()
    for n, email in bulk.select(
        "SELECT r.n, r.email FROM plan_row r JOIN plan_user u ON u.n = r.n"
        f" WHERE u.user_id IN ({inactive}) ORDER BY 1"
    ):
        plan.findings.ask(
            n, plan.title("email"), email,
            "Reactivate this user on their page first, or take the row out: somebody has made them"
            " inactive.", "inactive-user", settles=False,
        )  # fmt: skip
    if role.over not in _AT_SCHOOL:
        return
    for n, urn, name in bulk.select(
        "SELECT s.n, r.urn, e.name FROM plan_school s JOIN plan_user u ON u.n = s.n"
        " JOIN plan_row r ON r.n = s.n JOIN schools_establishment e ON e.id = s.establishment_id"
        " JOIN access_denial d ON d.user_id = u.user_id AND d.ended_at IS NULL"
        f" AND d.establishment_id = e.id WHERE u.user_id NOT IN ({inactive}) ORDER BY 1"
    ):
        plan.findings.ask(
            n, plan.title("urn"), urn,
            f"Reactivate this user at {name} first, or take the row out: somebody has made them"
            " inactive there.", "inactive-user", settles=False,
        )  # fmt: skip


def deleted_users(plan: "UsersPlan") -> None:
    """A user whom a person deleted does not come back by a file."""
    for n, email in bulk.select(
        "SELECT DISTINCT r.n, r.email FROM plan_row r JOIN people_user p ON"
        " p.email_key = r.email_key AND p.gone_at IS NOT NULL AND p.gone_how = 'removed'"
        " WHERE NOT EXISTS (SELECT 1 FROM plan_user u WHERE u.n = r.n) ORDER BY 1"
    ):
        plan.findings.ask(
            n, plan.title("email"), email,
            "Add this person by hand if they are to come back, or take the row out: somebody has"
            " deleted the user with this address.", "deleted-user", settles=False,
        )  # fmt: skip


def merged_users(plan: "UsersPlan") -> None:
    """An address of somebody who was made one with another user makes nobody anew (ITS10)."""
    found = bulk.select(
        "SELECT DISTINCT r.n, r.email FROM plan_row r JOIN people_user p ON"
        " p.email_key = r.email_key AND p.merged_into_id IS NOT NULL"
        " WHERE NOT EXISTS (SELECT 1 FROM plan_user u WHERE u.n = r.n) ORDER BY 1"
    )
    kept = merged_from(email for _, email in found)
    for n, email in found:
        if user := kept.get(email_key(email)):
            plan.findings.ask(
                n, plan.title("email"), email,
                f"Enter {user.get_username()} instead, or take the row out: somebody has merged"
                f" the user with this address with {user}.", "merged-user", settles=False,
            )  # fmt: skip


def lookalikes(plan: "Plan") -> None:
    """An address that only looks like another's is a question, never a match (LAC5)."""
    found = bulk.select(
        "SELECT r.n, r.email, min(p.email), 0 FROM plan_row r JOIN people_user p ON"
        " p.lookalike_key = r.lookalike AND p.gone_at IS NULL AND p.email_key <> r.email_key"
        " WHERE r.email_key <> '' AND NOT EXISTS (SELECT 1 FROM plan_user u WHERE u.n = r.n)"
        " GROUP BY r.n, r.email ORDER BY 1"
    )
    groups = bulk.select(
        "SELECT r.lookalike, r.n, r.email, r.email_key FROM plan_row r WHERE r.lookalike IN"
        " (SELECT lookalike FROM plan_row WHERE email_key <> '' GROUP BY lookalike"
        " HAVING min(email_key) <> max(email_key))"
        " AND NOT EXISTS (SELECT 1 FROM plan_user u WHERE u.n = r.n) ORDER BY 2"
    )
    first: dict[str, tuple[Any, ...]] = {}
    asked = {row[0] for row in found}
    for key, n, email, address in groups:
        earlier = first.setdefault(key, (n, email, address))
        if earlier[2] != address and n not in asked:
            found.append((n, email, earlier[1], earlier[0]))
    for n, email, other, row in found:
        where = f"of row {row}" if row else "of a user"
        plan.findings.ask(
            n, plan.title("email"), email,
            f"Check the letters of this address: it looks like “{other}” {where} but is not the"
            " same. If it is another person's, add them by hand.", "lookalike", settles=False,
        )  # fmt: skip


def unknown_schools(plan: "UsersPlan") -> None:
    """The URN must be on the register of establishments (LAC6)."""
    for n, urn in bulk.select(
        "SELECT r.n, r.urn FROM plan_row r WHERE r.urn NOT IN ('', '0')"
        " AND NOT EXISTS (SELECT 1 FROM plan_school s WHERE s.n = r.n) ORDER BY 1"
    ):
        plan.findings.fault(n, plan.title("urn"), urn, unknown_school(urn), "unknown-school")


def unknown_school(urn: str) -> str:
    """The sentence for a URN that is not on the register."""
    if not checks.is_urn(urn):
        return "Enter the school's URN, a number of five or six digits: this is none."
    return "Enter the URN of a school on the register: this one is not on it."


def closed_schools(plan: "UsersPlan", role: Role) -> None:
    """A closed establishment is a question that names its successor."""
    if role.over in _AT_SCHOOL:
        new = (
            "JOIN plan_want w ON w.n = s.n AND w.establishment_id = s.establishment_id"
            f" AND NOT EXISTS ({matching.live_grant('w', role.code, plan.today)})"
        )
    else:
        new = (
            "LEFT JOIN plan_user u ON u.n = s.n LEFT JOIN people_user p ON p.id = u.user_id"
            " AND p.workplace_id = s.establishment_id"
        )
    only = "" if role.over in _AT_SCHOOL else " AND p.id IS NULL"
    found = bulk.select(
        "SELECT DISTINCT s.n, r.urn, e.name FROM plan_school s JOIN plan_row r ON r.n = s.n"
        f" JOIN schools_establishment e ON e.id = s.establishment_id {new}"
        f" WHERE s.closed = 1{only} ORDER BY 1, 2"
    )
    followed = successors({urn for _, urn, _ in found})
    for n, urn, name in found:
        plan.findings.ask(
            n, plan.title("urn"), urn, closed_school(name, followed[urn]), "closed-school"
        )


def closed_school(name: str, followed_by: list[str]) -> str:
    """The sentence for a closed establishment."""
    if followed_by:
        return (
            f"Enter {listed(followed_by, 'or')} instead, or say that {name} is meant: it is closed."
        )
    return f"Enter the URN of an open school, or say that {name} is meant: it is closed."


def unknown_pupils(plan: "UsersPlan") -> None:
    """A number that is on nobody's record, or on those of two."""
    for n, place, value in bulk.select(
        "SELECT c.n, c.place, c.value FROM plan_cell c WHERE NOT EXISTS (SELECT 1 FROM plan_hit h"
        " WHERE h.n = c.n AND h.place = c.place) ORDER BY 1, 2"
    ):
        problem = "Enter the UPN of a pupil on the register: no pupil has or had this one."
        if checks.spoilt_by_spreadsheet(value):
            problem = (
                "Format the column as text and enter the UPN again: the spreadsheet has rounded it."
            )
        plan.findings.fault(
            n, plan.mapping.headings[place], value, problem, "unknown-pupil",
            place=place,
        )  # fmt: skip
    for n, place, value, pupil_id in bulk.select(
        "SELECT c.n, c.place, c.value, h.pupil_id FROM plan_cell c"
        " JOIN (SELECT n, place, min(pupil_id) AS pupil_id FROM plan_hit"
        " GROUP BY n, place HAVING count(*) > 1) h ON h.n = c.n AND h.place = c.place ORDER BY 1, 2"
    ):
        plan.findings.fault(
            n, plan.mapping.headings[place], value,
            "Link the right pupil by hand: two pupils have or had this number.", "two-pupils",
            pupil_id=pupil_id, place=place,
        )  # fmt: skip


def pupils_with_odd_numbers(plan: "UsersPlan") -> None:
    """A UPN of a wrong form or check letter that is on the register is a warning."""
    for n, place, value, pupil_id in bulk.select(
        "SELECT c.n, c.place, c.value, h.pupil_id FROM plan_cell c JOIN plan_hit h ON h.n = c.n"
        " AND h.place = c.place WHERE h.odd = 1 ORDER BY 1, 2"
    ):
        plan.findings.warn(
            n, plan.mapping.headings[place], value,
            "Check this UPN when you can: a pupil on the register has it, but its form or check"
            " letter is wrong.", "odd-upn", pupil_id=pupil_id, place=place,
        )  # fmt: skip


def pupils_elsewhere(plan: "UsersPlan") -> None:
    """For a designated teacher a UPN adds nothing: a warning there, a fault elsewhere (LAC7)."""
    for n, place, value, there, pupil_id in bulk.select(
        "SELECT c.n, c.place, c.value, max(CASE WHEN e.id IS NULL THEN 0 ELSE 1 END),"
        " min(h.pupil_id)"
        " FROM plan_cell c JOIN plan_hit h ON h.n = c.n AND h.place = c.place"
        " JOIN plan_row r ON r.n = c.n LEFT JOIN plan_school s ON s.n = c.n"
        " LEFT JOIN schools_enrolment e ON e.pupil_id = h.pupil_id"
        f" AND e.establishment_id = s.establishment_id AND {matching.holding('e', plan.today)}"
        " WHERE s.n IS NOT NULL OR r.urn = '0' GROUP BY c.n, c.place, c.value ORDER BY 1, 2"
    ):
        heading = plan.mapping.headings[place]
        if there:
            plan.findings.warn(
                n, heading, value,
                "Nothing to do: the pupils of a designated teacher follow from the register, and"
                " this one is on roll there.", "upn-not-needed", pupil_id=pupil_id, place=place,
            )  # fmt: skip
        else:
            plan.findings.fault(
                n, heading, value,
                "Take this UPN out: the pupil is not on roll at the school of this row, and a"
                " designated teacher is never linked to a pupil elsewhere.", "pupil-elsewhere",
                pupil_id=pupil_id, place=place,
            )  # fmt: skip


def removed_before(plan: "UsersPlan", role: Role) -> None:
    """What a person once removed does not come back by a file without being asked for."""
    found = bulk.select(
        "SELECT w.n, w.place, w.establishment_id, w.pupil_id, a.name FROM plan_want w"
        f" JOIN access_grant g ON g.user_id = w.user_id AND g.role = '{role.code}'"
        f" AND {matching.same_place('g', 'w')} AND g.ended_how = 'removed'"
        " LEFT JOIN schools_subjectarea a ON a.id = w.subject_area_id WHERE w.user_id > 0"
        f" AND NOT EXISTS ({matching.live_grant('w', role.code, plan.today)})"
        " AND NOT EXISTS (SELECT 1 FROM access_grant l WHERE l.user_id = g.user_id"
        f" AND l.role = g.role AND {matching.same_place('l', 'g')} AND l.id > g.id"
        " AND l.ended_how <> 'undone') ORDER BY 1, 2, 5"
    )
    values = _values(plan) if found else {}
    for n, place, establishment_id, pupil_id, subject in found:
        row = values[n]
        if subject:
            heading, value, what = plan.mapping.headings[place], subject, f"the subject {subject}"
        elif pupil_id:
            heading, value = plan.mapping.headings[place], row[place]
            what = "the link to this pupil"
        elif establishment_id:
            heading, value, what = plan.title("urn"), row["urn"], "this school"
        else:
            heading, value, what = plan.title("email"), row["email"], f"the role {role.name}"
        plan.findings.ask(
            n, heading, value,
            f"Say whether to restore it, or take it out: somebody has removed {what} from this"
            " user.", "removed-before", pupil_id=pupil_id,
            place=place if pupil_id or subject else None,
        )  # fmt: skip


def _values(plan: "UsersPlan") -> dict[int, dict[Any, str]]:
    values: dict[int, dict[Any, str]] = {}
    of_removed = "SELECT w.n FROM plan_want w WHERE w.user_id > 0"
    for n, email, urn in bulk.select(
        f"SELECT r.n, r.email, r.urn FROM plan_row r WHERE r.n IN ({of_removed})"
    ):
        values[n] = {"email": email, "urn": urn}
    for n, place, value in bulk.select(
        f"SELECT c.n, c.place, c.value FROM plan_cell c WHERE c.n IN ({of_removed})"
    ):
        values[n][place] = value
    return values
