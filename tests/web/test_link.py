"""Linking a social worker from the page of a child."""

from __future__ import annotations

import re

import pytest

from schoolgate.access.actions import deny, revoke
from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def at(child) -> str:
    return f"/pupils/{child.pk}/social-worker/"


def save(browser, preview, **more):
    action = re.search(r'<form method="post" action="([^"]*save[^"]*)"', preview.bytes.decode())
    assert action
    where = action[1].replace("&amp;", "&")
    return browser.post(where, **{**preview.hidden(), "step": "save", **more})


def test_a_social_worker_is_named_shown_and_linked(cast, browse):
    ada = browse(cast.ada)
    answer = ada.post(at(cast.carys), user="Lindqvist")
    where = f"/settings/users/{cast.sara.pk}/pupils/save/?role=social_worker&add={cast.carys.pk}"
    assert answer.leads_to == where
    preview = ada.get(where)
    assert "They would gain 1 child. Morgan, Carys" in preview.text
    assert seen_by(cast.sara) == "Amira Eve"  # nothing is written before Save
    save(ada, preview)
    assert seen_by(cast.sara) == "Amira Carys Eve"
    assert ada.get("/missing/social-worker/").rows() == []


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ("", "Enter the name, e-mail address or user name of a user."),
        ("nobody@x.example", "nobody here has “nobody@x.example”"),
        ("dora@abbey.example", "Choose a social worker, or give Dora Teague that role"),
    ],
)
def test_who_will_not_do_is_named_and_nothing_is_lost(cast, browse, user, sentence):
    page = browse(cast.ada).post(at(cast.carys), user=user)
    assert page.title.startswith("Error: ")
    assert sentence in page.text
    assert user.encode() in page.bytes


def test_who_is_linked_already_is_said(cast, browse):
    page = browse(cast.ada).post(at(cast.amira), user="sara@council.example")
    assert "Choose somebody else: Sara Lindqvist is linked to Amira Haddad already." in page.text


def test_a_link_that_somebody_removed_is_asked_about(cast, browse):
    ada = browse(cast.ada)
    linked = Grant.objects.filter(user=cast.sara, pupil=cast.amira)
    revoke(list(linked.values_list("pk", flat=True)), by=SYSTEM)
    preview = ada.get(ada.post(at(cast.amira), user="Lindqvist").leads_to)
    assert "somebody has removed Amira Haddad from Sara Lindqvist" in preview.text
    save(ada, preview)
    assert seen_by(cast.sara) == "Eve"
    save(ada, preview, yes=[f"removed-{cast.amira.pk}"])
    assert seen_by(cast.sara) == "Amira Eve"


def test_one_who_is_kept_from_the_child_or_inactive_gains_nothing(cast, browse):
    ada = browse(cast.ada)
    factories.restriction(cast.sara, cast.carys)
    page = ada.get(ada.post(at(cast.carys), user="Lindqvist").leads_to)
    assert "They would gain" not in page.text
    save(ada, page)
    assert seen_by(cast.sara) == "Amira Eve"
    deny([cast.sara.pk], by=cast.as_ada)
    page = ada.get(ada.post(at(cast.ben), user="Lindqvist").leads_to)
    assert "They are inactive" in page.text


def test_s35_a_child_kept_from_the_reader_is_not_there(cast, browse):
    factories.restriction(cast.ada, cast.carys)
    ada = browse(cast.ada)
    assert ada.get(at(cast.carys)).status == 404
    assert ada.post(at(cast.carys), user="Lindqvist").status == 404


def test_only_a_super_user_is_offered_it(cast, browse):
    for user in (cast.liam, cast.sara, cast.dora):
        assert "Link a social worker" not in browse(user).get(f"/pupils/{cast.amira.pk}/").text
        assert browse(user).get(at(cast.amira)).status in (403, 404)


def test_one_event_a_view(cast, browse, views_of):
    browse(cast.ada).get(at(cast.carys))
    (event,) = views_of(cast.ada)
    assert event.pupils == str(cast.carys.pk) or event.pupil_id == cast.carys.pk
