"""Keeping a user from a child, and lifting that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.models import Restriction
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
