"""What is done with members of staff: one, the ticked ones, or all who match (PP4)."""

from __future__ import annotations

import re

import pytest

from schoolgate.access.actions import allow, deny, shut_out
from schoolgate.access.models import Grant
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    LA_SUPER_USER,
    LEADER,
    SCHOOL_ADMIN,
    SOCIAL_WORKER,
)
from schoolgate.access.staff_list import Held
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import EventBatch
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, StaffRecord, SyncStatus, User
from schoolgate.web.views import staff_act, staff_deeds
from tests import factories
from tests.cast import seen_by
from tests.web.browsing import masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def staff(cast) -> str:
    return f"/school/{cast.abbey.pk}/staff/"


def asks(staff: str, deed: str, *people: User, **question: object) -> str:
    """The address that asks before a deed is done with these people, or with all who match."""
    who = "ticked" if people else "match"
    ticks = "".join(f"&tick={person.pk}" for person in people)
    more = "".join(f"&{name}={value}" for name, value in question.items())
    return f"{staff}act/?do={deed}&who={who}{ticks}{more}"


def does(browser, address: str, *, follow: bool = False):
    """Opens the page that asks, and sends its form."""
    return browser.post(address, follow=follow, **browser.get(address).hidden())


def offered(page, person: User) -> list[str]:
    """What the menu in the row of somebody offers."""
    menu = page.bytes.decode().split(f'id="menu-{person.pk}"')
    if len(menu) == 1:
        return []
    words = re.findall(r'<a class="sg-menu__link"[^>]*>([^<]*)', menu[1].split("</ul>")[0])
    return [word for word in words if word not in ("Edit", "How they sign in")]


def invited() -> list[str]:
    """The last names of those with a live invitation."""
    live = Invitation.objects.filter(ended_at=None).values("user_id")
    return sorted(User.objects.filter(pk__in=live).values_list("last_name", flat=True))


def test_each_row_offers_just_what_applies(school, browse, staff, with_password):
    with_password(school.lena)
    invitations.invite([school.tariq.pk], by=SYSTEM)
    factories.grant(school.una, SCHOOL_ADMIN, school=school.cast.abbey)
    page = browse(school.nia).get(staff)
    assert offered(page, school.nia) == ["Send invitation email"]
    assert offered(page, school.lena) == ["Upgrade to administrator", "Make inactive", "Delete"]
    assert offered(page, school.tariq) == [
        "Resend invitation email", "Cancel invitation", "Upgrade to administrator",
        "Make inactive",
    ]  # fmt: skip
    assert offered(page, school.una) == [
        "Send invitation email", "Take administrator away", "Make inactive", "Delete",
    ]  # fmt: skip
    # A Finance Manager's account is not a School Admin's to manage.
    assert offered(page, school.femi) == ["Upgrade to administrator", "Make inactive"]
    assert offered(browse(school.cast.ada).get(staff), school.femi) == [
        "Send invitation email", "Upgrade to administrator", "Make inactive", "Delete",
    ]  # fmt: skip
    deny([school.lena.pk], by=school.as_nia, establishment_id=school.cast.abbey.pk)
    page = browse(school.nia).get(staff)
    assert offered(page, school.lena) == ["Reactivate", "Delete"]


def test_inviting_the_ticked_ones_says_who_is_left_out_and_why(
    school, browse, staff, with_password, settings
):
    settings.MAIL = "smtp://127.0.0.1"
    with_password(school.lena)
    deny([school.una.pk], by=school.as_nia, establishment_id=school.cast.abbey.pk)
    nobody = factories.user(last_name="Unreachable", email="", username="zed.1")
    factories.post(nobody, school.cast.abbey)
    address = asks(staff, "invite", school.nia, school.lena, school.una, school.femi, nobody)
    nia = browse(school.nia)
    page = nia.get(address)
    for words in (
        "Send an invitation email to Nia Bevan?",
        "Ticked 5 in the staff list",
        "1 person: set up already Lena Fischer",
        "1 person: inactive Una Kerr",
        "1 person: no e-mail address to send it to Una Unreachable",
        "have a role that you could not give: ask an LA Super User Femi Ojo",
    ):
        assert words in page.text
    assert invited() == [], "looking sends nothing"
    done = nia.post(address, follow=True, **page.hidden())
    assert "1 invitation is on its way." in done.text
    assert invited() == ["Bevan"]
    assert EventBatch.objects.latest("pk").actor_id == school.nia.pk


