"""`sees`, `whosees` and `why`: their words to the letter, and the event before them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.families import NewLink, connect
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_USER, PARENT, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event, EventBatch
from schoolgate.kit.records import Ending, Source
from schoolgate.people import actions as people
from schoolgate.schools import actions as schools
from schoolgate.schools.models import IdentifierKind, Pupil, PupilIdentifier
from tests import cast as company
from tests import factories
from tests.jobs.programs import is_a_sentence

if TYPE_CHECKING:
    from schoolgate.people.models import User
    from tests.cast import Cast
    from tests.clock import Clock
    from tests.databases import OwnDatabase
    from tests.jobs.conftest import Command


@pytest.fixture
def cast(own_database: OwnDatabase) -> Cast:
    """The cast, committed to the test's own database."""
    return company.assemble()


def upn_of(pupil: Pupil) -> str:
    return PupilIdentifier.objects.get(pupil=pupil, kind=IdentifierKind.UPN).value


def identify(pupil: Pupil, kind: IdentifierKind, value: str) -> None:
    schools.add_identifiers(
        [schools.NewIdentifier(pupil.pk, kind, value)], by=SYSTEM, source=Source.BY_HAND
    )


def forget_upn(pupil: Pupil) -> None:
    found = PupilIdentifier.objects.filter(pupil=pupil, kind=IdentifierKind.UPN)
    schools.end_records(PupilIdentifier, [i.pk for i in found], how=Ending.REMOVED, by=SYSTEM)


# sees


def test_sees_prints_the_upn_of_each_pupil_by_name(cast: Cast, command: Command) -> None:
    said = command("sees", "theo@brook.example")
    assert (said.status, said.err) == (0, "")
    assert said.lines == [upn_of(cast.amira), upn_of(cast.carys)]


def test_sees_prints_those_assigned_to_an_la_user_first(cast: Cast, command: Command) -> None:
    factories.grant(cast.liam, LA_USER, pupil=cast.dylan)
    factories.grant(cast.liam, LA_USER, pupil=cast.eve, until=timezone.localdate() - timedelta(1))
    factories.grant(cast.liam, SOCIAL_WORKER, pupil=cast.eve)
    said = command("sees", "liam@council.example")
    # Fielding and Price are his; Haddad, Morgan and O’Connor are not.
    expected = [cast.ben, cast.dylan, cast.amira, cast.carys, cast.eve]
    assert said.lines == [upn_of(pupil) for pupil in expected]


def test_sees_prints_the_first_identifier_where_there_is_no_upn(
    cast: Cast, command: Command
) -> None:
    forget_upn(cast.amira)
    identify(cast.amira, IdentifierKind.INTERNAL_ID, "P 12")
    identify(cast.amira, IdentifierKind.USERNAME, "amira")
    assert command("sees", "DORA@abbey.example ").lines == ["P 12"]


def test_sees_prints_nothing_for_somebody_who_sees_nobody(cast: Cast, command: Command) -> None:
    said = command("sees", "noor@example.org")
    assert said == (0, "", "")


def test_sees_on_a_past_day_prints_what_held_then(
    clock: Clock, own_database: OwnDatabase, command: Command
) -> None:
    cast = company.assemble()
    monday = clock.today
    old_upn = upn_of(cast.amira)
    clock.wait(days=2)
    access.revoke(Grant.objects.filter(user=cast.dora).values_list("pk", flat=True), by=cast.as_ada)
    forget_upn(cast.amira)
    identify(cast.amira, IdentifierKind.UPN, "A123456789012")
    assert command("sees", "dora@abbey.example").lines == []
    said = command("sees", "dora@abbey.example", "--on", monday.isoformat())
    assert said.lines == [old_upn]
    assert command("sees", "dora@abbey.example", "--on", f"{monday:%d/%m/%Y}") == said


