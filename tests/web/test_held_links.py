"""Connections that wait for a second person, because of a name (NEW5)."""

from __future__ import annotations

import pytest

from schoolgate.access.models import HeldLink
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.people.models import Invitation, User
from tests import factories
from tests.cast import seen_by
from tests.web.families import through

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def kept_out(cast, *, first_name="Karim"):
    """Somebody who was kept from Amira, and a user of the same name."""
    first, second = (
        factories.user(first_name=first_name, last_name="Haddad", email=f"karim{n}@example.org")
        for n in (1, 2)
    )
    factories.restriction(first, cast.amira, reason="Order 12 of 2026", by=cast.as_ada)
    return second


def test_s35_a_second_account_waits_and_the_page_says_why(cast, browse):
    second = kept_out(cast)
    address = f"/pupils/{cast.amira.pk}/family/connect/"
    shown, page = through(browse(cast.ada), address, user="karim2@example.org")
    assert "somebody with this name, or one like it, was kept from Amira Haddad" in shown.text
    assert "karim1@example.org, was restricted on" in shown.text
    assert "by Ada Osei. The reason is: Order 12 of 2026" in shown.text
    assert "They would see 0 children" in shown.text.replace("\xa0", " ")
    assert "Karim Haddad waits for the word of a second LA Super User" in page.text
    assert "1 connection of this child waits" in page.text.replace("\xa0", " ")
    assert seen_by(second) == ""


def test_s35_who_asked_does_not_approve_and_another_does(cast, browse):
    second, bea = kept_out(cast), a_second_super_user()
    through(browse(cast.ada), f"/pupils/{cast.amira.pk}/family/connect/", user="karim2@example.org")
    held = HeldLink.objects.get()
    address = f"/settings/restrictions/waiting/{held.pk}/approve/"
    assert "Approve" not in browse(cast.ada).get("/settings/restrictions/waiting/").text
    page = browse(cast.ada).post(address)
    assert "Ask another LA Super User" in page.text
    assert seen_by(second) == ""
    other = browse(bea)
    assert "1 connection that needs a second person" in other.get("/").text
    assert "Order 12 of 2026" in other.get(address).text
    page = other.post(address, follow=True)
    assert "Karim Haddad is connected to Amira Haddad now." in page.text
    assert seen_by(second) == "Amira"
    assert other.get(address).status == 404


def test_one_is_refused_after_asking(cast, browse):
    second, bea = kept_out(cast), a_second_super_user()
    through(browse(cast.ada), f"/pupils/{cast.amira.pk}/family/connect/", user="karim2@example.org")
    address = f"/settings/restrictions/waiting/{HeldLink.objects.get().pk}/refuse/"
    assert "Refuse to connect Karim Haddad to Amira Haddad?" in browse(bea).get(address).text
    assert HeldLink.objects.get().decided_at is None
    page = browse(bea).post(address, follow=True)
    assert "No connection waits for a second person." in page.text
    assert seen_by(second) == ""
    assert HeldLink.objects.get().is_granted is False


def test_s35_what_waits_for_a_child_is_not_there_for_who_may_not_see_the_child(cast, browse):
    kept_out(cast)
    bea = a_second_super_user()
    through(browse(cast.ada), f"/pupils/{cast.amira.pk}/family/connect/", user="karim2@example.org")
    factories.restriction(bea, cast.amira)
    browser = browse(bea)
    page = browser.get("/settings/restrictions/waiting/")
    assert "No connection waits" in page.text
    assert "second person" not in browser.get("/").text
    for end in ("approve/", "refuse/"):
        address = f"/settings/restrictions/waiting/{HeldLink.objects.get().pk}/{end}"
        assert browser.post(address).status == 404


def test_somebody_new_of_that_name_is_made_and_waits(cast, browse):
    kept_out(cast)
    shown, _ = through(
        browse(cast.ada), f"/pupils/{cast.amira.pk}/family/add/",
        first_name="Karim", last_name="Haddad", email="k@example.org", username="", phone="",
        invite="on",
    )  # fmt: skip
    assert "Invitation Is not sent" in shown.text
    new = User.objects.get(email_key="k@example.org")
    assert HeldLink.objects.get().user == new
    assert not Invitation.objects.filter(user=new).exists()


def a_second_super_user():
    user = factories.user(first_name="Bea", last_name="Holt")
    factories.grant(user, LA_SUPER_USER)
    return user
