"""The register of establishments."""

from __future__ import annotations

import pytest

from tests import factories

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def names(page) -> list[str]:
    return [row[0] for row in page.rows()]


def test_by_name_closed_ones_marked(cast, browse):
    factories.establishment(name="Old Mill", status="Closed")
    assert names(browse(cast.ada).get("/establishments/")) == [
        "Abbey Primary School", "Brook Academy", "Old Mill Closed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sought", "found"),
    [("bro", ["Brook Academy"]), ("100001", ["Abbey Primary School"]), ("academy", []), ("!", [])],
)
def test_search_by_name_or_urn(cast, browse, sought, found):
    assert names(browse(cast.ada).get("/establishments/", q=sought)) == found


def test_each_leads_to_the_staff_of_the_school(cast, browse):
    page = browse(cast.ada).get("/establishments/")
    assert page.link("Brook Academy") == f"/school/{cast.brook.pk}/staff/"


def test_an_empty_register_says_what_to_do(db, browse):
    from schoolgate.access.roles import LA_SUPER_USER

    user = factories.user()
    factories.grant(user, LA_SUPER_USER)
    page = browse(user).get("/establishments/")
    assert page.link("Import an extract") == "/settings/imports/new/?kind=establishments"


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.establishment()
    browser = browse(cast.ada)
    with count_queries(6):
        browser.get("/establishments/")