def test_all_who_match_and_nobody_else(school, browse, staff):
    nia = browse(school.nia)
    table = nia.get(staff, sync="unsynchronised", sort="-name")
    assert table.hidden() == {"sync": "unsynchronised", "sort": "-name"}
    assert "With the one that matches" in table.text
    answer = does(nia, asks(staff, "invite", sync="unsynchronised", sort="-name"))
    assert answer.leads_to == f"{staff}?sync=unsynchronised&sort=-name"
    assert invited() == ["Kerr"]
    does(nia, asks(staff, "invite", q="fi"))
    assert invited() == ["Fischer", "Kerr"]
    page = nia.get(asks(staff, "invite"))
    assert "Staff Everybody on the staff list" in page.text
    nia.post(asks(staff, "invite"), **page.hidden())
    assert invited() == ["Aziz", "Bevan", "Fischer", "Kerr"]


def test_upgrade_to_administrator_and_back(school, browse, staff):
    nia, lena = browse(school.nia), browse(school.lena)
    assert lena.get(staff).status == 404
    page = does(nia, asks(staff, "upgrade", school.lena), follow=True)
    assert "Lena Fischer is now administrator of Abbey Primary School." in page.text
    assert lena.get(staff).status == 200
    assert seen_by(school.lena) == "Amira Ben Dylan"
    does(nia, asks(staff, "downgrade", school.lena))
    assert lena.get(staff).status == 404
    assert seen_by(school.lena) == "Amira Ben"
    assert Grant.objects.get(user=school.lena, role="school_admin").ended_how == "removed"


def test_make_inactive_and_reactivate_bite_at_once(school, browse, staff):
    nia, lena = browse(school.nia), browse(school.lena)
    assert lena.get("/pupils/").status == 200
    does(nia, asks(staff, "deactivate", school.lena))
    assert lena.get("/pupils/").leads_to.startswith("/sign-in/")
    assert seen_by(school.lena) == ""
    page = does(nia, asks(staff, "reactivate", school.lena), follow=True)
    assert "Lena Fischer is active again." in page.text
    assert lena.get("/pupils/").leads_to.startswith("/sign-in/"), "no old session lives again"
    assert browse(school.lena).get("/pupils/").status == 200


def test_many_are_made_inactive_here_and_keep_what_they_hold_elsewhere(school, browse, staff):
    theo, abbey = school.cast.theo, school.cast.abbey
    page = does(browse(school.nia), asks(staff, "deactivate", school.una, theo), follow=True)
    assert "2 people are now inactive." in page.text
    assert seen_by(theo) == "Carys"
    assert shut_out([school.una.pk, theo.pk]) == {school.una.pk}
    allow([theo.pk], by=SYSTEM, establishment_id=abbey.pk)
    assert seen_by(theo) == "Amira Carys"


def test_whom_an_la_super_user_made_inactive_only_one_reactivates(school, browse, staff):
    abbey = school.cast.abbey.pk
    deny([school.una.pk], by=school.cast.as_ada, establishment_id=abbey)
    deny([school.femi.pk], by=SYSTEM, establishment_id=abbey)
    assert offered(browse(school.nia).get(staff), school.femi) == []
    deny([school.lena.pk], by=school.cast.as_ada)
    deny([school.tariq.pk], by=school.as_nia, establishment_id=abbey)
    people = (school.una, school.lena, school.tariq)
    nia = browse(school.nia)
    assert [offered(nia.get(staff), one) for one in people] == [
        ["Delete"],
        ["Delete"],
        ["Reactivate"],
    ]
    address = asks(staff, "reactivate", *people)
    assert "2 people: made inactive by an LA Super User: ask one" in nia.get(address).text
    does(nia, address)
    assert shut_out([one.pk for one in people]) == {school.una.pk, school.lena.pk}
    does(browse(school.cast.ada), asks(staff, "reactivate", school.una))
    assert shut_out([one.pk for one in people]) == {school.lena.pk}


def test_delete_is_for_who_is_not_synchronised(school, browse, staff):
    nia = browse(school.nia)
    address = asks(staff, "delete", school.una, school.tariq, school.nia, school.femi)
    page = nia.get(address)
    assert "Delete Una Kerr?" in page.text
    assert "cannot be undone" in page.text
    assert "1 person: synchronised: " in page.text
    assert "1 person: you yourself: ask another administrator Nia Bevan" in page.text
    nia.post(address, **page.hidden())
    gone = User.objects.exclude(gone_at=None)
    assert [user.last_name for user in gone] == ["Kerr"]
    assert not StaffRecord.objects.filter(user=school.una, ended_at=None).exists()
    factories.grant(school.bo, LEADER, subject=school.maths)
    record = StaffRecord.objects.get(user=school.tariq, ended_at=None)
    record.sync = SyncStatus.NOT_SYNCING
    record.save()
    assert "Delete Tariq Aziz?" in nia.get(asks(staff, "delete", school.tariq)).text
    assert "it can be done with nobody" in nia.get(asks(staff, "delete", school.bo)).text


