"""Likely duplicates: listed, compared side by side, told apart or merged, by a person only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from schoolgate.access import duplicates
from schoolgate.access.roles import PARENT
from schoolgate.people.models import User
from schoolgate.sign_in import sessions
from schoolgate.sign_in.models import UserSession
from tests import factories
from tests.cast import Cast, seen_by

if TYPE_CHECKING:
    from tests.web.browsing import Browser

pytestmark = pytest.mark.one_database
LIST = "/settings/users/duplicates/"


def mina(n: int) -> User:
    return factories.user(first_name="Mina", last_name="Haddad", email=f"mina{n}@example.org")


@pytest.fixture
def pair(cast: Cast) -> tuple[User, User]:
    """Two users of one name, each linked to a child."""
    first, second = mina(1), mina(2)
    factories.grant(first, PARENT, pupil=cast.amira)
    factories.grant(second, PARENT, pupil=cast.ben)
    return first, second


def compared(first: User, second: User) -> str:
    return f"{LIST}{first.pk}/{second.pk}/"


def test_the_list_names_the_pair_and_leads_to_it(cast: Cast, pair: Any, browse: Any) -> None:
    page = browse(cast.ada).get("/settings/users/")
    page = browse(cast.ada).get(page.link("Likely duplicates"))

    assert page.rows() == [
        [
            "Haddad, Mina mina1 @example.org",
            "Haddad, Mina : compare with Mina Haddad mina2 @example.org They have the same name.",
        ]
    ]
    assert page.link("Haddad, Mina") == compared(*pair)


def test_the_two_stand_side_by_side(cast: Cast, pair: Any, browse: Any, views_of: Any) -> None:
    page = browse(cast.ada).get(compared(*pair))

    rows = {row[0]: row[1:] for row in page.rows()}
    assert rows["E-mail address"] == ["mina1@example.org", "mina2@example.org"]
    assert rows["Children"] == ["Amira Haddad (Parent/Guardian)", "Ben Fielding (Parent/Guardian)"]
    assert rows["Name the same"] == ["Mina Haddad", "Mina Haddad"]
    (event,) = views_of(cast.ada)
    assert set(map(int, event.pupils.split(","))) == {cast.amira.pk, cast.ben.pk}


def test_s35_a_child_kept_from_the_reader_has_no_name_there(
    cast: Cast, pair: Any, browse: Any
) -> None:
    factories.restriction(cast.ada, cast.amira, reason="Order about Amira")
    factories.restriction(pair[1], cast.amira, reason="Order about Amira")
    browser = browse(cast.ada)

    page = browser.get(compared(*pair))
    merging = browser.get(compared(*pair) + "merge/")

    rows = {row[0]: row[1:] for row in page.rows()}
    assert rows["Children"][0] == "A child whom you may not see (Parent/Guardian)"
    assert rows["Restrictions"] == ["–", "A child whom you may not see"]
    assert b"Amira" not in page.bytes + merging.bytes


def test_two_people_are_told_apart_for_good(cast: Cast, pair: Any, browse: Any) -> None:
    browser = browse(cast.ada)

    page = browser.post(compared(*pair), follow=True)

    assert "Noted: Mina Haddad and Mina Haddad are two people." in page.text
    assert "No two users look like one adult." in page.text
    assert "Ada Osei said on" in browser.get(compared(*pair)).text
    assert duplicates.said_two(*(user.pk for user in pair)) is not None


def test_merging_asks_first_and_shows_what_changes(cast: Cast, pair: Any, browse: Any) -> None:
    keep, other = pair
    browser = browse(cast.ada)
    asked = browser.get(browser.get(compared(*pair)).link("Merge: keep mina1@example.org"))
    assert "Mina Haddad would see more 1 child: Ben Fielding" in asked.text
    assert "There is no undo of this." in asked.text
    assert seen_by(keep) == "Amira"

    page = browser.post(compared(*pair) + "merge/", follow=True, **asked.hidden())

    assert seen_by(keep) == "Amira Ben"
    assert "Merged: mina2@example.org is Mina Haddad now." in page.text
    assert "Merged with Mina Haddad, mina2@example.org, on " in page.text
    assert browser.get(f"/settings/users/{other.pk}/").status == 404
    assert browser.get(compared(*pair)).status == 404
    assert browser.get(LIST).rows() == []


def test_what_was_not_shown_is_not_merged(cast: Cast, pair: Any, browse: Any) -> None:
    keep, other = pair
    browser = browse(cast.ada)
    asked = browser.get(compared(*pair) + "merge/")
    factories.grant(other, PARENT, pupil=cast.carys)

    page = browser.post(compared(*pair) + "merge/", **asked.hidden())

    assert "Look again before you save" in page.text
    assert seen_by(keep) == "Amira"
    assert "2 children" in page.text


def test_what_is_refused_is_said(cast: Cast, pair: Any, browse: Any) -> None:
    from schoolgate.access.actions import deny

    deny([pair[1].pk], by=cast.as_ada)
    browser = browse(cast.ada)
    asked = browser.get(compared(*pair) + "merge/")

    page = browser.post(compared(*pair) + "merge/", **asked.hidden())

    assert "Decide first whether this person is to be active" in page.text


def test_merging_wants_to_know_who_it_is(cast: Cast, pair: Any, browse: Any) -> None:
    browser: Browser = browse(cast.ada)
    old = timezone.now() - sessions.RECENT - timedelta(minutes=1)
    UserSession.objects.filter(user=cast.ada).update(confirmed_at=old)

    page = browser.get(compared(*pair) + "merge/")

    assert page.leads_to.startswith("/account/confirm/")


def test_one_user_is_no_pair(cast: Cast, pair: Any, browse: Any) -> None:
    for end in ("", "merge/"):
        assert browse(cast.ada).get(compared(pair[0], pair[0]) + end).status == 404
