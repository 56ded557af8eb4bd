"""The pages on which somebody's access gets a last day, and of what ends soon."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LEADER
from tests import factories

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def ends_of(user):
    """The last days of what the user holds."""
    held = Grant.objects.filter(user=user, ended_at__isnull=True)
    return set(held.values_list("ends_on", flat=True))


def typed(days):
    """A day as somebody types it."""
    return f"{timezone.localdate() + timedelta(days=days):%d/%m/%Y}"


def ticks(page):
    """The ticks of the page's form."""
    return page.response.context["form"].fields["what"].choices


def test_a_user_gets_a_last_day_and_loses_it_again(cast, browse):
    browser, address = browse(cast.ada), f"/settings/users/{cast.sara.pk}/until/"
    page = browser.get(address)
    keys = [key for key, _ in ticks(page)]
    assert [label for _, label in ticks(page)][-1] == "Social Worker, 2 pupils linked"
    sent = browser.post(address, **page.hidden(), what=keys, last_day=typed(10))
    assert sent.leads_to == f"/settings/users/{cast.sara.pk}/"
    day = timezone.localdate() + timedelta(days=10)
    assert ends_of(cast.sara) == {day}

    soon = browser.get("/settings/users/ending/")
    assert ["Lindqvist, Sara", "Social Worker", "2 pupils linked to them"] in [
        row[:3] for row in soon.rows()
    ]
    page = browser.get(address)
    assert f'value="{typed(10)}"' in page.bytes.decode()
    browser.post(address, **page.hidden(), what=keys[-1:], last_day="")
    assert ends_of(cast.sara) == {day, None}


def test_a_stale_page_saves_nothing_and_keeps_what_was_typed(cast, browse):
    browser, address = browse(cast.ada), f"/settings/users/{cast.dora.pk}/until/"
    page = browser.get(address)
    keys = [key for key, _ in ticks(page)]
    factories.grant(cast.dora, DESIGNATED_TEACHER, school=cast.brook)
    again = browser.post(address, **page.hidden(), what=keys, last_day=typed(10))
    assert "Look again before you save" in again.text
    assert f'value="{typed(10)}"' in again.bytes.decode()
    assert ends_of(cast.dora) == {None}
    browser.post(address, **again.hidden(), what=keys, last_day=typed(10))
    assert len(ends_of(cast.dora)) == 2


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("31/02/2030", "Enter the day as 21/11/2026"), ("01/01/2020", "Choose today or a later day")],
)
def test_a_day_that_is_none_or_over_is_told(cast, browse, day, sentence):
    browser, address = browse(cast.ada), f"/settings/users/{cast.dora.pk}/until/"
    page = browser.get(address)
    keys = [key for key, _ in ticks(page)]
    again = browser.post(address, **page.hidden(), what=keys, last_day=day)
    assert sentence in again.text
    assert ends_of(cast.dora) == {None}
    assert "Tick what the day is for" in browser.post(address, **page.hidden(), last_day="").text


def test_nia_sets_the_last_day_of_what_is_held_at_her_school_alone(school, browse):
    cast, browser = school.cast, browse(school.nia)
    factories.grant(school.lena, LEADER, subject=factories.subject(cast.brook, "Latin"))
    address = f"/school/{cast.abbey.pk}/staff/{school.lena.pk}/until/"
    page = browser.get(address)
    (tick,) = ticks(page)
    assert tick[1].startswith("Leader, ")
    browser.post(address, **page.hidden(), what=[tick[0]], last_day=typed(5))
    assert ends_of(school.lena) == {None, timezone.localdate() + timedelta(days=5)}
    soon = browser.get(f"/school/{cast.abbey.pk}/staff/ending/")
    assert [row[0] for row in soon.rows()] == ["Fischer, Lena"]
    for stranger in (school.bo, cast.sara):
        foreign = f"/school/{cast.abbey.pk}/staff/{stranger.pk}/until/"
        assert browser.get(foreign).status == 404


@pytest.mark.parametrize("many", [1, 3])
def test_query_count_of_what_ends_soon(school, browse, count_queries, many):
    until = timezone.localdate() + timedelta(days=7)
    for _ in range(many):
        factories.grant(factories.user(), LEADER, subject=school.history, until=until)
    browser = browse(school.nia)
    browser.get(f"/school/{school.cast.abbey.pk}/staff/ending/")
    with count_queries(8):
        browser.get(f"/school/{school.cast.abbey.pk}/staff/ending/")