def test_nobody_does_it_to_themselves(school, browse, staff):
    factories.grant(school.cast.ada, SCHOOL_ADMIN, school=school.cast.abbey)
    for person in (school.nia, school.cast.ada):
        for deed in ("downgrade", "deactivate", "delete"):
            browser, address = browse(person), asks(staff, deed, person)
            assert "you yourself: ask another administrator" in browser.get(address).text
            assert browser.post(address, shown="").status == 200
    assert not shut_out([school.nia.pk, school.cast.ada.pk])
    assert Grant.objects.filter(role="school_admin", ended_at__isnull=False).count() == 0


@pytest.mark.parametrize("deed", ["invite", "delete"])
def test_s62_a_school_admin_does_not_touch_the_account_of_somebody_with_more_roles(
    school, browse, staff, deed
):
    """An LA Super User, a social worker, and somebody of another school, who work here too."""
    more = {
        "super": (LA_SUPER_USER, {}),
        "social": (SOCIAL_WORKER, {"pupil": school.cast.ben}),
        "other": (LEADER, {"subject": factories.subject(school.cast.brook, "Art")}),
        "teacher": (DESIGNATED_TEACHER, {"school": school.cast.abbey}),
    }
    people = []
    for name, (role, place) in more.items():
        person = factories.user(last_name=name.title())
        factories.post(person, school.cast.abbey)
        factories.grant(person, role, **place)
        people.append(person)
    nia = browse(school.nia)
    table = nia.get(staff)
    for person in people:
        assert offered(table, person) == ["Upgrade to administrator", "Make inactive"]
        address = asks(staff, deed, person)
        page = nia.get(address)
        assert "it can be done with nobody of these" in page.text
        assert "csrfmiddlewaretoken" not in page.bytes.decode().split("<main")[1]
        assert nia.post(address, shown=_any_mark(deed, person)).status == 200
    assert invited() == []
    assert not User.objects.exclude(gone_at=None).exists()


def _any_mark(deed: str, person: User) -> str:
    """The mark that a page would have had that lets the deed be done with them."""
    one = staff_deeds.Member(person, Held(), managed=True, above=False, is_reader=False)
    return staff_act.Asked(staff_deeds.DEEDS[deed], [], [one], []).mark


def test_s62_the_actions_refuse_what_the_page_would_not_offer(school):
    from schoolgate.access.accounts import cancel_invitations, delete_users, invite_users

    nia = user_actor(school.nia.pk)
    for action in (invite_users, cancel_invitations, delete_users):
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            action([school.una.pk, school.femi.pk], by=nia)


def test_s42_others_than_were_shown_are_asked_about_again(school, browse, staff):
    nia = browse(school.nia)
    address = asks(staff, "deactivate", sync="unsynchronised")
    shown = nia.get(address).hidden()
    factories.post(school.lena, school.cast.abbey)
    again = nia.post(address, **shown)
    assert "Look again before you go on" in again.text
    assert shut_out([school.una.pk, school.lena.pk]) == set()
    nia.post(address, **again.hidden())
    assert shut_out([school.una.pk, school.lena.pk]) == {school.una.pk, school.lena.pk}


def test_what_was_shown_for_one_deed_lets_no_other_be_done(school, browse, staff):
    nia = browse(school.nia)
    shown = nia.get(asks(staff, "invite", school.una)).hidden()
    for deed in ("upgrade", "deactivate", "delete"):
        assert "Look again" in nia.post(asks(staff, deed, school.una), **shown).text
    assert not Grant.objects.filter(user=school.una).exists()
    assert not shut_out([school.una.pk])
    assert User.objects.get(pk=school.una.pk).gone_at is None


@pytest.mark.parametrize("deed", ["upgrade", "deactivate", "delete"])
def test_a_form_sent_twice_does_it_once(school, browse, staff, deed):
    nia, address = browse(school.nia), asks(staff, deed, school.una)
    shown = nia.get(address).hidden()
    assert nia.post(address, **shown).status == 302
    batches = EventBatch.objects.count()
    again = nia.post(address, **shown)
    assert again.status == 200
    assert EventBatch.objects.count() == batches


def test_invitations_sent_twice_by_one_form_each_kill_the_earlier_link(school, browse, staff):
    """As with Resend: whoever sends twice invites twice, and one link works."""
    nia, address = browse(school.nia), asks(staff, "invite", school.una)
    shown = nia.get(address).hidden()
    nia.post(address, **shown)
    nia.post(address, **shown)
    assert Invitation.objects.filter(user=school.una, ended_at=None).count() == 1
    assert Mail.objects.filter(user_id=school.una.pk, state="waiting").count() == 1


