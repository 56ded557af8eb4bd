"""An import of parents is taken back: users, SyncIDs and links (NEW3, S43)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from schoolgate.access.models import Grant
from schoolgate.people.models import SyncId, User
from tests.cast import seen_by
from tests.intake.desk import APPLIED, SOME_REFUSED, Desk, parent
from tests.intake.standing import difference, standing

if TYPE_CHECKING:
    from tests.cast import Cast

MOM = parent(username="mom", sync="222", relationship="Mother")
DAD = parent(first="Robert", username="dad", sync="333", email="dad@example.org")


def user(name: str) -> User:
    return User.objects.get(username_key=name, gone_at=None)


def test_s43_what_an_import_of_parents_made_is_gone_and_uploading_again_asks_nothing(
    sons: None, desk: Desk
) -> None:
    before = standing()
    ran = desk.parents([MOM, DAD, {**MOM, "ChildID": "2"}])

    assert desk.undo(ran).status == APPLIED

    assert difference(before, standing()) == {}
    assert not SyncId.objects.filter(ended_at=None).exists()
    assert {one.ended_how for one in SyncId.objects.all()} == {"undone"}
    again = desk.parents([MOM, DAD, {**MOM, "ChildID": "2"}])
    assert (again.status, again.counts, again.linked) == (APPLIED, (2, 1, 0, 0), 3)


def test_s43_what_it_added_to_somebody_who_was_here_goes_and_the_rest_stays(
    sons: None, desk: Desk, cast: Cast
) -> None:
    desk.parents([{**MOM, "SyncID": ""}])
    before = standing()
    sara = parent(first="Sara", last="Lindqvist", email=cast.sara.email, sync="77")
    rows = [{**MOM, "Phone": "0117 496 0001", "ChildID": "2"}, sara]
    ran = desk.parents(rows, "--yes")
    assert (ran.counts, ran.linked) == ((0, 2, 0, 0), 2)

    assert desk.undo(ran).status == APPLIED

    assert difference(before, standing()) == {}
    assert seen_by(user("mom")) == "Jim"
    assert desk.parents(rows, "--yes").counts == (0, 2, 0, 0)


def test_s43_who_has_signed_in_since_stays_without_the_links_and_is_known_again(
    sons: None, desk: Desk
) -> None:
    ran = desk.parents([MOM, DAD])
    User.objects.filter(username_key="mom").update(last_login=timezone.now())

    undone = desk.undo(ran)

    assert (undone.status, "Kept: user Elizabeth Dickinson" in undone.out) == (SOME_REFUSED, True)
    assert seen_by(user("mom")) == ""
    again = desk.parents([MOM, DAD])
    assert (again.status, again.counts, again.linked) == (APPLIED, (1, 1, 0, 0), 2)
    assert Grant.objects.get(user=user("mom"), ended_at=None).relationship == "Mother"


def test_s43_what_a_later_import_of_parents_depends_on_stays(sons: None, desk: Desk) -> None:
    first = desk.parents([{**MOM, "SyncID": ""}])
    desk.parents([MOM])

    undone = desk.undo(first)

    assert "somebody has given them something" in undone.out
    assert SyncId.objects.get(ended_at=None).user == user("mom")
