"""The page that an invitation opens."""

from __future__ import annotations

import logging

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, InvitationToken, User
from schoolgate.schools.actions import name_organisation
from tests.web.browsing import PASSWORD, masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def token_of(user) -> str:
    """Invite the user; the token that their mail would hold."""
    invitations.invite([user.pk], by=SYSTEM)
    live = Invitation.objects.get(user=user, ended_at=None)
    return invitations.make_tokens({live.pk: live.email_key}, at=timezone.now())[live.pk].token


@pytest.fixture
def token(cast) -> str:
    return token_of(cast.dora)


def standing() -> list:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Invitation, InvitationToken, User, Event)
    ]


def test_s19_opening_the_link_consumes_nothing_however_often(token, browse):
    before = standing()
    for _ in range(3):
        for method in ("get", "head", "options", "put", "delete"):
            getattr(Client(), method)(f"/invitation/{token}/", HTTP_USER_AGENT="SafeLinks")
    page = browse(None).get(f"/invitation/{token}/", utm_source="scanner")
    assert page.status == 200
    assert standing() == before


def test_s19_the_page_tells_the_token_to_nobody(token, browse):
    for address in (f"/invitation/{token}/", "/invitation/never-was/"):
        page = browse(None).get(address)
        assert page.response.headers["Referrer-Policy"] == "strict-origin"
        assert page.response.headers["Cache-Control"] == "no-store"
        assert token.encode() not in page.bytes


def test_the_page_says_whose_account_it_is_and_no_more(token, browse):
    name_organisation(name="Northshire Virtual School", by=SYSTEM)
    page = browse(None).get(f"/invitation/{token}/")
    assert "Northshire Virtual School has made an account for you" in page.text
    assert "d•••@abbey.example" in page.text
    for private in ("Dora", "Teague", "dora@"):
        assert private not in page.bytes.decode()


def test_choosing_a_password_sets_up_and_signs_in(token, browse, cast):
    browser = browse(None)
    assert browser.post(f"/invitation/{token}/", password=PASSWORD).leads_to == "/"
    assert "Amira" in browser.get("/").text
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora
    assert [e.verb for e in Event.objects.filter(user_id=cast.dora.pk)][-2:] == [
        "accepted", "signed in",
    ]  # fmt: skip
    assert User.objects.get(pk=cast.dora.pk).last_login
    assert browse(None).get(f"/invitation/{token}/").status == 404
    assert browse(None).post(f"/invitation/{token}/", password=PASSWORD + "x").status == 404
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "Enter a password of 12 characters or more."),
        ("short", "Choose a password of at least 12 characters: this one has 5 characters."),
        ("x", "Choose a password of at least 12 characters: this one has 1 character."),
        (
            "dora@abbey.example",
            "Choose a password without your first name in it: that is what people guess first.",
        ),
        (
            "1qaz2wsx3edc",
            "Choose another password: this one is on the lists of those who guess passwords.",
        ),
    ],
)
def test_a_password_that_will_not_do_is_named_and_uses_nothing_up(
    token, browse, password, sentence
):
    page = browse(None).post(f"/invitation/{token}/", password=password)
    assert page.status == 200
    assert page.title.startswith("Error: ")
    assert sentence in page.text
    assert "dora@" not in page.text
    assert invitations.find(token)


def test_a_link_that_does_not_work_tells_nothing_of_why(clock, cast, browse):
    used, replaced, denied, moved, old = map(
        token_of, (cast.dora, cast.theo, cast.sara, cast.noor, cast.liam)
    )
    invitations.redeem(used, password=PASSWORD)
    token_of(cast.theo)
    deny([cast.sara.pk], by=SYSTEM)
    User.objects.filter(pk=cast.noor.pk).update(email_key="new@x.example")
    clock.wait(days=15)
    answers = {
        (answer.status_code, masked(answer), str(sorted(answer.headers.items())))
        for token in (used, replaced, denied, moved, old, "never-was", "x" * 43)
        for answer in (
            browse(None).client.get(f"/invitation/{token}/"),
            browse(None).client.post(f"/invitation/{token}/", {"password": PASSWORD}),
        )
    }
    ((status, body, _),) = answers
    assert status == 404
    assert b"to invite you again" in body


def test_s03_a_denied_user_cannot_set_up_even_with_an_invitation_made_since(cast, browse):
    deny([cast.dora.pk], by=SYSTEM)
    token = token_of(cast.dora)
    assert browse(None).get(f"/invitation/{token}/").status == 404
    assert browse(None).post(f"/invitation/{token}/", password=PASSWORD).status == 404
    assert not User.objects.get(pk=cast.dora.pk).has_usable_password()


def test_whoever_was_signed_in_there_before_is_so_no_longer(token, browse, cast):
    browser = browse(cast.ada)
    browser.post(f"/invitation/{token}/", password=PASSWORD)
    assert browser.client.session["_auth_user_id"] == str(cast.dora.pk)
    assert browser.get("/settings/users/").status == 404


def test_s19_no_log_holds_the_token(token, browse, caplog, monkeypatch):
    from schoolgate.web.logs import WithoutTokens
    from schoolgate.web.views import invitation

    caplog.handler.setFormatter(WithoutTokens())
    caplog.set_level(logging.DEBUG)
    browse(None).get(f"/invitation/{token}x/")
    monkeypatch.setattr(invitation.invitations, "find", lambda token: 1 / 0)
    assert browse(None).get(f"/invitation/{token}/").status == 500
    Client(enforce_csrf_checks=True).post(f"/invitation/{token}/", {"password": PASSWORD})
    assert "/invitation/.../" in caplog.text
    assert token not in caplog.text
    assert PASSWORD not in caplog.text
