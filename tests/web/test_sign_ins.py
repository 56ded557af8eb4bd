"""Settings > Sign-ins: what happened at the doors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.kit.records import Ending
from schoolgate.people.actions import remove_users
from schoolgate.sign_in import log
from schoolgate.sign_in.log import Origin
from schoolgate.sign_in.models import Door, Outcome, Second, SignInEvent
from tests import factories

ADDRESS = "/settings/sign-ins/"
PHONE = Origin("Chrome on Android", "198.51.100.7")


def happened(outcome=Outcome.FAILED, user=None, *, days_ago=0, name="", **facts) -> SignInEvent:
    """Something at the password door, so many days ago."""
    told = {"door": Door.PASSWORD, "origin": PHONE, **facts}
    log.note(outcome, user_id=user.pk if user else None, name=name, **told)
    made = SignInEvent.objects.latest("pk")
    made.at = timezone.now() - timedelta(days=days_ago)
    made.save()
    return made


def told(page) -> list[list[str]]:
    """The rows of the list, without when."""
    return [row[1:] for row in page.rows() if len(row) == 7]


def test_newest_first_who_what_by_what_and_from_where(cast, browse):
    happened(Outcome.FAILED, cast.dora)
    happened(Outcome.SIGNED_IN, cast.dora, second=Second.TOTP)
    assert told(browse(cast.ada).get(ADDRESS)) == [
        ["Dora Teague", "Signed in", "Password", "Authenticator app", *PHONE],
        ["Dora Teague", "Not signed in", "Password", "–", *PHONE],
    ]


def test_a_name_that_nobody_has_is_not_told_but_known_again(cast, browse):
    for name in ("hunter2 hunter2", "Hunter2 hunter2 ", "somebody else"):
        happened(name=name)
    page = browse(cast.ada).get(ADDRESS)
    assert b"hunter2" not in page.bytes.lower()
    other, again, first = [row[0] for row in told(page)]
    assert first.startswith("A name that nobody here has no. ")
    assert first == again != other


def test_a_deleted_user_is_named_and_leads_nowhere(cast, browse):
    happened(Outcome.SIGNED_IN, cast.theo)
    remove_users([cast.theo.pk], how=Ending.REMOVED, by=cast.as_ada)
    page = browse(cast.ada).get(ADDRESS)
    assert told(page)[0][0] == "Theo Marsh deleted"
    assert f"/settings/users/{cast.theo.pk}/" not in page.bytes.decode()


def test_filters_stand_in_the_address(cast, browse):
    happened(Outcome.SIGNED_IN, cast.dora, days_ago=3)
    happened(Outcome.FAILED, cast.dora, days_ago=2)
    happened(Outcome.FAILED, cast.theo, days_ago=1, door=Door.CODE)
    happened(Outcome.TOO_MANY, name="nobody")
    ada = browse(cast.ada)

    def found(**query):
        return [(row[0].split()[0], row[1]) for row in told(ada.get(ADDRESS, **query))]

    day = [(timezone.localdate() - timedelta(days=n)).strftime("%d/%m/%Y") for n in range(4)]
    assert found(outcome="failed") == [("Theo", "Not signed in"), ("Dora", "Not signed in")]
    assert found(door="code") == [("Theo", "Not signed in")]
    assert found(who="teague") == [("Dora", "Not signed in"), ("Dora", "Signed in")]
    assert found(user=cast.dora.pk, outcome="signed-in") == [("Dora", "Signed in")]
    assert found(since=day[1]) == [("A", "Refused: too many tries"), ("Theo", "Not signed in")]
    assert found(until=day[3]) == [("Dora", "Signed in")]
    assert found(since=day[2], until=day[2]) == [("Dora", "Not signed in")]
    assert len(found(until="31/12/9999")) == 4
    for nothing in ({"user": 987_654}, {"user": 9**30}, {"outcome": "half"}):
        assert found(**nothing) == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"who": "zzz"}, "Check the spelling: nobody here has “zzz”."),
        ({"since": "soon"}, "Enter the day as 21/11/2026, in place of “soon”."),
        ({"since": "2/3/2026", "until": "1/3/2026"}, "Enter a last day that is not before"),
    ],
)
def test_what_cannot_be_read_is_said_and_shows_nothing(cast, browse, query, sentence):
    happened()
    page = browse(cast.ada).get(ADDRESS, **query)
    assert sentence in page.text
    assert told(page) == []


def test_pages_go_on_and_back_by_key_also_within_one_moment(cast, browse):
    events = [happened(Outcome.FAILED, cast.dora) for _ in range(60)]
    SignInEvent.objects.update(at=events[0].at)
    ada = browse(cast.ada)
    first = ada.get(ADDRESS, outcome="failed")
    second = ada.get(ADDRESS + first.link("Next"))
    assert (len(told(first)), len(told(second))) == (50, 10)
    assert told(ada.get(ADDRESS + second.link("Previous"))) == told(first)


@pytest.mark.parametrize("more", [1, 3])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        happened(Outcome.FAILED, factories.user())
    browser = browse(cast.ada)
    with count_queries(8):
        browser.get(ADDRESS)


def test_failed_tries_are_counted_by_day(clock, cast, browse):
    happened(Outcome.SIGNED_IN, cast.dora)
    for days_ago, outcome in (
        (0, Outcome.FAILED),
        (1, Outcome.FAILED),
        (1, Outcome.TOO_MANY),
        (13, Outcome.SECOND_FAILED),
        (14, Outcome.FAILED),
    ):
        happened(outcome, cast.dora, days_ago=days_ago)
    page = browse(cast.ada).get(ADDRESS)
    figures = [row for row in page.rows() if len(row) == 4]
    assert figures[0] == ["2 March 2026", "1", "0", "0"]
    assert figures[1] == ["1 March 2026", "1", "0", "1"]
    assert figures[13] == ["17 February 2026", "0", "1", "0"]
    assert len(figures) == 14
    assert "2 March 2026 so far 1" in page.text


def test_a_day_begins_at_midnight_where_the_organisation_is(clock, cast, browse):
    clock.set(clock.today.replace(month=7, day=1))
    late = happened(Outcome.FAILED, cast.dora)
    late.at = clock.moment.replace(hour=0, minute=30)  # half past eleven the evening before, UTC
    late.save()
    figures = [row for row in browse(cast.ada).get(ADDRESS).rows() if len(row) == 4]
    assert figures[0] == ["1 July 2026", "1", "0", "0"]


def test_where_nobody_failed_it_says_so(cast, browse):
    page = browse(cast.ada).get(ADDRESS)
    assert "the last 14 days None." in page.text
    assert "Nobody has signed in yet, and nobody has tried." in page.text