def test_sees_asks_as_many_queries_for_three_pupils_as_for_one(
    cast: Cast, command: Command
) -> None:
    def queries(*words: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert command(*words).status == 0
        return len(captured)

    assert len(command("sees", "dora@abbey.example").lines) == 1
    one = queries("sees", "dora@abbey.example")
    for number in range(2):
        pupil = factories.pupil(last_name=f"Extra{number}")
        factories.enrolment(pupil, cast.abbey)
        factories.episode(pupil)
    assert len(command("sees", "dora@abbey.example").lines) == 3
    assert queries("sees", "dora@abbey.example") == one


def test_s54_sees_is_one_event_that_names_every_child(cast: Cast, command: Command) -> None:
    before = EventBatch.objects.count()
    command("sees", "theo@brook.example")
    batch = EventBatch.objects.latest("position")
    (event,) = Event.objects.filter(batch_id=batch.pk)
    assert EventBatch.objects.count() == before + 1
    assert (batch.actor, event.verb, event.object_id) == ("command line", "viewed", cast.theo.pk)
    assert event.pupils == f"{cast.amira.pk},{cast.carys.pk}"


@pytest.mark.parametrize(
    "words",
    [("sees", "ada@council.example"), ("whosees", "UPN"), ("why", "ada@council.example", "UPN")],
)
def test_s60_nothing_is_printed_when_the_event_cannot_be_written(
    words: tuple[str, ...], cast: Cast, command: Command
) -> None:
    words = tuple(upn_of(cast.amira) if word == "UPN" else word for word in words)
    assert command(*words).out
    _rename("audit_eventbatch", "audit_elsewhere")
    try:
        said = command(*words)
    finally:
        _rename("audit_elsewhere", "audit_eventbatch")
    assert said.status != 0
    assert said.out == ""
    assert is_a_sentence(said.err)


def _rename(table: str, other: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {other}")


# whosees


def test_whosees_prints_a_line_a_grant(cast: Cast, command: Command) -> None:
    schools.name_organisation(name="Northshire", by=SYSTEM)
    factories.grant(cast.dora, SOCIAL_WORKER, pupil=cast.amira)
    since = (timezone.localdate() - factories.LONG_AGO).isoformat()
    said = command("whosees", upn_of(cast.amira))
    assert (said.status, said.err) == (0, "")
    assert sorted(said.lines) == sorted(
        "\t".join(cells)
        for cells in (
            ("ada@council.example", "LA Super User", "Northshire", since),
            ("liam@council.example", "LA User", "Northshire", since),
            ("sara@council.example", "Social Worker", "this pupil", since),
            (
                "dora@abbey.example",
                "Designated Teacher",
                "Abbey Primary School (URN 100001)",
                since,
            ),
            ("dora@abbey.example", "Social Worker", "this pupil", since),
            (
                "theo@brook.example",
                "Designated Teacher",
                "Abbey Primary School (URN 100001)",
                since,
            ),
        )
    )


def test_whosees_names_an_organisation_without_a_name(cast: Cast, command: Command) -> None:
    said = command("whosees", upn_of(cast.ben))
    assert [line.split("\t")[2] for line in said.lines] == ["the organisation"] * 2


def test_whosees_keeps_a_line_a_record_whatever_the_name_holds(
    cast: Cast, command: Command
) -> None:
    place = factories.establishment(name="Cedar\tPrimary\nSchool", urn="200001")
    factories.enrolment(cast.eve, place)
    factories.grant(cast.dora, DESIGNATED_TEACHER, school=place)
    said = command("whosees", upn_of(cast.eve))
    assert all(len(line.split("\t")) == 4 for line in said.lines)
    assert any("Cedar Primary School (URN 200001)" in line for line in said.lines)


def test_whosees_prints_a_username_where_there_is_no_address(cast: Cast, command: Command) -> None:
    new = people.NewUser("", "kay", "Kay", "Bell")
    (kay,) = people.create_users([new], by=SYSTEM, source=Source.BY_HAND)
    grant = access.NewGrant(kay, SOCIAL_WORKER.code, None, cast.ben.pk, timezone.localdate())
    access.grant([grant], by=SYSTEM, source=Source.BY_HAND)
    said = command("whosees", upn_of(cast.ben))
    assert f"kay\tSocial Worker\tthis pupil\t{timezone.localdate()}" in said.lines
    assert command("sees", "KAY").lines == [upn_of(cast.ben)]


def test_whosees_on_a_past_day(clock: Clock, own_database: OwnDatabase, command: Command) -> None:
    cast = company.assemble()
    clock.wait(days=3)
    access.deny([cast.theo.pk], by=cast.as_ada)
    upn = upn_of(cast.carys)
    assert not any("theo@" in line for line in command("whosees", upn).lines)
    yesterday = clock.day(-1).isoformat()
    assert any("theo@" in line for line in command("whosees", upn, "--on", yesterday).lines)
    # Before anything was on record nobody saw the child, whatever the grants say of that day.
    assert command("whosees", upn, "--on", clock.day(-30).isoformat()).lines == []


# why


def test_why_says_yes_and_through_what(cast: Cast, command: Command) -> None:
    said = command("why", "theo@brook.example", upn_of(cast.amira))
    assert (said.status, said.err) == (0, "")
    assert said.lines[0].startswith("Yes")
    assert len(said.lines) == 3
    assert "Abbey Primary School (URN 100001)" in said.lines[1]
    assert "not on roll there" in said.lines[2]


def test_why_says_no_and_names_every_obstacle(cast: Cast, command: Command) -> None:
    factories.restriction(cast.sara, cast.amira, reason="Court order of 3 May.")
    access.deny([cast.sara.pk], by=cast.as_ada)
    said = command("why", "sara@council.example", upn_of(cast.amira))
    assert said.status == 0
    assert said.lines[0].startswith("No")
    assert sum(line.startswith("Grant: ") for line in said.lines) == 2
    assert any(
        line.startswith("Restriction: ") and "Court order of 3 May." in line for line in said.lines
    )
    assert said.lines[-1].startswith("Denial: ")


def test_why_names_a_licence_with_the_relationship(cast: Cast, command: Command) -> None:
    hana = factories.user(first_name="Hana", last_name="Haddad", email="hana@example.org")
    link = NewLink(hana.pk, cast.amira.pk, PARENT.code, "Mother", timezone.localdate())
    connect([link], by=cast.as_ada)
    words = ("why", "hana@example.org", upn_of(cast.amira))
    first, grant = command(*words).lines
    assert first.startswith("Yes")
    assert grant.startswith("Grant: Parent/Guardian (Mother), this pupil, since ")
    factories.restriction(hana, cast.amira, reason="Order 12")
    first, _, restriction = command(*words).lines
    assert first.startswith("No")
    assert restriction.startswith("Restriction: since ")


def test_why_answers_for_a_past_day(
    clock: Clock, own_database: OwnDatabase, command: Command
) -> None:
    cast = company.assemble()
    clock.wait(days=1)
    factories.restriction(cast.sara, cast.eve, since=clock.day(-50))
    words = ("why", "sara@council.example", upn_of(cast.eve))
    assert command(*words).lines[0].startswith("No")
    assert command(*words, "--on", clock.day(-1).isoformat()).lines[0].startswith("Yes")


def test_why_for_somebody_without_any_grant(cast: Cast, command: Command) -> None:
    said = command("why", "noor@example.org", upn_of(cast.eve))
    assert said.status == 0
    assert len(said.lines) == 1
    assert said.lines[0].startswith("No")


# Naming a user, a pupil and a day


def test_any_identifier_of_a_pupil_will_do(cast: Cast, command: Command) -> None:
    upn = upn_of(cast.eve)
    for kind, value in (
        (IdentifierKind.FORMER_UPN, "B801200005001"),
        (IdentifierKind.INTERNAL_ID, "ID-7"),
        (IdentifierKind.SYNC_KEY, "key 9"),
        (IdentifierKind.USERNAME, "Eve.OC"),
    ):
        identify(cast.eve, kind, value)
    expected = command("whosees", upn)
    assert expected.lines
    for word in (upn.lower(), " b801200005001", "id-7", "KEY9", "eve.oc"):
        assert command("whosees", word) == expected


@pytest.mark.parametrize(
    "words",
    [
        ("sees", "nobody@example.org"),
        ("sees", ""),
        ("sees", "Ada Osei"),
        ("sees", "\udcff"),
        ("whosees", "B801200005001"),
        ("whosees", ""),
        ("whosees", "Amira"),
        ("why", "nobody@example.org", "B801200005001"),
        ("why", "ada@council.example", "B801200005001"),
        ("sees", "ada@council.example", "--on", "31/02/2026"),
        ("sees", "ada@council.example", "--on", "yesterday"),
        ("sees", "ada@council.example", "--on", ""),
    ],
)
@pytest.mark.usefixtures("cast")
def test_what_fits_nobody_is_status_2_and_a_sentence(
    words: tuple[str, ...], command: Command
) -> None:
    said = command(*words)
    assert (said.status, said.out) == (2, "")
    assert is_a_sentence(said.err)


def test_an_identifier_that_fits_two_pupils_is_status_2(cast: Cast, command: Command) -> None:
    identify(cast.amira, IdentifierKind.SYNC_KEY, "twin")
    identify(cast.ben, IdentifierKind.USERNAME, "TWIN")
    said = command("whosees", "twin")
    assert (said.status, said.out) == (2, "")
    assert "fits 2 pupils" in said.err


def test_a_name_that_fits_two_users_is_status_2(cast: Cast, command: Command) -> None:
    new = people.NewUser("", "ada@council.example", "Other", "Ada")
    people.create_users([new], by=SYSTEM, source=Source.BY_HAND)
    said = command("sees", "ada@council.example")
    assert (said.status, said.out) == (2, "")
    assert "fits 2 users" in said.err


@pytest.mark.usefixtures("cast")
def test_a_day_to_come_is_status_2_and_today_is_now(command: Command) -> None:
    today = timezone.localdate()
    tomorrow = today + timedelta(days=1)
    said = command("sees", "ada@council.example", "--on", tomorrow.isoformat())
    assert (said.status, said.out) == (2, "")
    assert is_a_sentence(said.err)
    on_today = command("sees", "ada@council.example", "--on", today.isoformat())
    assert on_today == command("sees", "ada@council.example")
    assert len(on_today.lines) == 5


def test_someone_removed_is_still_asked_about_on_a_past_day(
    clock: Clock, own_database: OwnDatabase, command: Command
) -> None:
    cast = company.assemble()
    clock.wait(days=5)
    people.remove_users([cast.sara.pk], how=Ending.REMOVED, by=cast.as_ada)
    assert command("sees", "sara@council.example").status == 2
    said = command("sees", "sara@council.example", "--on", clock.day(-1).isoformat())
    assert len(said.lines) == 2


def wide_user(cast: Cast) -> User:
    return factories.grant(cast.noor, LA_USER).user


def test_a_restriction_takes_a_child_out_of_every_answer(cast: Cast, command: Command) -> None:
    user, upn = wide_user(cast), upn_of(cast.carys)
    assert upn in command("sees", user.email).lines
    factories.restriction(user, cast.carys)
    assert upn not in command("sees", user.email).lines
    assert not any(user.email in line for line in command("whosees", upn).lines)
    assert command("why", user.email, upn).lines[0].startswith("No")
