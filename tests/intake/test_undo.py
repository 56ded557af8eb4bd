"""Taking an import back: exactly, but for what others did since (NEW3, S43)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.roles import LA_USER, SOCIAL_WORKER
from schoolgate.audit.queries import verify
from schoolgate.intake.columns import UPN_HEADING, URN_HEADING
from schoolgate.intake.models import Import, Kept
from schoolgate.intake.undo_preview import undo_preview
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.models import Establishment, EstablishmentLink, Pupil
from tests import factories
from tests.intake.desk import (
    APPLIED,
    DT,
    LA,
    SOME_REFUSED,
    SUPER,
    SW,
    WRONG_USAGE,
    Desk,
    Ran,
    child,
    person,
    row_of,
    upn_of,
)
from tests.intake.standing import difference, standing
from tests.intake.test_preview import seed_of, seen
from tests.intake.worlds import BY_FILE, a_world

if TYPE_CHECKING:
    from tests.cast import Cast


def jo() -> User:
    return User.objects.get(email="jo.day@school.example", gone_at=None)


def undone_as_told(desk: Desk, ran: Ran) -> Ran:
    """Undo an import; the page of the undo must have told before what it did and kept."""
    run = Import.objects.get(pk=ran.id)
    there: list[Any] = [m.objects.filter(gone_at=None) for m in (User, Pupil, Establishment)]
    there.append(Grant.objects.filter(import_id=ran.id, ended_at=None))
    before = [found.count() for found in there]
    told = undo_preview(run, limit=1_000)

    undone = desk.undo(ran)

    gone = [was - found.count() for was, found in zip(before, there, strict=True)]
    assert gone == [told.users, told.pupils, told.establishments, told.grants]
    assert {(one.kind, one.object_id, one.reason) for one in told.kept} == set(
        Kept.objects.filter(run=run).values_list("kind", "object_id", "reason")
    )
    assert told.kept_count == len(told.kept)
    return undone


def kept(ran: Ran) -> list[str]:
    """What the undo says that it kept."""
    return [line for line in ran.out.splitlines() if line.startswith("Kept: ")]


@pytest.mark.parametrize("number", range(2))
def test_s43_undoing_in_turn_brings_every_table_back(db: None, desk: Desk, number: int) -> None:
    world = a_world(seed_of(number))
    begun, access_then = [], []
    for _ in range(8):
        kind = world.rng.choice(["users", "pupils"])
        role = world.rng.choice(BY_FILE)
        rows = world.user_file(role) if kind == "users" else world.pupil_file()
        words = ["--role", role.name] if kind == "users" else []
        before, sees = standing(), seen()
        ran = desk.take_in(kind, rows, "--skip-faulty", "--yes", *words)
        if ran.status in (APPLIED, SOME_REFUSED):
            begun.append((ran, before))
            access_then.append(sees)
        else:
            assert difference(before, standing()) == {}

    for ran, before in reversed(begun):
        undone = undone_as_told(desk, ran)

        assert difference(before, standing()) == {}
        assert (undone.status, kept(undone)) == (APPLIED, [])
        assert seen() == access_then.pop()
    assert list(verify()) == []


@pytest.mark.parametrize("number", range(2))
def test_s43_undoing_out_of_turn_keeps_what_later_imports_did(
    db: None, desk: Desk, number: int
) -> None:
    world = a_world(seed_of(number))
    applied = []
    for _ in range(6):
        kind = world.rng.choice(["users", "pupils"])
        role = world.rng.choice(BY_FILE)
        rows = world.user_file(role) if kind == "users" else world.pupil_file()
        words = ["--role", role.name] if kind == "users" else []
        ran = desk.take_in(kind, rows, "--skip-faulty", "--yes", *words)
        if ran.status in (APPLIED, SOME_REFUSED):
            applied.append(ran)
    world.rng.shuffle(applied)

    for ran in applied:
        undone = undone_as_told(desk, ran)

        assert undone.status == (SOME_REFUSED if kept(undone) else APPLIED), undone.err
        assert not Grant.objects.filter(import_id=ran.id, ended_at=None).exists()
        assert list(verify()) == []


def test_s43_everything_that_a_user_file_did_is_taken_back(cast: Cast, desk: Desk) -> None:
    rows = [
        person(upns=[upn_of(cast.ben), upn_of(cast.eve)], urn="100001"),
        person(first="Sara", last="Lindqvist", email="sara@council.example", job="Manager",
               phone="0117 496 0009", urn="100002", upns=[upn_of(cast.ben)]),
    ]  # fmt: skip
    before = standing()
    ran = desk.users(rows, role=SW)
    assert difference(before, standing()).keys() == {"User", "Grant"}

    undone = undone_as_told(desk, ran)

    assert (undone.status, kept(undone)) == (APPLIED, [])
    assert difference(before, standing()) == {}
    again = desk.users(rows, role=SW)
    assert (again.status, again.counts, again.told) == (APPLIED, (1, 1, 0, 0), [])


def test_s43_everything_that_a_pupil_file_did_is_taken_back(cast: Cast, desk: Desk) -> None:
    today = timezone.localdate()
    new_upn = factories.a_upn()
    identifier = schools.NewIdentifier(cast.dylan.pk, "internal_id", "I-7")
    schools.add_identifiers([identifier], by=cast.as_ada, source=Source.BY_HAND)
    rows = [
        row_of(cast.amira, urn="100002", year="7", until=today, username="amira.h"),
        row_of(cast.dylan, upn=new_upn, internal_id="I-7", since=today),
        row_of(cast.carys, left=today, class_name="9Z"),
        child(sync_key="K1", urn="100001", since="2024-01-01"),
    ]
    before, sees = standing(), seen()
    ran = desk.pupils(rows, "--yes")
    assert ran.counts == (1, 3, 0, 0)
    assert len(difference(before, standing())) == 6

    undone = undone_as_told(desk, ran)

    assert (undone.status, kept(undone)) == (APPLIED, [])
    assert difference(before, standing()) == {}
    assert seen() == sees
    assert desk.pupils(rows, "--yes").counts == (1, 3, 0, 0)


def test_s43_establishments_and_links_are_taken_back(cast: Cast, desk: Desk) -> None:
    before = standing()
    text = "URN,EstablishmentName,Town\r\n100001,Abbey Academy,Wells\r\n100500,Dene School,\r\n"
    places = desk.take_in("establishments", text)
    links = desk.take_in("links", "URN,LinkURN,LinkType\r\n100001,100500,Successor\r\n")
    assert (places.counts, links.counts) == ((1, 1, 0, 0), (1, 0, 0, 0))

    assert desk.undo(links).status == desk.undo(places).status == APPLIED

    assert difference(before, standing()) == {}
    assert not EstablishmentLink.objects.exists()


def test_s43_an_establishment_that_others_depend_on_stays(cast: Cast, desk: Desk) -> None:
    text = "URN,EstablishmentName\r\n100500,Dene School\r\n100501,Elm School\r\n100502,Fir\r\n"
    places = desk.take_in("establishments", text)
    desk.users([person(urn="100500")], role=DT)
    desk.pupils([row_of(cast.amira, urn="100501")])

    undone = desk.undo(places)

    assert undone.status == SOME_REFUSED
    assert len(kept(undone)) == 2
    assert set(Establishment.objects.filter(gone_at=None).values_list("urn", flat=True)) == {
        "100001", "100002", "100500", "100501",
    }  # fmt: skip


def test_s43_a_user_who_has_signed_in_stays_without_the_grants(cast: Cast, desk: Desk) -> None:
    ran = desk.users([person(upns=[upn_of(cast.ben)]), person(email="b@x.example")], role=SW)
    User.objects.filter(pk=jo().pk).update(last_login=timezone.now())

    undone = undone_as_told(desk, ran)

    assert undone.status == SOME_REFUSED
    assert kept(undone) == ["Kept: user Jo Day (jo.day@school.example): they have signed in since."]
    assert not Grant.objects.filter(user=jo(), ended_at=None).exists()
    assert desk.sees("jo.day@school.example") == set()
    assert not User.objects.filter(email="b@x.example", gone_at=None).exists()


def edited(cast: Cast) -> None:
    people.change_users([(jo().pk, "phone", "0117 496 0001")], by=cast.as_ada)


def granted(cast: Cast) -> None:
    factories.grant(jo(), SOCIAL_WORKER, pupil=cast.eve, by=cast.as_ada)


def restricted(cast: Cast) -> None:
    factories.restriction(jo(), cast.ben, by=cast.as_ada)


def denied(cast: Cast) -> None:
    access.deny([jo().pk], by=cast.as_ada)


def unlinked(cast: Cast) -> None:
    live = Grant.objects.get(user=jo(), pupil=cast.ben, ended_at=None)
    access.revoke([live.pk], by=cast.as_ada)


def test_s43_a_pupil_whom_a_person_assigned_since_is_something_given(
    cast: Cast, desk: Desk
) -> None:
    ran = desk.users([person(upns=[upn_of(cast.carys)])], role=LA)
    factories.grant(jo(), LA_USER, pupil=cast.ben, by=cast.as_ada)

    undone = undone_as_told(desk, ran)

    assert (undone.status, len(kept(undone))) == (SOME_REFUSED, 1)
    assert [grant.pupil for grant in Grant.objects.filter(user=jo(), ended_at=None)] == [cast.ben]
    assert desk.sees("jo.day@school.example") == set()


@pytest.mark.parametrize("somebody", [edited, granted, restricted, denied, unlinked])
def test_s43_a_user_with_whom_a_person_had_to_do_since_stays_and_is_listed(
    cast: Cast, desk: Desk, somebody: object
) -> None:
    ran = desk.users([person(upns=[upn_of(cast.ben)])], role=SW)
    assert callable(somebody)
    somebody(cast)

    undone = undone_as_told(desk, ran)

    assert undone.status == SOME_REFUSED
    assert len(kept(undone)) == 1
    assert "Jo Day (jo.day@school.example)" in undone.out
    assert not Grant.objects.filter(import_id=ran.id, ended_at=None).exists()
    wanted = {upn_of(cast.eve)} if somebody is granted else set()
    assert desk.sees("jo.day@school.example") == wanted


def test_s43_a_field_that_a_person_changed_since_is_kept_and_the_others_go_back(
    cast: Cast, desk: Desk
) -> None:
    row = person(
        first="Sara", last="Lindqvist", email="sara@council.example", job="Manager", phone="0117 1"
    )
    ran = desk.users([row], role=SW)
    people.change_users([(cast.sara.pk, "phone", "0117 2")], by=cast.as_ada)

    undone = undone_as_told(desk, ran)

    assert undone.status == SOME_REFUSED
    assert kept(undone) == [
        "Kept: user Sara Lindqvist (sara@council.example): its phone was changed since."
    ]
    cast.sara.refresh_from_db()
    assert (cast.sara.phone, cast.sara.job_title) == ("0117 2", "")


def test_s43_a_pupil_who_was_moved_by_hand_since_stays_where_they_are(
    cast: Cast, desk: Desk
) -> None:
    cedar = factories.establishment(name="Cedar", urn="100003")
    ran = desk.pupils([row_of(cast.amira, urn="100002", year="7"), row_of(cast.ben, year="9")])
    away = schools.NewEnrolment(cast.amira.pk, cedar.pk, "", timezone.localdate(), None)
    schools.move([away], by=cast.as_ada, source=Source.BY_HAND)

    undone = undone_as_told(desk, ran)

    assert undone.status == SOME_REFUSED
    assert len(kept(undone)) == 1
    assert "Amira Haddad" in undone.out
    live = cast.amira.enrolments.filter(ended_at=None, ends_on=None)
    assert [stay.establishment for stay in live] == [cedar]
    cast.amira.refresh_from_db()
    assert cast.amira.year == "6"


def test_s43_a_later_import_counts_as_someone(cast: Cast, desk: Desk) -> None:
    first = desk.users([person(), person(email="b@x.example", first="Bo")], role=SW)
    desk.users([person(upns=[upn_of(cast.ben)])], role=SW)
    unchanged = desk.users([person(email="b@x.example", first="Bo")], role=SW)
    assert unchanged.counts == (0, 0, 1, 0)

    undone = desk.undo(first)

    assert undone.status == SOME_REFUSED
    assert len(kept(undone)) == 1
    assert "jo.day@school.example" in kept(undone)[0]
    assert desk.sees("jo.day@school.example") == {upn_of(cast.ben)}
    assert not User.objects.filter(email="b@x.example", gone_at=None).exists()


def test_s43_a_new_pupil_whom_a_later_file_linked_stays_whole(cast: Cast, desk: Desk) -> None:
    upn = factories.a_upn()
    pupils = desk.pupils([child(upn=upn, urn="100001", since="2024-01-01"), child(
        first="Other", sync_key="K2")])  # fmt: skip
    users = desk.users([person(upns=[upn])], role=SW)

    undone = desk.undo(pupils)

    assert undone.status == SOME_REFUSED
    assert len(kept(undone)) == 1
    assert desk.sees("jo.day@school.example") == {upn}
    assert upn in desk.sees("dora@abbey.example")
    assert not Pupil.objects.filter(first_name="Other", gone_at=None).exists()
    assert desk.undo(users).status == APPLIED


def test_a_school_that_became_known_is_unknown_again_after_undo(cast: Cast, desk: Desk) -> None:
    first = desk.users([person(urn="0")], role=DT)
    before = standing()
    second = desk.users([person(urn="100001")], role=DT)

    assert desk.undo(second).status == APPLIED
    assert difference(before, standing()) == {}
    assert desk.undo(first).status == APPLIED
    assert not User.objects.filter(email="jo.day@school.example", gone_at=None).exists()


def test_two_schools_left_in_two_files_come_back_in_turn(cast: Cast, desk: Desk) -> None:
    factories.enrolment(cast.amira, cast.brook)
    today = timezone.localdate()
    before = standing()
    first = desk.pupils([row_of(cast.amira, urn="100002", left=today)])
    second = desk.pupils([row_of(cast.amira, urn="100001", left=today)])

    assert desk.undo(second).status == APPLIED
    assert desk.undo(first).status == APPLIED

    assert difference(before, standing()) == {}


def test_an_undo_that_would_take_the_last_la_super_user_is_refused(db: None, desk: Desk) -> None:
    ran = desk.users([person()], role=SUPER)

    undone = desk.undo(ran)

    assert undone.status == WRONG_USAGE
    assert "last one cannot be removed" in undone.err
    assert Grant.objects.filter(user=jo(), ended_at=None).count() == 1
    desk.users([person(email="b@x.example", first="Bo")], role=SUPER)
    assert desk.undo(ran).status == APPLIED


def test_what_cannot_be_undone_is_said_in_a_sentence(cast: Cast, desk: Desk) -> None:
    ran = desk.users([person()], role=SW)
    assert desk.undo(ran).status == APPLIED
    refused = desk.users([person(email="bad")], role=SW)

    for words, sentence in (
        ([str(ran.id)], "has been undone already"), (["4711"], "there is none with the number"),
        ([str(refused.id)], "that was applied"), (["first"], "invalid int value"), ([], "required"),
    ):  # fmt: skip
        tried = desk.run("undo", *words)

        assert (tried.status, tried.out) == (WRONG_USAGE, "")
        assert sentence in tried.err


def test_the_access_that_undo_takes_back_is_gone_at_once(cast: Cast, desk: Desk) -> None:
    before = seen()
    for role in (DT, LA, SUPER, SW):
        row = person(email="all@x.example", urn="100001", upns=[upn_of(cast.amira)])
        if role == DT:
            row[UPN_HEADING] = []
        ran = desk.users([row], role=role)
        assert ran.gained == len(seen()) - len(before)
        assert desk.undo(ran).status == APPLIED
        assert seen() == before


def test_a_designated_teachers_second_school_goes_and_the_first_stays(
    cast: Cast, desk: Desk
) -> None:
    dora = person(first="Dora", last="Teague", email="dora@abbey.example")
    ran = desk.users([{**dora, URN_HEADING: "100002"}], role=DT)

    assert desk.undo(ran).status == APPLIED

    assert desk.sees("dora@abbey.example") == {upn_of(cast.amira)}
