"""The pages of a preview, from what a check kept: they are scope after and before (NEW1, S33)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import decisions, gains, shown
from schoolgate.intake.models import ImportRow, Outcome, Proposal, State
from schoolgate.intake.unseen import NOBODY
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from tests import factories
from tests.intake.desk import child, person, row_of, upn_of
from tests.intake.test_answers import checked
from tests.intake.test_preview import seed_of, seen
from tests.intake.test_shown import ask, show
from tests.intake.worlds import BY_FILE, a_world

if TYPE_CHECKING:
    from schoolgate.intake.gain_lines import Child, ChildLine, Person, PersonLine
    from schoolgate.intake.models import Import
    from tests.cast import Cast
    from tests.intake.worlds import Pairs


def all_people(run: Import, reader: int, limit: int = 2) -> list[PersonLine]:
    found: list[PersonLine] = []
    after = 0
    while True:
        page = gains.people_who_gain(run.pk, reader=reader, after=after, limit=limit)
        found += page.people
        if page.following is None:
            return found
        assert page.following > after
        after = page.following


def all_children(run: Import, reader: int, limit: int = 2) -> list[ChildLine]:
    found: list[ChildLine] = []
    after = 0
    while True:
        page = gains.children_gained(run.pk, reader=reader, after=after, limit=limit)
        found += page.children
        if page.following is None:
            return found
        assert page.following > after
        after = page.following


def told_by_person(run: Import, reader: int) -> tuple[Pairs, Pairs]:
    """Gained and lost, as the people's pages tell; each count is held against its list."""
    gained: Pairs = set()
    lost: Pairs = set()
    for line in all_people(run, reader):
        if line.everything:
            continue
        mine: list[Child] = []
        after = 0
        while True:
            page = gains.children_of_person(
                run.pk, reader=reader, person=line.key, after=after, limit=2
            )
            mine += page.children
            if page.following is None:
                break
            after = page.following
        assert len(mine) == line.gained + line.lost
        # A page has the first of those gained and the first of those lost.
        shown_first = sorted((c for c in mine if c in line.children), key=lambda c: not c.gained)
        assert line.children == shown_first
        gained |= {(line.label, c.name) for c in mine if c.gained}
        lost |= {(line.label, c.name) for c in mine if not c.gained}
    return gained, lost


def told_by_child(run: Import, reader: int) -> tuple[Pairs, Pairs]:
    """The same, as the children's pages tell."""
    gained: Pairs = set()
    lost: Pairs = set()
    for line in all_children(run, reader):
        theirs: list[Person] = []
        after = 0
        while True:
            page = gains.people_of_child(
                run.pk, reader=reader, child=line.key, after=after, limit=2
            )
            theirs += page.people
            if page.following is None:
                break
            after = page.following
        assert len(theirs) == line.gained + line.lost
        gained |= {(p.label, line.label) for p in theirs if p.gained}
        lost |= {(p.label, line.label) for p in theirs if not p.gained}
    return gained, lost


@pytest.mark.parametrize("number", range(6))
def test_the_pages_tell_what_scope_says_before_and_after(db: None, number: int) -> None:
    world = a_world(seed_of(number))
    root = User.objects.get(first_name="Root")
    told = 0
    for _ in range(4):
        role = world.rng.choice(BY_FILE)
        for kind in ("users", "pupils"):
            rows = world.user_file(role) if kind == "users" else world.pupil_file()
            run = show(rows, kind, by=SYSTEM, role=role.code, yes=world.rng.random() < 0.5)
            by_person = told_by_person(run, root.pk)
            by_child = told_by_child(run, root.pk)
            whole = {p.label: p.gained for p in all_people(run, root.pk) if p.everything}
            children = {c.label: c for c in all_children(run, root.pk)}
            before, there = seen(), set(map(str, Pupil.objects.filter(gone_at=None)))

            if run.summary["refused"] < run.summary["rows"]:
                ask(run, by=SYSTEM)
                assert run.state == State.DONE

            after = seen()
            wide = {user for user, _ in after if is_wide(user)}
            gained = {pair for pair in after - before if pair[0] not in wide}
            assert by_person == by_child == (gained, before - after), (kind, role.name)
            new = set(map(str, Pupil.objects.filter(gone_at=None))) - there
            assert {name for name, line in children.items() if line.everybody} == new
            if kind == "users":
                assert whole == {
                    user: sum(pair[0] == user for pair in after - before) for user in whole
                }
                assert {user for user, _ in after - before} <= {
                    *whole,
                    *(user for user, _ in gained),
                }
            told += len(gained)
    assert told or number


