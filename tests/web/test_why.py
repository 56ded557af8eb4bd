"""Why can, or can't, this person see this child?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from tests import factories


def test_the_question_leads_to_an_address_of_ids_only(cast, browse):
    page = browse(cast.ada).post(f"/pupils/{cast.carys.pk}/why/", user="Dora@abbey.example", on="")
    assert page.leads_to == f"/pupils/{cast.carys.pk}/why/{cast.dora.pk}/"


def test_no_and_what_bears_on_it(cast, browse):
    page = browse(cast.ada).get(f"/pupils/{cast.carys.pk}/why/{cast.dora.pk}/")
    assert "No, Dora Teague cannot see Carys Morgan" in page.text
    (row,) = page.rows()
    assert row[:3] == [
        "Designated Teacher", "Abbey Primary School", "No This child is not on roll there",
    ]  # fmt: skip


def test_yes(cast, browse):
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert "Yes, Dora Teague can see Amira Haddad." in page.text
    assert page.rows()[0][2] == "Yes"


def test_a_restriction_and_a_denial_are_told(cast, browse):
    factories.restriction(cast.dora, cast.amira, reason="Order 12 of 2026")
    deny([cast.dora.pk], by=SYSTEM)
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert "Order 12 of 2026" in page.text
    assert "Dora Teague has been inactive since" in page.text


def test_on_a_past_day(clock, cast, browse):
    began = clock.today
    clock.wait(days=3)
    factories.restriction(cast.dora, cast.amira)
    browser = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/"
    assert "No, Dora" in browser.get(address).text
    page = browser.post(
        f"/pupils/{cast.amira.pk}/why/", user="dora@abbey.example", on=f"{began:%d/%m/%Y}"
    )
    assert page.leads_to == f"{address}?on={began.isoformat()}"
    page = browser.get(page.leads_to)
    assert "Yes, Dora Teague can see Amira Haddad." in page.text
    assert "at the end of 2 March 2026" in page.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"user": "", "on": ""}, "Enter the e-mail address or user name of a user."),
        ({"user": "nobody@x.example", "on": ""}, "nobody here has “nobody@x.example”"),
        ({"user": "dora@abbey.example", "on": "yesterday"}, "in place of “yesterday”"),
        ({"user": "dora@abbey.example", "on": "TOMORROW"}, "Enter a day that has been"),
    ],
)
def test_mistakes_are_named_and_nothing_is_lost(cast, browse, fields, sentence):
    tomorrow = f"{timezone.localdate() + timedelta(days=1):%d/%m/%Y}"
    fields = {name: value.replace("TOMORROW", tomorrow) for name, value in fields.items()}
    page = browse(cast.ada).post(f"/pupils/{cast.amira.pk}/why/", **fields)
    assert page.status == 200
    assert page.title.startswith("Error: ")
    assert sentence in page.text
    for value in filter(None, fields.values()):
        assert f'value="{value}"'.encode() in page.bytes


@pytest.mark.parametrize("day", ["x", "2026-13-01", "0000-00-00", "99999-01-01"])
def test_a_day_that_is_none_means_today(cast, browse, day):
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/", on=day)
    assert "This is so now." in page.text


def test_a_user_who_is_not_there_is_a_missing_page(cast, browse):
    assert browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/999999/").status == 404


def test_one_event_a_view(cast, browse, views_of):
    browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert [(e.kind, e.pupil_id) for e in views_of(cast.ada)] == [("why", cast.amira.pk)]