def test_two_browsers_one_is_told_that_the_other_was_quicker(school, browse, staff):
    nia, ada = browse(school.nia), browse(school.cast.ada)
    address = asks(staff, "deactivate", school.lena)
    of_nia, of_ada = nia.get(address).hidden(), ada.get(address).hidden()
    ada.post(address, **of_ada)
    told = nia.post(address, **of_nia)
    assert "Look again before you go on" in told.text
    assert "1 person: inactive already Lena Fischer" in told.text
    assert "Choose others" in told.text


def test_who_loses_the_school_meanwhile_does_nothing_more(school, browse, staff):
    nia, address = browse(school.nia), asks(staff, "upgrade", school.una)
    shown = nia.get(address).hidden()
    does(browse(school.cast.ada), asks(staff, "downgrade", school.nia))
    assert nia.post(address, **shown).status == 404
    assert not Grant.objects.filter(user=school.una).exists()


@pytest.mark.parametrize(
    "query",
    ["", "?do=invite", "?do=invite&who=ticked", "?do=invite&who=ticked&tick=x&tick=",
     "?do=invite&who=everybody", "?who=match", "?do=sack&who=match",
     "?do=invite&who=match&q=%00zz"],
)  # fmt: skip
def test_who_or_what_is_not_chosen_is_not_done(school, browse, staff, query):
    nia = browse(school.nia)
    for page in (nia.get(f"{staff}act/{query}"), nia.post(f"{staff}act/{query}", shown="")):
        assert page.status == 200
        assert "Choose w" in page.text
    assert invited() == []


def test_s14_a_person_of_another_school_equals_nobody(school, browse, staff):
    nia = browse(school.nia)
    for deed in ("invite", "upgrade", "downgrade", "deactivate", "reactivate", "delete"):
        foreign = nia.get(asks(staff, deed, school.bo))
        nobody = nia.get(f"{staff}act/?do={deed}&who=ticked&tick=987654")
        assert masked(foreign.response) == masked(nobody.response)
        assert "Lund" not in foreign.text
        assert (
            nia.post(asks(staff, deed, school.bo), shown=_any_mark(deed, school.bo)).status == 200
        )
    assert not Grant.objects.filter(user=school.bo, establishment=school.cast.abbey).exists()
    assert not shut_out([school.bo.pk])


def test_more_than_is_done_at_once(school, browse, staff, monkeypatch):
    nia, address = browse(school.nia), asks(staff, "invite")
    shown = nia.get(address).hidden()
    monkeypatch.setattr(staff_act, "AT_MOST", 3)
    assert "more than 3 people match" in nia.get(address).text
    assert "Choose fewer people" in nia.post(address, **shown).text
    assert invited() == []


def test_what_each_will_lose_is_told_before_they_leave(school, browse, staff):
    """Of the register alone: that Dora sees Amira, and why, is not for Nia to know."""
    nia, dora = browse(school.nia), school.cast.dora
    rows = nia.get(asks(staff, "deactivate", school.lena, dora, school.una)).rows()
    assert rows == [["Fischer, Lena", "2 children"], ["Kerr, Una", "–"], ["Teague, Dora", "–"]]
    text = nia.get(asks(staff, "deactivate", school.tariq)).text.replace("\u00a0", " ")
    assert "1 child would be left with nobody" in text
    rows = browse(school.cast.ada).get(asks(staff, "delete", school.lena, dora)).rows()
    assert rows == [["Fischer, Lena", "2 children"], ["Teague, Dora", "1 child"]]
    # What Theo holds at the other school he keeps.
    for deed, lost in (("deactivate", "1 child"), ("delete", "2 children")):
        rows = browse(school.cast.ada).get(asks(staff, deed, school.cast.theo)).rows()
        assert rows == [["Marsh, Theo", lost]]


def test_s42_another_loss_than_was_shown_is_shown_first(school, browse, staff):
    nia, address = browse(school.nia), asks(staff, "deactivate", school.lena)
    shown = nia.get(address).hidden()
    factories.grant(school.lena, LEADER, subject=school.maths)
    again = nia.post(address, **shown)
    assert "Look again" in again.text and "3 children" in again.rows()[0][1]
    assert not shut_out([school.lena.pk])


def test_upgrading_says_how_many_are_on_roll(school, browse, staff):
    factories.restriction(school.nia, school.cast.ben)
    for reader, number in ((school.nia, 2), (school.cast.ada, 3)):
        page = browse(reader).get(asks(staff, "upgrade", school.una))
        assert f"On roll there now are {number} pupils" in page.text.replace("\u00a0", " ")