def is_wide(name: str) -> bool:
    """Whether a user sees every child, but for restrictions."""
    first, last = name.split()
    today = timezone.localdate()
    holds = Grant.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=today), starts_on__lte=today, ended_at=None,
        role__in=["la_user", "la_super_user"], establishment=None, pupil=None,
        user__first_name=first, user__last_name=last,
    )  # fmt: skip
    return holds.exists()


def test_what_the_file_gives_is_told_in_words(cast: Cast) -> None:
    rows = [
        person(first="A", email="a@x.example", urn="100001"),
        person(first="B", email="b@x.example", urn="0"),
    ]
    run = show(rows, "users", by=cast.as_ada, role="designated_teacher")
    people = all_people(run, cast.ada.pk)
    assert [(p.row, p.label, p.is_new, p.places, p.gained) for p in people] == [
        (2, "A Day", True, ["Designated Teacher at Abbey Primary School"], 1),
        (3, "B Day", True, ["Designated Teacher, school not known yet"], 0),
    ]
    assert [(c.name, c.pupil_id) for c in people[0].children] == [(str(cast.amira), cast.amira.pk)]

    linked = person(email="c@x.example", upns=[upn_of(cast.amira), upn_of(cast.ben)])
    run = show([linked], "users", by=cast.as_ada, role="social_worker")
    assert all_people(run, cast.ada.pk)[0].places == ["Social Worker: 2 children linked"]
    run = show([linked], "users", by=cast.as_ada, role="la_user")
    (whole,) = all_people(run, cast.ada.pk)
    assert whole.places == ["LA User", "LA User: 2 children assigned first"]
    assert (whole.everything, whole.gained) == (True, Pupil.objects.count())
    page = gains.children_gained(run.pk, reader=cast.ada.pk)
    assert (page.children, page.everything) == ([], 1)


def test_s35_a_child_kept_from_the_reader_is_counted_and_not_named(cast: Cast) -> None:
    rows = [person(first="New", upns=[upn_of(cast.amira), upn_of(cast.ben)])]
    users = show(rows, "users", by=cast.as_ada, role="social_worker")
    pupils = show([row_of(cast.amira, urn="100002")], "pupils", by=cast.as_ada)
    factories.restriction(cast.ada, cast.amira)

    (line,) = all_people(users, cast.ada.pk)
    assert (line.gained, [c.name for c in line.children]) == (2, [str(cast.ben), NOBODY])
    assert line.children[1].pupil_id is None
    theirs = gains.children_of_person(users.pk, reader=cast.ada.pk, person=line.key)
    assert ([c.name for c in theirs.children], theirs.unseen) == ([str(cast.ben)], 1)
    page = gains.children_gained(users.pk, reader=cast.ada.pk)
    assert ([c.label for c in page.children], page.unseen) == ([str(cast.ben)], 1)
    with pytest.raises(Refusal):
        gains.people_of_child(users.pk, reader=cast.ada.pk, child=cast.amira.pk)

    page = gains.children_gained(pupils.pk, reader=cast.ada.pk)
    assert (page.children, page.unseen) == ([], 1)
    moved = all_people(pupils, cast.ada.pk)
    assert {name for p in moved for name in [c.name for c in p.children]} == {NOBODY}
    for key in (2, 3, cast.amira.pk):
        with pytest.raises(Refusal):
            gains.people_of_child(pupils.pk, reader=cast.ada.pk, child=key)


def test_a_page_takes_as_many_statements_for_one_as_for_many(cast: Cast) -> None:
    def statements(count: int) -> list[int]:
        people = [
            person(first=f"P{n}", email=f"p{n}@x.example", urn="100001") for n in range(count)
        ]
        children = [
            child(first=f"C{n}", last=f"Of{n}", sync_key=f"K{n}", urn="100001", since="2025-01-01")
            for n in range(count)
        ]
        counts = []
        for run in (
            show(people, "users", by=cast.as_ada, role="designated_teacher"),
            show(children, "pupils", by=cast.as_ada),
        ):
            for page in (gains.people_who_gain, gains.children_gained):
                with CaptureQueriesContext(connection) as seen_queries:
                    page(run.pk, reader=cast.ada.pk)
                counts.append(len(seen_queries))
            with CaptureQueriesContext(connection) as seen_queries:
                shown.rows_with_outcome(run.pk, "created", reader=cast.ada.pk)
            counts.append(len(seen_queries))
        return counts

    assert statements(1) == statements(3) == statements(40)
    assert max(statements(1)) < 20


