"""Changing one's own e-mail address, on its pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from schoolgate.audit.models import Event
from schoolgate.outbox.models import Mail
from schoolgate.people.models import User
from schoolgate.sign_in.models import AddressChange, UserSession
from tests.sign_in.mailed import address_links
from tests.web.browsing import PASSWORD, masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

PAGE = "/account/address/"
NEW = "dora@home.example"


@pytest.fixture(autouse=True)
def mail_goes_somewhere(settings):
    settings.MAIL = "smtp://127.0.0.1"


def test_asking_confirming_and_staying_signed_in(cast, browse, with_password):
    with_password(cast.dora)
    here, elsewhere = browse(cast.dora), browse(cast.dora)
    page = here.post(PAGE, email=NEW, follow=True)
    assert "Open the link in the e-mail that goes to the new address." in page.text
    assert f"To have {NEW} , open the link" in page.text
    assert User.objects.get(pk=cast.dora.pk).email == "dora@abbey.example"

    token, _ = address_links(cast.dora, NEW)
    page = here.get(f"/address/{token}/")
    assert f"From now on you sign in with {NEW}" in page.text
    page = here.post(f"/address/{token}/", follow=True)
    assert f"You now sign in with {NEW}." in page.text
    assert here.get("/pupils/").status == 200
    assert elsewhere.get("/pupils/").leads_to.startswith("/sign-in/")
    assert UserSession.objects.filter(user=cast.dora, ended_at=None).count() == 1
    assert here.get(f"/address/{token}/").status == 404


def test_s19_opening_the_links_changes_nothing(cast, browse):
    here = browse(cast.dora)
    links = address_links(cast.dora, NEW)
    before = list(AddressChange.objects.values()), Event.objects.count()
    for method in ("get", "head", "options", "put", "delete"):
        for client in (Client(), here.client):
            getattr(client, method)(f"/address/{links[0]}/")
            getattr(client, method)(f"/address/stop/{links[1]}/")
    assert (list(AddressChange.objects.values()), Event.objects.count()) == before


def test_the_link_is_of_no_use_to_whoever_it_reached_by_mistake(cast, browse):
    token, _ = address_links(cast.dora, NEW)
    for browser in (browse(None), browse(cast.theo)):
        pages = [browser.get(f"/address/{token}/"), browser.post(f"/address/{token}/")]
        never = browser.get("/address/never-was/")
        assert [masked(page.response) for page in pages] == [masked(never.response)] * 2
    assert "Sign in first" in browse(None).get(f"/address/{token}/").text
    shared = browse(cast.theo).get(f"/address/{token}/").text
    assert "You are signed in as Theo Marsh. If that is not you, sign out" in shared
    assert User.objects.get(pk=cast.dora.pk).email == "dora@abbey.example"


def test_stopping_from_the_old_address(cast, browse):
    here = browse(cast.dora)
    token, stop = address_links(cast.dora, NEW)
    here.post(f"/address/{token}/")
    page = browse(None).get(f"/address/stop/{stop}/")
    assert "d•••@abbey.example" in page.text
    page = browse(None).post(f"/address/stop/{stop}/")
    assert "The account has its earlier e-mail address again" in page.text
    assert page.link("Ask for a link") == "/sign-in/forgotten/"
    assert here.get("/pupils/").leads_to.startswith("/sign-in/")
    assert User.objects.get(pk=cast.dora.pk).email == "dora@abbey.example"
    over = browse(None).post(f"/address/stop/{stop}/")
    assert (over.status, "This link stops nothing" in over.text) == (404, True)


def test_stopping_before_it_is_confirmed(cast, browse):
    here = browse(cast.dora)
    token, stop = address_links(cast.dora, NEW)
    page = browse(None).post(f"/address/stop/{stop}/")
    assert "The account keeps its e-mail address" in page.text
    assert here.get("/pupils/").leads_to.startswith("/sign-in/")
    assert browse(cast.dora).get(f"/address/{token}/").status == 404


def test_nobody_learns_whether_an_address_is_in_use(cast, browse):
    told = []
    for email in ("theo@brook.example", "nobody@brook.example"):
        page = browse(cast.dora).post(PAGE, email=email, follow=True)
        told.append(page.text.replace(email, "ADDRESS"))
    assert told[0] == told[1]


def test_mistakes_are_named(cast, browse):
    here = browse(cast.dora)
    assert "Enter your new e-mail address." in here.post(PAGE, email="").text
    assert "Enter an e-mail address like" in here.post(PAGE, email="dora@").text
    same = here.post(PAGE, email="DORA@abbey.example")
    assert "Enter another e-mail address: this is the one that you have." in same.text
    assert not Mail.objects.exists()


def test_nobody_is_made_to_send_mail_on_and_on(cast, browse):
    here = browse(cast.dora)
    for number in range(6):
        page = here.post(PAGE, email=f"{number}@x.example")
    assert "Wait a quarter of an hour" in page.text
    assert AddressChange.objects.count() == 5


def test_where_no_mail_is_sent_the_page_says_so(cast, browse, settings):
    settings.MAIL = ""
    here = browse(cast.dora)
    assert "no e-mail is sent from here" in here.get(PAGE).text
    assert here.post(PAGE, email=NEW).status == 200
    assert not AddressChange.objects.exists()


def test_it_is_asked_of_whoever_has_just_shown_who_they_are(cast, browse):
    here = browse(cast.dora)
    UserSession.objects.update(confirmed_at=timezone.now() - timedelta(minutes=16))
    for page in (here.get(PAGE), here.post(PAGE, email=NEW)):
        assert page.leads_to.startswith("/account/confirm/")
    assert not AddressChange.objects.exists()


def test_the_new_address_signs_in(cast, browse, with_password):
    with_password(cast.dora)
    here = browse(cast.dora)
    token, _ = address_links(cast.dora, NEW)
    here.post(f"/address/{token}/")
    assert browse(None).post("/sign-in/", name=NEW, password=PASSWORD).leads_to == "/"
    old = browse(None).post("/sign-in/", name="dora@abbey.example", password=PASSWORD)
    assert old.status == 200
