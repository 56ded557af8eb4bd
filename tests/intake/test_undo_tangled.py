"""Undo where several imports, and people, have had to do with the same thing (NEW3, S43)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils import timezone

from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER
from schoolgate.audit.models import Event
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, EstablishmentLink, PupilIdentifier
from tests import factories
from tests.intake.desk import APPLIED, DT, SOME_REFUSED, SW, Desk, child, person
from tests.intake.standing import difference, standing

if TYPE_CHECKING:
    from tests.cast import Cast


def jo() -> User:
    return User.objects.get(email="jo.day@school.example", gone_at=None)


def gias(opened: str) -> str:
    return f"URN,EstablishmentName,OpenDate\n100001,Abbey,{opened}\n"


def link(day: str) -> str:
    return f"URN,LinkURN,LinkType,LinkEstablishedDate\n100001,100002,Successor,{day}\n"


def test_a_date_that_an_import_filled_is_empty_again(db: None, desk: Desk) -> None:
    desk.take_in("establishments", gias(""))
    filled = desk.take_in("establishments", gias("01-09-2012"))

    assert desk.undo(filled).status == APPLIED
    assert Establishment.objects.get(urn="100001").opened_on is None


def test_an_identifier_that_is_anothers_by_now_stays_theirs(db: None, desk: Desk) -> None:
    amy = child(first="Amy", last="Ash", born="2012-01-01", upn="K810000000001", internal_id="I1")
    desk.take_in("pupils", [amy])
    replaced = desk.take_in("pupils", [{**amy, "Internal Person ID": "I2"}])
    desk.take_in("pupils", [child(first="Bob", last="Bay", born="2011-01-01", internal_id="I1")])

    undone = desk.undo(replaced)

    assert undone.status == SOME_REFUSED
    assert "Amy Ash" in undone.out
    holder = PupilIdentifier.objects.get(kind="internal_id", value="I1", ended_at=None).pupil
    assert holder.first_name == "Bob"


def test_a_persons_edit_outlives_the_undo_of_another_import(db: None, desk: Desk) -> None:
    made = desk.take_in("users", [person(phone="01234 567890")], "--role", SW)
    changed = desk.take_in("users", [person(phone="01234 999999")], "--role", SW)
    people.change_users([(jo().pk, "job_title", "Head")], by=factories.SYSTEM)

    assert desk.undo(changed).status == APPLIED
    assert jo().phone == "01234 567890"
    assert desk.undo(made).status == SOME_REFUSED
    assert jo().job_title == "Head"


def test_undoing_out_of_turn_comes_back_to_the_beginning(db: None, desk: Desk) -> None:
    desk.take_in("users", [person(phone="01234 000001")], "--role", SW)
    before = standing()
    second = desk.take_in("users", [person(phone="01234 000002")], "--role", SW)
    third = desk.take_in("users", [person(phone="01234 000003")], "--role", SW)

    assert desk.undo(second).status == SOME_REFUSED
    assert jo().phone == "01234 000003"
    assert desk.undo(third).status == APPLIED
    assert difference(before, standing()) == {}


def test_a_link_that_was_changed_since_is_kept_and_listed(db: None, desk: Desk) -> None:
    first = desk.take_in("links", link("01-09-2001"))
    second = desk.take_in("links", link("01-09-2002"))
    third = desk.take_in("links", link("01-09-2003"))

    undone = desk.undo(second)

    assert undone.status == SOME_REFUSED
    assert "100001 to 100002" in undone.out
    assert EstablishmentLink.objects.get().established_on == date(2003, 9, 1)
    assert desk.undo(first).status == SOME_REFUSED  # the third has changed it
    assert desk.undo(third).status == APPLIED
    assert EstablishmentLink.objects.get().established_on == date(2001, 9, 1)
    assert Event.objects.filter(verb="changed", kind="link").count() >= 3


def test_a_role_of_an_undone_import_does_not_come_back(db: None, desk: Desk, cast: Cast) -> None:
    waiting = desk.take_in("users", [person(urn="0")], "--role", DT)
    placed = desk.take_in("users", [person(urn=cast.abbey.urn)], "--role", DT)

    assert desk.undo(waiting).status == SOME_REFUSED
    assert desk.undo(placed).status == APPLIED
    assert not Grant.objects.filter(user=jo(), ended_at=None).exists()


def test_a_role_given_again_by_hand_is_not_brought_back_twice(
    db: None, desk: Desk, cast: Cast
) -> None:
    desk.take_in("users", [person(urn="0")], "--role", DT)
    placed = desk.take_in("users", [person(urn=cast.abbey.urn)], "--role", DT)
    factories.grant(jo(), DESIGNATED_TEACHER, since=timezone.localdate())

    desk.undo(placed)

    assert Grant.objects.filter(user=jo(), ended_at=None).count() == 1