def test_the_rows_are_told_by_outcome_and_are_all_there_are(cast: Cast) -> None:
    rows = [
        person(first="New", email="new@x.example", urn="100001"),
        person(first="Noor", last="Rahman", email="noor@example.org", urn="100001"),
        person(first="Dora", last="Teague", email=cast.dora.email or "", urn="100001"),
        person(email="bad", urn="100001"),
    ]
    run = show(rows, "users", by=cast.as_ada, role="designated_teacher")

    def told() -> list[tuple[int, str, int | None]]:
        lines = [
            line
            for outcome in Outcome.values
            for line in shown.rows_with_outcome(run.pk, outcome, reader=cast.ada.pk)
        ]
        return [(line.row, line.outcome, line.user_id) for line in lines]

    assert told() == [
        (2, "created", None), (3, "updated", cast.noor.pk), (4, "unchanged", cast.dora.pk),
        (5, "refused", None),
    ]  # fmt: skip
    assert [
        line.row for line in shown.rows_with_outcome(run.pk, "refused", reader=cast.ada.pk, after=5)
    ] == []
    ask(run, by=cast.as_ada)
    made = User.objects.get(email="new@x.example")
    assert told()[0] == (2, "created", made.pk)
    # What would be given has been given: only what the report needs is left.
    assert not Proposal.objects.exists()


def test_what_is_checked_again_is_told_anew(cast: Cast) -> None:
    rows = [person(first="New", email="bad", urn="100001")]
    run = show(rows, "users", by=cast.as_ada, role="designated_teacher")
    assert all_people(run, cast.ada.pk) == []
    email = list(rows[0]).index("Email")

    for value, gaining in (("new@x.example", ["New"]), ("bad", [])):
        decisions.mend(run.pk, by=cast.as_ada, cells={(2, email): value})
        checked(run)
        outcome = "created" if gaining else "refused"
        lines = shown.rows_with_outcome(run.pk, outcome, reader=cast.ada.pk)
        assert [line.row for line in lines] == [2]
        assert [p.label.split()[0] for p in all_people(run, cast.ada.pk)] == gaining
        assert bool(all_children(run, cast.ada.pk)) is bool(gaining)


@pytest.mark.parametrize("number", range(3))
def test_s44_the_rows_kept_are_the_counts_of_the_summary(db: None, number: int) -> None:
    world = a_world(seed_of(number))
    for _ in range(4):
        role = world.rng.choice(BY_FILE)
        for kind in ("users", "pupils"):
            rows = world.user_file(role) if kind == "users" else world.pupil_file()
            run = show(rows, kind, by=SYSTEM, role=role.code)
            kept = {
                outcome: ImportRow.objects.filter(run=run, outcome=outcome).count()
                for outcome in Outcome.values
            }
            assert kept == {outcome: run.summary[outcome] for outcome in Outcome.values}
            assert sum(kept.values()) == run.summary["rows"] == len(rows)
            if world.rng.random() < 0.5 and kept["refused"] < run.summary["rows"]:
                ask(run, by=SYSTEM)


def test_kept_rows_of_registers(cast: Cast) -> None:
    schools = [
        {"URN": "100001", "EstablishmentName": "Abbey Primary School"},
        {"URN": "100009", "EstablishmentName": "New"},
        {"URN": "x", "EstablishmentName": "Bad"},
    ]
    links = [
        {"URN": "100001", "LinkURN": "100009", "LinkType": "Successor"},
        {"URN": "100001", "LinkURN": "100009", "LinkType": "Successor"},
        {"URN": "y", "LinkURN": "100009", "LinkType": "Successor"},
    ]
    for kind, rows in (("establishments", schools), ("links", links)):
        run = show(rows, kind, by=cast.as_ada)  # type: ignore[arg-type]
        outcomes = ImportRow.objects.filter(run=run).order_by("row")
        assert sorted(outcomes.values_list("outcome", flat=True)) == [
            "created", "refused", "unchanged",
        ], kind  # fmt: skip
        assert gains.people_who_gain(run.pk, reader=cast.ada.pk).people == []
        assert gains.children_gained(run.pk, reader=cast.ada.pk).children == []
