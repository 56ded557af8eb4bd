"""Settings > Users: the table, one user, and what is taken from them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.dates import in_words
from schoolgate.outbox.models import Mail
from schoolgate.people.models import Invitation
from tests import factories

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def table(page) -> dict[str, list[str]]:
    return {row[1].split(",")[0]: row[2:] for row in page.rows()}


def test_the_table_says_role_place_status_and_pupils(cast, browse):
    deny([cast.theo.pk], by=SYSTEM)
    assert table(browse(cast.ada).get("/settings/users/")) == {
        "Lindqvist": [
            "sara @council.example", "Social Worker", "–", "Not invited",
            "2 seen by Sara Lindqvist", "Never",
        ],
        "Marsh": [
            "theo @brook.example", "Designated Teacher", "Abbey Primary School Brook Academy",
            "Inactive", "0 seen by Theo Marsh", "Never",
        ],
        "Novak": [
            "liam @council.example", "LA User", "–", "Not invited",
            "Every pupil seen by Liam Novak", "Never",
        ],
        "Osei": [
            "ada @council.example", "LA Super User", "–", "Not invited",
            "Every pupil seen by Ada Osei", in_words(timezone.localdate()),
        ],
        "Rahman": ["noor @example.org", "–", "–", "Not invited", "0 seen by Noor Rahman", "Never"],
        "Teague": [
            "dora @abbey.example", "Designated Teacher", "Abbey Primary School", "Not invited",
            "1 seen by Dora Teague", "Never",
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
    with count_queries(12):
        browser.get("/settings/users/")


def test_a_users_page(cast, browse):
    page = browse(cast.ada).get(f"/settings/users/{cast.sara.pk}/")
    for words in ("Sara Lindqvist Not invited", "sara@council.example", "Sees 2 pupils"):
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


def test_s35_the_place_of_a_pupil_kept_from_the_reader_tells_nothing_of_their_name(cast, browse):
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.ben)
    factories.restriction(cast.ada, cast.ben)
    page = browse(cast.ada).get(f"/settings/users/{cast.sara.pk}/")
    assert [row[0] for row in page.rows()][1:] == [
        "Amira Haddad", "Eve O’Connor", "A pupil whom you may not see",
    ]  # fmt: skip


@pytest.mark.parametrize("more", [0, 2])
def test_query_count_of_a_user(cast, browse, count_queries, more):
    for _ in range(more):
        factories.grant(cast.sara, SOCIAL_WORKER, pupil=factories.pupil())
    browser = browse(cast.ada)
    with count_queries(30, events=1):
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


@pytest.mark.parametrize("name", ["liam", "noor"])
def test_an_invitation_is_sent_and_sent_again_and_kills_the_earlier(cast, browse, settings, name):
    settings.MAIL = "smtp://127.0.0.1"
    user = getattr(cast, name)
    ada, page = browse(cast.ada), f"/settings/users/{user.pk}/"
    assert ada.get(page).link("Send invitation") == f"{page}invite/"
    question = ada.get(f"{page}invite/")
    assert f"goes to {user.email}" in question.text
    assert "stops working" not in question.text
    assert ada.post(f"{page}invite/").leads_to == page
    first = Invitation.objects.get(user=user)
    assert "is on its way" in ada.get(page).text
    assert ada.get(page).link("Resend invitation") == f"{page}invite/"
    assert "The link that was sent before stops working." in ada.get(f"{page}invite/").text
    ada.post(f"{page}invite/")
    first.refresh_from_db()
    assert first.ended_how == "replaced"
    assert Invitation.objects.filter(user=user, ended_at=None).count() == 1


def test_whoever_cannot_be_invited_is_not_and_the_page_says_why(cast, browse, with_password):
    with_password(cast.liam)
    deny([cast.theo.pk], by=SYSTEM)
    named = factories.user(email="", username="kim.1")
    ada = browse(cast.ada)
    for user in (cast.liam, cast.theo, named):
        page = f"/settings/users/{user.pk}/"
        assert f"{page}invite/" not in ada.get(page).bytes.decode()
        answer = ada.post(f"{page}invite/")
        assert "cannot be invited" in answer.text
    assert not Invitation.objects.exists()


def test_why_mail_did_not_go_through_stands_on_the_page(cast, browse):
    ada, page = browse(cast.ada), f"/settings/users/{cast.noor.pk}/"
    ada.post(f"{page}invite/")
    Mail.objects.update(state="failed", problem="Correct the address: there is no such mailbox.")
    assert "Correct the address: there is no such mailbox." in ada.get(page).text
