"""Keeping a user from a child, and lifting that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.models import Restriction
from schoolgate.access.restrictions import (
    NewRestriction,
    Review,
    keep_restrictions,
    restrict,
)
from tests import factories

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def test_a_restriction_acts_at_once(cast, browse):
    dora = browse(cast.dora)
    assert dora.get(f"/pupils/{cast.amira.pk}/").status == 200
    page = browse(cast.ada).post(
        f"/pupils/{cast.amira.pk}/restrictions/add/",
        follow=True,
        user="dora@abbey.example",
        reason="Order 12 of 2026",
        starts_on="",
        ends_on="",
    )
    assert "Dora Teague is now kept from this pupil’s record." in page.text.replace("'", "’")
    assert "Order 12 of 2026" in page.text
    assert dora.get(f"/pupils/{cast.amira.pk}/").status == 404
    assert dora.get("/").rows() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"user": "nobody@x.example"}, "nobody here has “nobody@x.example”"),
        ({"reason": " "}, "Enter the reason."),
        ({"reason": "x" * 501}, "Shorten the reason to 500 characters or fewer."),
        ({"starts_on": "soon"}, "in place of “soon”"),
        ({"ends_on": "01/01/2020"}, "Enter a last day that is not before the first."),
        ({"evidence": "x" * 501}, "Shorten the evidence to 500 characters or fewer."),
        ({"review_on": "soon"}, "in place of “soon”"),
    ],
)
def test_mistakes_are_named_and_nothing_is_lost(cast, browse, change, sentence):
    fields = {"user": "dora@abbey.example", "reason": "Order", "starts_on": "", "ends_on": ""}
    page = browse(cast.ada).post(
        f"/pupils/{cast.amira.pk}/restrictions/add/", **{**fields, **change}
    )
    assert sentence in page.text
    assert page.title.startswith("Error: ")
    for value in {**fields, **change}.values():
        assert value.strip().encode() in page.bytes
    assert not Restriction.objects.exists()


def test_lifting_asks_first(cast, browse):
    restriction = factories.restriction(cast.dora, cast.amira, reason="Order 12")
    address = f"/pupils/{cast.amira.pk}/restrictions/{restriction.pk}/lift/"
    ada = browse(cast.ada)
    page = ada.get(address)
    assert "Lift the restriction on Dora Teague?" in page.text
    assert "Order 12" in page.text
    assert browse(cast.dora).get("/").rows() == []
    assert ada.post(address).leads_to == f"/pupils/{cast.amira.pk}/"
    assert len(browse(cast.dora).get("/").rows()) == 1


def test_a_restriction_of_another_pupil_is_a_missing_page(cast, browse):
    other = factories.restriction(cast.dora, cast.carys)
    page = browse(cast.ada).post(f"/pupils/{cast.amira.pk}/restrictions/{other.pk}/lift/")
    assert page.status == 404
    assert Restriction.objects.get().ended_at is None


def test_nobody_lifts_a_restriction_on_themselves(cast, browse):
    own = factories.restriction(cast.ada, cast.amira)
    page = browse(cast.ada).post(f"/pupils/{cast.amira.pk}/restrictions/{own.pk}/lift/")
    assert page.status == 404
    assert Restriction.objects.get().ended_at is None


def test_restricting_oneself_leads_away_from_the_record(cast, browse):
    page = browse(cast.ada).post(
        f"/pupils/{cast.amira.pk}/restrictions/add/",
        user="ada@council.example", reason="Her own child",
        starts_on=f"{timezone.localdate() - timedelta(days=1):%d/%m/%Y}", ends_on="",
    )  # fmt: skip
    assert page.leads_to == "/"


def test_one_that_is_over_or_has_yet_to_begin_says_so(cast, browse):
    today, day = timezone.localdate(), timedelta(days=1)
    factories.restriction(cast.dora, cast.amira, since=today - 9 * day, until=today - day)
    factories.restriction(cast.theo, cast.amira, since=today + day)
    factories.restriction(cast.noor, cast.amira, since=today - day, until=today)
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/")
    named = {row[0] for row in page.rows()}
    assert {"Dora Teague Over", "Theo Marsh Not yet", "Noor Rahman"} <= named


def one_due(user, pupil, *, by, review_in=0):
    today = timezone.localdate()
    review_on = today + timedelta(days=review_in)
    row = NewRestriction(user.pk, pupil.pk, "Order 12", today, None, "File 12/88", review_on)
    restrict([row], by=by)
    return Restriction.objects.latest("pk")


def test_evidence_and_review_day_are_on_the_childs_page(cast, browse):
    page = browse(cast.ada).post(
        f"/pupils/{cast.amira.pk}/restrictions/add/", follow=True, user="dora@abbey.example",
        reason="Order 12", evidence="File 12/88", review_on="01/03/2099",
    )  # fmt: skip
    (row,) = [row for row in page.rows() if "Order 12 File 12/88" in row]
    assert "1 March 2099" in row


def test_a_user_is_kept_from_a_child_from_their_own_page(cast, browse):
    browser, address = browse(cast.ada), f"/settings/users/{cast.dora.pk}/restrictions/add/"
    page = browser.post(address, follow=True, pupil="Haddad", reason="Order 12")
    assert "Dora Teague is now kept from this pupil's record." in page.text
    assert browse(cast.dora).get("/").rows() == []
    page = browser.post(address, pupil="Haddad", reason="")
    assert "Enter the reason." in page.text


def test_s35_nobody_is_kept_from_a_child_whom_the_reader_may_not_see(cast, browse):
    factories.restriction(cast.ada, cast.amira)
    for typed in ("Haddad", f"Pupil number {cast.amira.pk}"):
        page = browse(cast.ada).post(
            f"/settings/users/{cast.dora.pk}/restrictions/add/", pupil=typed, reason="Order 12"
        )
        assert "you see no pupil" in page.text
    assert Restriction.objects.count() == 1


def test_all_that_count_are_listed_those_to_look_at_again_first(cast, browse):
    factories.restriction(cast.theo, cast.carys, reason="No review")
    one_due(cast.sara, cast.eve, by=cast.as_ada, review_in=9)
    one_due(cast.dora, cast.amira, by=cast.as_ada)
    browser = browse(cast.ada)
    page = browser.get("/settings/restrictions/")
    assert [row[0] for row in page.rows()] == ["Dora Teague", "Sara Lindqvist", "Theo Marsh"]
    assert "Due" in page.rows()[0][5]
    assert "Order 12 File 12/88" in page.rows()[0][2]
    page = browser.get("/settings/restrictions/", show="due")
    assert [row[0] for row in page.rows()] == ["Dora Teague"]
    assert "1 restriction to look at again" in browser.get("/").text


def test_s35_the_list_names_no_child_whom_the_reader_may_not_see(cast, browse):
    one_due(cast.dora, cast.amira, by=cast.as_ada)
    one_due(cast.ada, cast.amira, by=cast.as_ada)
    one_due(cast.sara, cast.eve, by=cast.as_ada)
    browser = browse(cast.ada)
    for show in ("", "due"):
        page = browser.get("/settings/restrictions/", show=show)
        assert [row[0] for row in page.rows()] == ["Sara Lindqvist"]
        assert b"Amira" not in page.bytes
    assert "1 restriction to look at again" in browser.get("/").text


def test_one_that_was_reviewed_is_kept_and_no_longer_due(cast, browse):
    found = one_due(cast.dora, cast.amira, by=cast.as_ada)
    browser = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/restrictions/{found.pk}/review/"
    began = browser.get(address)
    assert "File 12/88" in began.text
    page = browser.post(address, **began.hidden(), evidence="File 13/90", review_on="01/01/2020")
    assert "Enter a day that is to come, or leave it empty." in page.text
    page = browser.post(
        address, follow=True, **began.hidden(), evidence="File 13/90", review_on="01/03/2099"
    )
    assert "The restriction on Dora Teague is kept." in page.text
    assert "1 March 2099" in page.text
    found.refresh_from_db()
    assert (found.evidence, found.ended_at) == ("File 13/90", None)
    assert browser.get("/settings/restrictions/", show="due").rows() == []
    assert browse(cast.dora).get("/").rows() == []


def test_s57_a_stale_review_is_refused_and_loses_nothing(cast, browse):
    found = one_due(cast.dora, cast.amira, by=cast.as_ada)
    browser = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/restrictions/{found.pk}/review/"
    began = browser.get(address).hidden()
    keep_restrictions([Review(found.pk, "File of Bea", None)], by=cast.as_ada)
    page = browser.post(address, **began, evidence="Mine", review_on="01/03/2099")
    assert "somebody has changed this since you opened it" in page.text
    assert "File of Bea" in page.text
    assert b"Mine" in page.bytes
    found.refresh_from_db()
    assert found.evidence == "File of Bea"


def test_a_review_of_another_pupil_is_a_missing_page(cast, browse):
    found = one_due(cast.dora, cast.amira, by=cast.as_ada)
    own = one_due(cast.ada, cast.eve, by=cast.as_ada)
    for pupil, one in ((cast.ben, found), (cast.eve, own)):
        page = browse(cast.ada).post(f"/pupils/{pupil.pk}/restrictions/{one.pk}/review/")
        assert page.status == 404


@pytest.mark.parametrize("more", [0, 3])
def test_query_count_of_the_list(cast, browse, count_queries, more):
    one_due(cast.dora, cast.amira, by=cast.as_ada)
    for _ in range(more):
        one_due(factories.user(), cast.amira, by=cast.as_ada)
    browser = browse(cast.ada)
    with count_queries(19, events=1):
        browser.get("/settings/restrictions/")
