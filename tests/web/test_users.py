"""Settings > Users: the table, one user, and what is taken from them."""

from __future__ import annotations

import pytest

from schoolgate.access.actions import deny
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from tests import factories


def table(page) -> dict[str, list[str]]:
    return {row[0].split(",")[0]: row[1:] for row in page.rows()}


def test_the_table_says_role_place_pupils_and_status(cast, browse):
    deny([cast.theo.pk], by=SYSTEM)
    assert table(browse(cast.ada).get("/settings/users/")) == {
        "Lindqvist": ["Social Worker", "–", "2 seen by Sara Lindqvist", "Not signed in yet"],
        "Marsh": ["Designated Teacher", "Brook Academy", "0 seen by Theo Marsh", "Inactive"],
        "Novak": ["LA User", "–", "Every pupil seen by Liam Novak", "Not signed in yet"],
        "Osei": ["LA Super User", "–", "Every pupil seen by Ada Osei", "Active"],
        "Rahman": ["–", "–", "0 seen by Noor Rahman", "Not signed in yet"],
        "Teague": [
            "Designated Teacher", "Abbey Primary School", "1 seen by Dora Teague",
            "Not signed in yet",
        ],
    }  # fmt: skip


def test_bulk_add_stands_above_the_table(cast, browse):
    page = browse(cast.ada).get("/settings/users/")
    assert page.link("Bulk add users") == "/settings/imports/new/?kind=users"
    assert page.bytes.index(b"Bulk add users") < page.bytes.index(b"<table")


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("tea", ["Teague"]),
        ("DORA@ab", ["Teague"]),
        ("dora tea", ["Teague"]),
        ("council", []),
        ("", ["Lindqvist", "Marsh", "Novak", "Osei", "Rahman", "Teague"]),
        ("%", []),
    ],
)
def test_search_by_last_name_or_address(cast, browse, sought, found):
    assert list(table(browse(cast.ada).get("/settings/users/", q=sought))) == found


def test_pages_by_key(cast, browse):
    for number in range(30):
        factories.user(first_name=f"N{number:02}", last_name="Zed")
    first = browse(cast.ada).get("/settings/users/")
    second = browse(cast.ada).get("/settings/users/" + first.link("Next"))
    assert (len(first.rows()), len(second.rows())) == (25, 11)


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.grant(factories.user(workplace=cast.abbey), DESIGNATED_TEACHER, school=cast.abbey)
    browser = browse(cast.ada)
    with count_queries(9):
        browser.get("/settings/users/")


def test_a_users_page(cast, browse):
    page = browse(cast.ada).get(f"/settings/users/{cast.sara.pk}/")
    for words in ("Sara Lindqvist Not signed in yet", "sara@council.example", "Sees 2 pupils"):
        assert words in page.text
    assert [row[:2] for row in page.rows()] == [
        ["Social Worker", "Pupils linked to them"],
        ["Amira Haddad", "Social Worker"],
        ["Eve O’Connor", "Social Worker"],
    ]


def test_a_pupil_kept_from_the_reader_is_not_named(cast, browse, views_of):
    factories.restriction(cast.ada, cast.eve)
    page = browse(cast.ada).get(f"/settings/users/{cast.sara.pk}/")
    assert "A pupil whom you may not see" in page.text
    assert "O’Connor" not in page.text
    (event,) = views_of(cast.ada)
    assert event.pupil_id == cast.amira.pk


@pytest.mark.parametrize("more", [0, 2])
def test_query_count_of_a_user(cast, browse, count_queries, more):
    for _ in range(more):
        factories.grant(cast.sara, SOCIAL_WORKER, pupil=factories.pupil())
    browser = browse(cast.ada)
    with count_queries(21, events=1):
        browser.get(f"/settings/users/{cast.sara.pk}/")


def test_the_pupils_of_a_user(cast, browse):
    page = browse(cast.ada).get(f"/settings/users/{cast.theo.pk}/pupils/")
    assert [row[0] for row in page.rows()] == ["Haddad, Amira In care", "Morgan, Carys In care"]
    factories.restriction(cast.ada, cast.carys)
    page = browse(cast.ada).get(f"/settings/users/{cast.theo.pk}/pupils/")
    assert [row[0] for row in page.rows()] == ["Haddad, Amira In care"]


def test_removing_asks_first_and_then_ends_the_grant(cast, browse):
    grant = Grant.objects.get(user=cast.sara, pupil=cast.amira)
    address = f"/settings/users/{cast.sara.pk}/grants/{grant.pk}/remove/"
    ada = browse(cast.ada)
    assert "Remove Amira Haddad from Sara Lindqvist?" in ada.get(address).text
    assert Grant.objects.get(pk=grant.pk).ended_at is None
    assert ada.post(address).leads_to == f"/settings/users/{cast.sara.pk}/"
    assert Grant.objects.get(pk=grant.pk).ended_how == "removed"
    assert browse(cast.sara).get(f"/pupils/{cast.amira.pk}/").status == 404
    assert ada.get(address).status == 404


def test_a_grant_of_another_user_is_a_missing_page(cast, browse):
    grant = Grant.objects.get(user=cast.dora)
    address = f"/settings/users/{cast.sara.pk}/grants/{grant.pk}/remove/"
    assert browse(cast.ada).post(address).status == 404
    assert Grant.objects.get(pk=grant.pk).ended_at is None


def test_the_last_super_user_stays_and_the_page_says_so(cast, browse):
    grant = Grant.objects.get(user=cast.ada)
    for address in (f"grants/{grant.pk}/remove/", "make-inactive/"):
        page = browse(cast.ada).post(f"/settings/users/{cast.ada.pk}/{address}")
        assert page.status == 200
        assert "Make somebody else LA Super User first" in page.text
        assert page.title.startswith("Error: ")
    assert Grant.objects.get(pk=grant.pk).ended_at is None


def test_making_inactive_and_reactivating(cast, browse):
    ada, dora = browse(cast.ada), browse(cast.dora)
    user = f"/settings/users/{cast.dora.pk}/"
    page = ada.post(f"{user}make-inactive/", follow=True)
    assert "Dora Teague is now inactive." in page.text
    assert page.link("Reactivate") == f"{user}reactivate/"
    assert dora.get("/").leads_to == "/sign-in/"
    page = ada.post(f"{user}reactivate/", follow=True)
    assert "Dora Teague is active again." in page.text
    assert browse(cast.dora).get("/").status == 200


def test_a_user_who_is_gone_or_never_was_is_a_missing_page(cast, browse):
    assert browse(cast.ada).get("/settings/users/999999/").status == 404
