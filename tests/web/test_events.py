"""Settings > Events."""

from __future__ import annotations

import pytest

from tests import factories


def test_newest_first_who_what_and_which(cast, browse):
    factories.restriction(cast.dora, cast.amira, by=cast.as_ada)
    row = browse(cast.ada).get("/settings/events/").rows()[0]
    assert row[1:] == ["Ada Osei", "Restricted", "Dora Teague , Amira Haddad"]


def test_a_list_is_told_by_its_count(cast, browse):
    browse(cast.ada).get("/")
    row = browse(cast.ada).get("/settings/events/").rows()[0]
    assert row[1:] == ["Ada Osei", "Viewed a list of pupils", "5 pupils"]


def test_a_child_kept_from_the_reader_is_not_named(cast, browse):
    factories.restriction(cast.ada, cast.amira)
    page = browse(cast.ada).get("/settings/events/")
    assert "Amira" not in page.text
    assert f"Pupil {cast.amira.pk}" in page.text


def test_showing_children_here_is_an_event_too(cast, browse, views_of):
    factories.restriction(cast.dora, cast.amira)
    browse(cast.ada).get("/settings/events/")
    (event,) = views_of(cast.ada)
    assert event.kind == "events"
    assert str(cast.amira.pk) in (event.pupils or str(event.pupil_id)).split(",")


def test_pages_go_on_and_back_by_key(cast, browse):
    for n in range(40):
        factories.restriction(cast.dora, cast.amira, reason=f"Court order {n}")
    ada = browse(cast.ada)
    first = ada.get("/settings/events/")
    second = ada.get("/settings/events/" + first.link("Next"))
    assert len(first.rows()) == 50
    again = ada.get("/settings/events/" + second.link("Previous"))
    # Each look is an event itself and comes before what was first.
    assert again.rows()[0] == first.rows()[0]


@pytest.mark.parametrize("more", [1, 3])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.restriction(factories.user(), cast.amira)
    browser = browse(cast.ada)
    with count_queries(18, events=1):
        browser.get("/settings/events/")
