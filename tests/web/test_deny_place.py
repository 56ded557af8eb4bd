"""An LA Super User makes somebody inactive at one school: it bites in the other browser at once."""

from __future__ import annotations

import pytest
from django.utils import timezone

from schoolgate.access.actions import allow, deny
from schoolgate.access.models import Denial
from schoolgate.access.roles import DESIGNATED_TEACHER
from schoolgate.access.why import why
from schoolgate.audit.actions import SYSTEM
from schoolgate.people import invitations
from schoolgate.people.models import Invitation
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def make_inactive(browser, user, at):
    """On the user's page in Settings."""
    return browser.post(f"/settings/users/{user.pk}/make-inactive/", at=at, follow=True)


def test_s4_a_denial_over_a_school_bites_on_the_next_request(school, browse):
    cast = school.cast
    factories.grant(school.nia, DESIGNATED_TEACHER, school=cast.brook)
    ada, nia = browse(cast.ada), browse(school.nia)
    staff = f"/school/{cast.abbey.pk}/staff/"
    assert nia.get(staff).status == 200
    assert nia.get(f"/pupils/{cast.ben.pk}/").status == 200

    page = make_inactive(ada, school.nia, cast.abbey.pk)
    assert "Nia Bevan is now inactive at Abbey Primary School." in page.text
    assert "what they hold there sleeps" in page.text
    # Whoever still holds something elsewhere signs in anew, for that alone.
    for address in (staff, f"/pupils/{cast.ben.pk}/", "/pupils/"):
        assert nia.get(address).leads_to.startswith("/sign-in/")
    nia = browse(school.nia)
    assert nia.get(staff).status == nia.get(f"/pupils/{cast.ben.pk}/").status == 404
    assert nia.get(f"/pupils/{cast.carys.pk}/").status == 200
    assert seen_by(school.nia) == "Carys"

    page = ada.post(page.link("Reactivate"), follow=True)
    assert "Nia Bevan is active again at Abbey Primary School." in page.text
    assert seen_by(school.nia) == "Amira Ben Carys Dylan"


def test_s1_s2_who_holds_nothing_else_is_signed_out_for_good(school, browse):
    cast = school.cast
    ada, nia = browse(cast.ada), browse(school.nia)
    assert nia.get("/pupils/").status == 200
    make_inactive(ada, school.nia, cast.abbey.pk)
    assert nia.get("/pupils/").leads_to.startswith("/sign-in/")
    allow([school.nia.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    assert nia.get("/pupils/").leads_to.startswith("/sign-in/")
    assert browse(school.nia).get("/pupils/").status == 200


@pytest.mark.parametrize("elsewhere", [False, True])
def test_s3_a_link_dies_with_a_denial_over_a_school(school, browse, elsewhere):
    cast = school.cast
    if elsewhere:
        factories.grant(school.nia, DESIGNATED_TEACHER, school=cast.brook)
    invitations.invite([school.nia.pk], by=SYSTEM)
    live = Invitation.objects.get(user=school.nia, ended_at=None)
    token = invitations.make_tokens({live.pk: live.email_key}, at=timezone.now())[live.pk].token
    visitor = browse(None)
    assert "password" in visitor.get(f"/invitation/{token}/").text.lower()
    make_inactive(browse(cast.ada), school.nia, cast.abbey.pk)
    allow([school.nia.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    page = visitor.post(f"/invitation/{token}/", password="correct horse battery staple")
    assert page.status != 302
    school.nia.refresh_from_db()
    assert not school.nia.has_usable_password()


def test_everywhere_is_what_a_form_without_a_choice_means(school, browse):
    cast = school.cast
    browse(cast.ada).post(f"/settings/users/{school.nia.pk}/make-inactive/")
    assert Denial.objects.get().establishment is None
    page = browse(cast.ada).post(
        f"/settings/users/{school.lena.pk}/make-inactive/", at=cast.brook.pk
    )
    assert "Choose again: Lena Fischer holds nothing there any more." in page.text
    assert Denial.objects.count() == 1
    address = f"/settings/users/{school.lena.pk}/reactivate/"
    assert browse(cast.ada).get(address, at=cast.brook.pk).status == 404


def test_why_names_the_school_at_which_somebody_is_inactive(school, browse):
    cast = school.cast
    deny([cast.dora.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    found = why(cast.dora.pk, cast.amira.pk)
    assert found.sentence() == (
        "No, Dora Teague cannot see Amira Haddad: what they hold at the child's school sleeps:"
        " they have been made inactive there."
    )
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert "What Dora Teague holds at Abbey Primary School sleeps" in page.text
    allow([cast.dora.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert "Made inactive at Abbey Primary School" in page.text
    assert why(cast.dora.pk, cast.amira.pk).answer
