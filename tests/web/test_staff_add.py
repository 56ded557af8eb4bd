"""My school > Staff > Add (PP2): somebody whom no sync brings, with their level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schoolgate.access.models import Grant
from schoolgate.access.roles import SCHOOL_ADMIN
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending
from schoolgate.outbox.models import Mail
from schoolgate.people.actions import remove_users
from schoolgate.people.models import Invitation, StaffRecord, SyncStatus, User
from tests import factories
from tests.cast import seen_by

if TYPE_CHECKING:
    from tests.school import School
    from tests.web.browsing import Browser, Page

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def address(school: School) -> str:
    return f"/school/{school.cast.abbey.pk}/staff/add/"


def typed(**changes: Any) -> dict[str, Any]:
    """Gwen, to be invited; without the fields that are None."""
    form = {
        "first_name": "Gwen", "last_name": "Pryce", "email": "gwen@abbey.example",
        "job_title": "Head of Maths", "phone": "", "leads": "none", "invite": "on", **changes,
    }  # fmt: skip
    return {name: value for name, value in form.items() if value is not None}


def checked(browser: Browser, school: School, **changes: Any) -> Page:
    return browser.post(address(school), step="check", **typed(**changes))


def saved(browser: Browser, page: Page, school: School, **changes: Any) -> Page:
    shown = {"shown": page.hidden()["shown"]}
    return browser.post(address(school), step="save", **{**typed(**changes), **shown})


def gwen() -> User:
    return User.objects.get(email_key="gwen@abbey.example", gone_at__isnull=True)


def test_somebody_is_added_as_was_shown_and_invited(school, browse, views_of):
    nia = browse(school.nia)
    change = {"leads": "some", "subjects": [str(school.maths.pk)]}
    page = checked(nia, school, **change)
    assert "They would see 2" in page.text
    assert "Leader of Maths" in page.text
    assert "On the staff of Abbey Primary School" in page.text
    (event,) = views_of(school.nia)
    assert {int(pk) for pk in event.pupils.split(",")} == {school.cast.ben.pk, school.cast.dylan.pk}
    assert not User.objects.filter(first_name="Gwen").exists()

    page = saved(nia, page, school, **change)
    assert page.leads_to == f"/school/{school.cast.abbey.pk}/staff/"
    post = StaffRecord.objects.get(user=gwen())
    assert (post.establishment, post.sync) == (school.cast.abbey, SyncStatus.UNSYNCHRONISED)
    assert seen_by(gwen()) == "Ben Dylan"
    assert gwen().workplace == school.cast.abbey
    assert Invitation.objects.filter(user=gwen(), ended_at=None).count() == 1
    assert Mail.objects.get(user_id=gwen().pk).kind == "invitation"
    assert "Gwen Pryce has been added." in nia.get(page.leads_to).text
    assert Event.objects.filter(user_id=gwen().pk).values("batch_id").distinct().count() == 1


def test_no_invitation_when_unticked_and_no_level_unless_chosen(school, browse):
    nia = browse(school.nia)
    saved(nia, checked(nia, school, invite=None), school, invite=None)
    assert not Invitation.objects.exists()
    assert not Grant.objects.filter(user=gwen()).exists()


def test_an_administrator_is_added_in_one_step(school, browse):
    nia = browse(school.nia)
    saved(nia, checked(nia, school, admin="on"), school, admin="on")
    assert Grant.objects.get(user=gwen()).role == SCHOOL_ADMIN.code
    assert seen_by(gwen()) == "Amira Ben Dylan"


def test_s31_a_school_admin_makes_no_finance_manager(school, browse):
    nia, ada = browse(school.nia), browse(school.cast.ada)
    saved(nia, checked(nia, school, finance="on"), school, finance="on")
    assert not Grant.objects.filter(user=gwen()).exists()
    change = {"email": "two@abbey.example", "finance": "on"}
    saved(ada, checked(ada, school, **change), school, **change)
    two = User.objects.get(email="two@abbey.example")
    assert Grant.objects.get(user=two).role == "finance_manager"


@pytest.mark.parametrize("name", ["sara", "ada", "dora", "bo", "noor"])
def test_of_an_address_that_is_not_theirs_nothing_more_is_told(school, browse, name):
    person = school.bo if name == "bo" else getattr(school.cast, name)
    page = checked(browse(school.nia), school, email=person.email.upper())
    assert (
        "Enter another e-mail address, or ask an LA Super User to add this person: this address"
        " cannot be added here." in page.text
    )
    assert person.last_name not in page.text
    assert "on the staff" not in page.text
    sent = browse(school.nia).post(address(school), step="take", **typed(email=person.email))
    assert sent.status == 200
    assert not StaffRecord.objects.filter(user=person).exists()


def test_an_la_super_user_is_told_and_puts_them_on_the_staff(school, browse):
    ada, noor = browse(school.cast.ada), school.cast.noor
    page = checked(ada, school, email=noor.email)
    assert "Noor Rahman has this e-mail address." in page.text
    assert "Put Noor Rahman on the staff" in page.text
    sent = ada.post(address(school), step="take", **typed(email=noor.email))
    assert sent.leads_to == f"/school/{school.cast.abbey.pk}/staff/{noor.pk}/edit/"
    assert StaffRecord.objects.get(user=noor).establishment == school.cast.abbey
    assert ada.get(sent.leads_to).status == 200
    again = ada.post(address(school), step="take", **typed(email=noor.email))
    assert again.status == 302
    assert StaffRecord.objects.filter(user=noor).count() == 1


def test_of_ones_own_staff_one_is_led_to_the_person(school, browse):
    page = checked(browse(school.nia), school, email=school.una.email)
    edit = f"/school/{school.cast.abbey.pk}/staff/{school.una.pk}/edit/"
    assert page.link("They are on the staff already: edit Una Kerr") == edit


def test_what_only_looks_like_anothers_or_was_deleted_is_a_question_that_names_nobody(
    school, browse
):
    nia, ada = browse(school.nia), browse(school.cast.ada)
    factories.user(first_name="Old", last_name="Secretive", email="gone@abbey.example")
    gone = User.objects.get(email="gone@abbey.example")
    remove_users([gone.pk], how=Ending.REMOVED, by=school.cast.as_ada)
    for email in ("gone@abbey.example", "s\u0430ra@council.example"):
        page = checked(nia, school, email=email)
        assert "Questions to answer first" in page.text
        assert "Secretive" not in page.text
        assert "Lindqvist" not in page.text
        refused = saved(nia, page, school, email=email)
        assert refused.status == 200
        assert not User.objects.filter(first_name="Gwen").exists()
        assert "Secretive" in checked(ada, school, email="gone@abbey.example").text


def test_sent_twice_one_person_is_added(school, browse):
    nia = browse(school.nia)
    page = checked(nia, school)
    saved(nia, page, school)
    again = saved(nia, page, school)
    assert again.status == 200
    assert "Gwen Pryce has this e-mail address." in again.text
    assert User.objects.filter(first_name="Gwen").count() == 1
    assert Mail.objects.filter(user_id=gwen().pk).count() == 1
