"""A child's family on their page, a user's children on theirs, and both changed by hand (ITS7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import families
from schoolgate.access.families import NewFact, NewLink
from schoolgate.access.models import Fact, FamilyFact, Grant
from schoolgate.access.roles import PARENT, SOCIAL_WORKER
from schoolgate.people.models import Invitation, User
from tests import factories
from tests.cast import seen_by
from tests.web.families import through

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def grant_of(user) -> Grant:
    return Grant.objects.get(user=user, role=PARENT.code, ended_at__isnull=True)


def test_the_family_of_a_child_stands_on_their_page(cast, hana, browse):
    row = NewFact(hana.pk, cast.amira.pk, Fact.LIVES_WITH, True, timezone.localdate())
    families.set_facts([row], by=cast.as_ada)
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/")
    lines = [line for line in page.rows() if "Parent/Guardian Mother" in line]
    assert [line[0] for line in lines] == ["Hana Haddad Not signed in yet"]
    assert "Parental responsibility: not known" in lines[0][2]
    assert "Lives with: Yes, since" in lines[0][2]
    assert "By hand, Ada Osei" in lines[0][3]


@pytest.mark.parametrize("who", ["liam", "sara", "dora"])
def test_others_who_see_everything_read_it_and_change_nothing(cast, hana, browse, who):
    browser = browse(getattr(cast, who))
    page = browser.get(f"/pupils/{cast.amira.pk}/")
    assert "Hana Haddad" in page.text
    assert "Connect somebody" not in page.text
    for address in ("connect/", "add/", f"{grant_of(hana).pk}/", f"{grant_of(hana).pk}/remove/"):
        assert browser.get(f"/pupils/{cast.amira.pk}/family/{address}").status == 404
        assert browser.post(f"/pupils/{cast.amira.pk}/family/{address}").status == 404
    assert grant_of(hana)


def test_a_parent_is_connected_from_the_childs_page(cast, browse):
    factories.user(first_name="Karim", last_name="Haddad", email="karim@example.org")
    shown, page = through(
        browse(cast.ada), f"/pupils/{cast.amira.pk}/family/connect/",
        user="karim@example.org", relationship="Father",
    )  # fmt: skip
    assert "Nothing has been saved yet." in shown.text
    assert "They would see 1 child" in shown.text.replace("\xa0", " ")
    assert "Karim Haddad is connected to Amira Haddad now." in page.text
    karim = User.objects.get(email_key="karim@example.org")
    assert seen_by(karim) == "Amira"
    assert grant_of(karim).relationship == "Father"


def test_a_parent_is_connected_from_their_own_page(cast, hana, browse):
    upn = cast.ben.identifiers.get().value
    shown, page = through(
        browse(cast.ada), f"/settings/users/{hana.pk}/children/connect/", pupil=upn
    )
    assert "Ben Fielding" in shown.text
    assert "Hana Haddad is connected to Ben Fielding now." in page.text
    assert seen_by(hana) == "Amira Ben"
    assert {"Amira Haddad", "Ben Fielding"} <= {row[0] for row in page.rows()}


def test_s35_a_child_whom_the_reader_may_not_see_is_connected_by_nobody(cast, hana, browse):
    factories.restriction(cast.ada, cast.ben)
    browser = browse(cast.ada)
    assert browser.get(f"/pupils/{cast.ben.pk}/family/connect/").status == 404
    for typed in (cast.ben.identifiers.get().value, f"Pupil number {cast.ben.pk}"):
        page = browser.post(
            f"/settings/users/{hana.pk}/children/connect/",
            step="check", licence=PARENT.code, pupil=typed,
        )  # fmt: skip
        assert "you see no pupil whose last name or UPN" in page.text
        assert "Fielding" not in page.text


def test_who_is_connected_already_is_not_connected_again(cast, hana, browse):
    page = browse(cast.ada).post(
        f"/pupils/{cast.amira.pk}/family/connect/",
        step="check", licence=PARENT.code, user="hana@example.org",
    )  # fmt: skip
    assert "Hana Haddad is connected to Amira Haddad as Parent/Guardian already." in page.text
    assert Grant.objects.filter(user=hana).count() == 1


def test_a_connection_that_was_removed_asks_and_says_who_removed_it(cast, hana, browse):
    browser = browse(cast.ada)
    removing = f"/pupils/{cast.amira.pk}/family/{grant_of(hana).pk}/remove/"
    assert "Remove Hana Haddad from Amira Haddad?" in browser.get(removing).text
    assert seen_by(hana) == "Amira"
    assert "no longer connected" in browser.post(removing, follow=True).text
    assert seen_by(hana) == ""
    address = f"/pupils/{cast.amira.pk}/family/connect/"
    shown, page = through(browser, address, user="hana@example.org")
    assert "Ada Osei removed Hana Haddad from Amira Haddad on" in shown.text
    assert "Tick “Yes, Hana Haddad and Amira Haddad" in page.text
    assert seen_by(hana) == ""
    gone = Grant.objects.filter(user=hana).latest("pk")
    yes = {"yes": f"removed-{gone.pk}"}
    through(browser, address, user="hana@example.org", more=yes)
    assert seen_by(hana) == "Amira"


def test_what_has_changed_since_it_was_shown_is_shown_again(cast, hana, browse):
    browser, address = browse(cast.ada), f"/pupils/{cast.ben.pk}/family/connect/"
    shown = browser.post(address, step="check", licence=PARENT.code, user="hana@example.org")
    factories.restriction(hana, cast.ben)
    page = browser.post(address, **{**shown.hidden(), "step": "save"})
    assert "Look again before you save" in page.text
    assert seen_by(hana) == "Amira"


def test_somebody_new_is_added_with_an_address_or_a_user_name(cast, browse):
    browser, address = browse(cast.ada), f"/pupils/{cast.amira.pk}/family/add/"
    names = {"first_name": "Nadia", "last_name": "Haddad", "phone": ""}
    through(browser, address, **names, email="nadia@example.org", username="", invite="on")
    nadia = User.objects.get(email_key="nadia@example.org")
    assert seen_by(nadia) == "Amira"
    assert Invitation.objects.filter(user=nadia).exists()
    other = names | {"first_name": "Omar"}
    _, page = through(browser, address, **other, email="", username="omar.h")
    assert "Omar Haddad is connected to Amira Haddad now." in page.text
    assert seen_by(User.objects.get(username_key="omar.h")) == "Amira"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"email": ""}, "Enter an e-mail address, or a user name for somebody who has none."),
        ({"email": "dora@abbey.example"}, "Connect Dora Teague instead, if it is the same person"),
        ({"email": "", "username": "Dora@abbey.example"}, "Enter a user name without @"),
        ({"email": "", "username": "HANA.H"}, "Enter another user name"),
        ({"email": "", "username": "n", "invite": "on"}, "Take the tick away"),
        ({"ends_on": "01/01/2020"}, "Enter a last day that is not before the first."),
        ({"licence": "la_super_user"}, "Choose one of the licence types."),
        ({"first_name": ""}, "Enter a first name."),
    ],
)
def test_mistakes_are_named_and_nothing_is_lost(cast, browse, change, sentence):
    factories.user(first_name="Hana", last_name="Ali", email="", username="hana.h")
    fields = {
        "first_name": "Nadia", "last_name": "Haddad", "email": "nadia@example.org",
        "username": "", "phone": "", "licence": PARENT.code, "relationship": "Aunt",
        "starts_on": "", "ends_on": "", **change,
    }  # fmt: skip
    page = browse(cast.ada).post(f"/pupils/{cast.amira.pk}/family/add/", step="check", **fields)
    assert sentence in page.text
    assert page.title.startswith("Error: ")
    assert b"Aunt" in page.bytes
    assert not Grant.objects.filter(role=PARENT.code).exists()


def test_facts_are_put_on_record_and_only_what_was_changed(cast, hana, browse):
    browser = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/family/{grant_of(hana).pk}/"
    began = browser.get(address).hidden()
    form = {"relationship": "Foster carer", "contact": "yes", "contact-since": "01/02/2026"}
    page = browser.post(address, follow=True, **began, **form)
    assert "What is known of Hana Haddad and Amira Haddad has been saved." in page.text
    assert "Contact allowed: Yes, since 1 February 2026" in page.text
    assert "Foster carer" in page.text
    again = browser.get(address)
    assert 'value="01/02/2026"' in again.bytes.decode()
    form |= {"lives-with": "no", "contact-until": ""}
    browser.post(address, **again.hidden(), **form)
    live = FamilyFact.objects.filter(ended_at__isnull=True).order_by("pk")
    assert [(one.fact, one.holds) for one in live] == [("contact", True), ("lives-with", False)]
    assert not FamilyFact.objects.filter(ended_at__isnull=False).exists()
    browser.post(address, **browser.get(address).hidden(), relationship="", **{"lives-with": ""})
    assert not FamilyFact.objects.filter(ended_at__isnull=True).exists()
    assert grant_of(hana).relationship is None


def test_s57_a_stale_edit_of_facts_is_refused_and_loses_nothing(cast, hana, browse):
    browser = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/family/{grant_of(hana).pk}/"
    began = browser.get(address).hidden()
    families.set_relationship([(grant_of(hana).pk, "Grandmother")], by=cast.as_ada)
    page = browser.post(address, **began, relationship="Foster carer", contact="no")
    assert "somebody has changed this since you opened it" in page.text
    assert "Grandmother" in page.text
    assert b'value="Foster carer"' in page.bytes
    assert grant_of(hana).relationship == "Grandmother"
    assert not FamilyFact.objects.exists()
    browser.post(address, **page.hidden(), relationship="Foster carer", contact="no")
    assert grant_of(hana).relationship == "Foster carer"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"contact": "perhaps"}, "Choose Yes, No or Not known."),
        ({"contact": "yes", "contact-since": "soon"}, "in place of “soon”"),
        ({"contact": "yes", "contact-until": "01/01/2020"}, "Enter a last day that is not before"),
    ],
)
def test_mistakes_in_facts_are_named(cast, hana, browse, change, sentence):
    browser = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/family/{grant_of(hana).pk}/"
    page = browser.post(address, **browser.get(address).hidden(), relationship="Aunt", **change)
    assert sentence in page.text
    assert grant_of(hana).relationship == "Mother"
    assert not FamilyFact.objects.exists()


def test_a_connection_of_another_child_is_a_missing_page(cast, hana, browse):
    social = Grant.objects.get(user=cast.sara, pupil=cast.amira)
    for pupil, grant in ((cast.ben, grant_of(hana)), (cast.amira, social)):
        for end in ("", "remove/"):
            page = browse(cast.ada).post(f"/pupils/{pupil.pk}/family/{grant.pk}/{end}")
            assert page.status == 404
    assert seen_by(hana) == "Amira"
    assert seen_by(cast.sara) == "Amira Eve"


def test_s35_children_kept_from_the_reader_are_not_named_on_a_users_page(cast, hana, browse):
    link = NewLink(hana.pk, cast.ben.pk, PARENT.code, "Mother", timezone.localdate())
    families.connect([link], by=cast.as_ada)
    factories.restriction(cast.ada, cast.amira)
    page = browse(cast.ada).get(f"/settings/users/{hana.pk}/")
    assert "Amira" not in page.text
    assert {"Ben Fielding", "A pupil whom you may not see"} <= {row[0] for row in page.rows()}


def test_a_user_with_a_role_and_a_child_has_both_lists(cast, browse):
    factories.grant(cast.sara, PARENT, pupil=cast.ben)
    page = browse(cast.ada).get(f"/settings/users/{cast.sara.pk}/")
    (child,) = [row for row in page.rows() if row[0] == "Ben Fielding"]
    assert child[1] == "Parent/Guardian"
    assert [row[1] for row in page.rows() if row[0] == "Amira Haddad"] == [SOCIAL_WORKER.name]


def test_the_table_of_users_filters_by_licence(cast, hana, browse):
    page = browse(cast.ada).get("/settings/users/", role=PARENT.code)
    assert [row[0] for row in page.rows()] == ["Tick Hana Haddad"]


@pytest.mark.parametrize("more", [0, 3])
def test_query_count_of_a_family(cast, hana, browse, count_queries, more):
    for _ in range(more):
        user = factories.user()
        families.connect(
            [NewLink(user.pk, cast.amira.pk, PARENT.code, "Aunt", timezone.localdate())],
            by=cast.as_ada,
        )
        row = NewFact(user.pk, cast.amira.pk, Fact.CONTACT, True, timezone.localdate())
        families.set_facts([row], by=cast.as_ada)
    browser = browse(cast.ada)
    with count_queries(41, events=1):
        browser.get(f"/pupils/{cast.amira.pk}/")


def test_a_connection_that_is_over_or_yet_to_begin_says_so(cast, hana, browse):
    today, day = timezone.localdate(), timedelta(days=1)
    for name, since, until in (("Ovid", today - 9 * day, today - day), ("Ned", today + day, None)):
        user = factories.user(first_name=name, last_name="Haddad")
        factories.grant(user, PARENT, pupil=cast.amira, since=since, until=until)
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/")
    named = {row[0] for row in page.rows()}
    assert "Ovid Haddad Over Not signed in yet" in named
    assert "Ned Haddad Not yet Not signed in yet" in named


def test_s35_a_users_page_says_from_whom_they_are_kept_as_far_as_the_reader_may_see(
    cast, hana, browse, views_of
):
    today = timezone.localdate()
    factories.restriction(hana, cast.eve)
    factories.restriction(hana, cast.carys)
    factories.restriction(hana, cast.ben, since=today - timedelta(9), until=today - timedelta(1))
    factories.restriction(cast.ada, cast.carys)
    page = browse(cast.ada).get(f"/settings/users/{hana.pk}/")
    assert "Kept from Eve O’Connor from" in page.text
    for name in ("Carys", "Ben"):
        assert name not in page.text
    (event,) = views_of(cast.ada)
    assert set(event.pupils.split(",")) == {str(cast.amira.pk), str(cast.eve.pk)}


def test_editing_a_parent_leaves_their_children_alone(cast, hana, browse):
    browser, address = browse(cast.ada), f"/settings/users/{hana.pk}/edit/"
    form = {
        "first_name": "Hana", "last_name": "Ali", "email": "hana@example.org", "phone": "",
        "job_title": "", "establishment": "", "add_school": "", "status": "active",
    }  # fmt: skip
    began = browser.get(address).hidden()
    shown = browser.post(address, **form | began | {"step": "check"})
    browser.post(address, **shown.hidden() | {"step": "save"})
    assert User.objects.get(pk=hana.pk).last_name == "Ali"
    assert seen_by(hana) == "Amira"


def test_a_connection_is_removed_from_the_users_page_too(cast, hana, browse):
    address = f"/settings/users/{hana.pk}/grants/{grant_of(hana).pk}/remove/"
    page = browse(cast.ada).get(address)
    assert "Hana Haddad no longer sees this child as Parent/Guardian." in page.text
    browse(cast.ada).post(address)
    assert seen_by(hana) == ""
