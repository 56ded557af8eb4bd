"""A restriction hides everything, and co-parents never see each other's details (S35)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from schoolgate.access import families, scope, seen_by
from schoolgate.access.families import NewLink
from schoolgate.access.roles import PARENT, PUPIL
from schoolgate.schools.models import Establishment, Organisation
from tests import factories
from tests.cast import seen_by as children_of
from tests.cast import who_sees
from tests.web.browsing import masked
from tests.web.routes import FORM_ONLY, a_world, routes

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def parents(cast):
    """Separated parents of Amira and Ben; and Theo, who teaches Amira and is Ben's uncle. Parent
    access is on."""
    Organisation.objects.update_or_create(defaults={"parent_access": True})
    Establishment.objects.update(parent_access=True)
    today = timezone.localdate()
    hana, karim = (
        factories.user(first_name=name, last_name="Ali", email=f"{name.lower()}@example.org")
        for name in ("Hana", "Karim")
    )
    families.connect(
        [
            NewLink(user.pk, pupil.pk, PARENT.code, "Parent", today)
            for user in (hana, karim)
            for pupil in (cast.amira, cast.ben)
        ],
        by=cast.as_ada,
    )
    families.connect(
        [NewLink(cast.theo.pk, cast.ben.pk, PARENT.code, "Uncle", today)], by=cast.as_ada
    )
    return hana, karim


def bytes_of_every_page(cast, browser, world):
    """What every page that a person opens by its address says, with and without a search."""
    upn = cast.amira.identifiers.get().value
    for route in routes():
        if route.name in FORM_ONLY:
            continue
        for question in ({}, {"q": "Had"}, {"q": upn}, {"after": cast.amira.pk}):
            answer = browser.get(world.address(route, pupil=cast.amira.pk), **question)
            yield route.name, answer.bytes.replace(str(question.get("q", "\0")).encode(), b"")


def test_s35_a_restricted_parent_finds_the_child_nowhere(cast, parents, browse):
    hana, karim = parents
    world = a_world(cast)
    browser = browse(karim)
    home = browser.get("/").text
    assert "Amira Haddad" in home
    assert "Ben Fielding" in home
    assert browser.get(f"/children/{cast.amira.pk}/").status == 200
    factories.restriction(karim, cast.amira, by=cast.as_ada)
    assert "Ben Fielding" in browser.get("/").text
    for pages in ("pupils", "children"):
        missing = browser.get(f"/{pages}/987654/")
        page = browser.get(f"/{pages}/{cast.amira.pk}/")
        assert (page.status, masked(page.response)) == (404, masked(missing.response))
    canaries = [b"Amira", b"Haddad", cast.amira.identifiers.get().value.encode()]
    for name, said in bytes_of_every_page(cast, browser, world):
        assert not [canary for canary in canaries if canary in said], name
    assert (children_of(karim), children_of(hana)) == ("Ben", "Amira Ben")


def test_s35_a_restriction_takes_somebody_from_every_answer_about_the_child(cast, parents):
    _, karim = parents
    assert "Karim" in who_sees(cast.amira)
    factories.restriction(karim, cast.amira, by=cast.as_ada)
    assert "Karim" not in who_sees(cast.amira)
    assert "Karim" in who_sees(cast.ben)
    assert not scope.may_see(karim.pk, cast.amira.pk)
    assert karim not in seen_by.near(cast.amira.pk)
    assert not scope.pupils_by_licence(karim.pk).filter(pk=cast.amira.pk).exists()


def test_s35_a_restriction_beats_work_and_family_together(cast, parents):
    assert children_of(cast.theo) == "Amira Ben Carys"
    factories.restriction(cast.theo, cast.ben, by=cast.as_ada)
    assert children_of(cast.theo) == "Amira Carys"
    factories.restriction(cast.theo, cast.amira, by=cast.as_ada)
    assert children_of(cast.theo) == "Carys"


def test_s35_co_parents_never_see_each_other(cast, parents, browse):
    hana, karim = parents
    world = a_world(cast)
    for one, other in ((hana, karim), (karim, hana)):
        canaries = [other.first_name.encode(), other.email.encode()]
        for name, said in bytes_of_every_page(cast, browse(one), world):
            assert not [canary for canary in canaries if canary in said], name


def test_s35_a_child_with_a_licence_sees_themselves_and_no_parent(cast, parents, browse):
    hana, karim = parents
    amira = factories.user(first_name="Amira", last_name="Haddad", username="amira.h", email="")
    link = NewLink(amira.pk, cast.amira.pk, PUPIL.code, None, timezone.localdate())
    families.connect([link], by=cast.as_ada)
    page = browse(amira).get(f"/children/{cast.amira.pk}/")
    assert page.status == 200
    for parent in (hana, karim):
        assert parent.email not in page.text
        assert parent.first_name not in page.text


def test_s35_a_restricted_super_user_learns_of_no_family(cast, parents, browse):
    factories.restriction(cast.ada, cast.amira)
    browser = browse(cast.ada)
    for address in (
        "/settings/users/", f"/settings/users/{parents[0].pk}/", "/settings/restrictions/",
        f"/settings/users/{parents[0].pk}/pupils/", "/settings/restrictions/waiting/",
    ):  # fmt: skip
        assert b"Amira" not in browser.get(address).bytes
    assert browser.get(f"/pupils/{cast.amira.pk}/family/connect/").status == 404
    assert "Sees 1 pupil" in browser.get(f"/settings/users/{parents[0].pk}/").text.replace(
        "\xa0", " "
    )


def test_s35_staff_who_are_family_are_told_of_no_other_of_it(cast, parents, browse):
    factories.grant(cast.liam, PARENT, pupil=cast.amira)

    pages = [
        browse(cast.liam).get(f"/pupils/{cast.amira.pk}/{more}").text
        for more in ("", "who/", "who/?on=" + timezone.localdate().strftime("%d/%m/%Y"))
    ]

    for page in pages:
        assert "Hana" not in page
        assert "Sara Lind" in page or "Sara" in page  # who works with the child is told as before
    assert "You are family of this child yourself" in pages[0]
