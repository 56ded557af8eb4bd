"""How far invitations have got, sending them again, and correcting an address (PP5, PP6)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import SYSTEM
from schoolgate.outbox.models import Mail
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, User
from tests import factories
from tests.web.browsing import masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def staff(cast) -> str:
    return f"/school/{cast.abbey.pk}/staff/"


def invited() -> list[str]:
    """The last names of those with a live invitation."""
    live = Invitation.objects.filter(ended_at=None).values("user_id")
    return sorted(User.objects.filter(pk__in=live).values_list("last_name", flat=True))


def goes_out(user: User) -> str:
    """The mail of the user's invitation is sent; the token that it has."""
    live = Invitation.objects.get(user=user, ended_at=None)
    now = timezone.now()
    token = invitations.make_tokens({live.pk: live.email_key}, at=now)[live.pk].token
    Mail.objects.filter(subject_id=live.pk).update(state="sent", ended_at=now, address="")
    return token


@pytest.fixture
def under_way(school, with_password) -> None:
    """Lena's waits, Tariq's was sent, Una's has expired, Femi's came back; Nia has set up."""
    with_password(school.nia)
    people = [school.lena, school.tariq, school.una, school.femi]
    invitations.invite([one.pk for one in people], by=SYSTEM)
    goes_out(school.tariq)
    goes_out(school.una)
    late = timezone.now() - timedelta(days=1)
    Invitation.objects.filter(user=school.una).update(expires_at=late)
    Mail.objects.filter(user_id=school.femi.pk).update(
        state="bounced", ended_at=late, problem="There is no such mailbox."
    )


def lines(page) -> dict[str, list[str]]:
    return {row[0].split(",")[0]: row[1:] for row in page.rows()}


def test_each_invitation_says_how_far_it_has_got(school, browse, staff, under_way):
    page = browse(school.nia).get(f"{staff}invitations/")
    found = lines(page)
    assert sorted(found) == ["Aziz", "Fischer", "Kerr", "Ojo"]
    assert [found[name][1] for name in sorted(found)] == [
        "Invited", "Waiting", "Invitation expired", "Mail bounced There is no such mailbox.",
    ]  # fmt: skip
    assert found["Fischer"][2:4] == ["–", "–"]
    assert "–" not in found["Aziz"][2:4]
    deny([school.cast.theo.pk], by=SYSTEM)
    fewer = browse(school.nia).get(f"{staff}invitations/").text
    assert "1 of 6 people on the staff has set up their sign-in." in fewer
    text = page.text
    assert "1 of 7 people on the staff has set up their sign-in." in text
    assert b'max="7" value="1"' in page.bytes
    counts = "1 set up 1 sent 1 waiting to be sent 1 mail bounced 1 invitation expired 2 never"
    assert sorted(counts.split()) == sorted(
        text.split("not counted. ")[1].split(" invited All")[0].split()
    )


def test_one_state_at_a_time(school, browse, staff, under_way):
    nia = browse(school.nia)
    page = nia.get(f"{staff}invitations/")
    assert "All 4 " in page.text
    for tab, found in {
        "Invited": ["Aziz", "Fischer"], "Invitation expired": ["Kerr"], "Mail bounced": ["Ojo"],
    }.items():  # fmt: skip
        assert list(lines(nia.get(page.link(tab)))) == found
    assert len(lines(nia.get(f"{staff}invitations/", state="odd"))) == 4


def test_an_address_that_is_not_the_readers_to_correct_is_not_offered(
    school, browse, staff, under_way
):
    nia, ada = browse(school.nia), browse(school.cast.ada)
    doings = {name: row[4] for name, row in lines(nia.get(f"{staff}invitations/")).items()}
    assert doings["Ojo"] == "Not yours to change: ask an LA Super User"
    assert doings["Kerr"].startswith("Correct the address of Una Kerr")
    assert "Resend" in doings["Kerr"] and "Cancel" in doings["Kerr"]
    doings = {name: row[4] for name, row in lines(ada.get(f"{staff}invitations/")).items()}
    assert doings["Ojo"].startswith("Correct the address of Femi Ojo")


def test_resend_and_cancel_lead_back_to_the_invitations(school, browse, staff, under_way):
    nia = browse(school.nia)
    for words, left in (("Resend the invitation of Una", 4), ("Cancel the invitation of Una", 3)):
        address = nia.get(f"{staff}invitations/").link(words)
        answer = nia.post(address, **nia.get(address).hidden())
        assert answer.leads_to == f"{staff}invitations/"
        assert len(lines(nia.get(answer.leads_to))) == left
    assert invited() == ["Aziz", "Fischer", "Ojo"]


def test_a_cancelled_link_works_no_more(school, browse, staff, under_way):
    invitations.invite([school.una.pk], by=SYSTEM)
    token = goes_out(school.una)
    assert invitations.find(token)
    nia = browse(school.nia)
    address = nia.get(f"{staff}invitations/").link("Cancel the invitation of Una")
    nia.post(address, **nia.get(address).hidden())
    assert invitations.find(token) is None


def test_s18_resending_to_all_kills_the_earlier_links(school, browse, staff, under_way, settings):
    settings.MAIL = "smtp://127.0.0.1"
    old = goes_out(school.tariq)
    nia = browse(school.nia)
    page = nia.get(f"{staff}invitations/resend/")
    assert "Send 3\u00a0invitations again?" in page.bytes.decode()
    assert "Tariq Aziz" in page.text and "Femi" not in page.text
    assert invitations.find(old), "looking changes nothing"
    answer = nia.post(f"{staff}invitations/resend/", **page.hidden())
    assert "3 invitations are on their way." in nia.get(answer.leads_to).text
    assert invitations.find(old) is None
    assert Mail.objects.filter(state="waiting").count() == 3


def test_those_never_invited_are_added_by_a_tick(school, browse, staff, under_way):
    new = factories.user(last_name="Newcomer")
    factories.post(new, school.cast.abbey)
    nia, address = browse(school.nia), f"{staff}invitations/resend/"
    page = nia.get(address)
    assert "Invite 1 person too who was never invited" in page.text.replace("\u00a0", " ")
    nia.post(address, **page.hidden())
    assert "Newcomer" not in invited()
    nia.post(address, never="on", **nia.get(address).hidden())
    assert "Newcomer" in invited()


def test_s42_others_to_invite_than_were_shown_are_asked_about_again(
    school, browse, staff, under_way, with_password
):
    nia, address = browse(school.nia), f"{staff}invitations/resend/"
    shown = nia.get(address).hidden()
    before = Invitation.objects.count()
    with_password(school.una)
    again = nia.post(address, **shown)
    assert "Look again before you send" in again.text
    assert Invitation.objects.count() == before
    nia.post(address, **again.hidden())
    assert Invitation.objects.count() == before + 2


def test_nobody_to_invite(school, browse, staff, with_password):
    for person in (school.nia, school.lena, school.tariq):
        with_password(person)
    deny([school.una.pk], by=SYSTEM)
    nia, address = browse(school.nia), f"{staff}invitations/resend/"
    assert "There is nobody to invite" in nia.get(address).text
    assert nia.post(address, shown="").status == 200
    assert invited() == []


def test_the_address_is_corrected_and_the_invitation_goes_there(school, browse, staff, under_way):
    old = goes_out(school.tariq)
    nia, address = browse(school.nia), f"{staff}{school.tariq.pk}/address/"
    page = nia.get(address)
    answer = nia.post(address, email=" T.Aziz@abbey.example ", **page.hidden())
    assert answer.leads_to == f"{staff}invitations/"
    school.tariq.refresh_from_db()
    assert school.tariq.email == "T.Aziz@abbey.example"
    assert invitations.find(old) is None
    mail = Mail.objects.get(user_id=school.tariq.pk, kind="invitation", state="waiting")
    assert mail.address == "T.Aziz@abbey.example"


def test_the_same_address_is_just_invited_again(school, browse, staff, under_way):
    nia, address = browse(school.nia), f"{staff}{school.tariq.pk}/address/"
    nia.post(address, email="tariq@abbey.example", **nia.get(address).hidden())
    assert Mail.objects.filter(user_id=school.tariq.pk).exclude(kind="invitation").count() == 0
    assert Invitation.objects.filter(user=school.tariq, ended_how="replaced").count() == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Enter an e-mail address."),
        ("tariq", "Enter an e-mail address like name@school.sch.uk."),
        ("a" * 250 + "@x.example", "of 254 characters or fewer"),
        ("LENA@abbey.example", "ask an LA Super User: this one cannot be used"),
        ("sara@council.example", "ask an LA Super User: this one cannot be used"),
    ],
)
def test_an_address_that_will_not_do(school, browse, staff, under_way, typed, told):
    nia, address = browse(school.nia), f"{staff}{school.tariq.pk}/address/"
    page = nia.post(address, email=typed, **nia.get(address).hidden())
    assert told in page.text
    assert "Sara" not in page.text and "Lena" not in page.text
    assert Invitation.objects.filter(user=school.tariq).count() == 1


def test_an_la_super_user_is_told_who_has_the_address(school, browse, staff, under_way):
    ada, address = browse(school.cast.ada), f"{staff}{school.tariq.pk}/address/"
    page = ada.post(address, email="sara@council.example", **ada.get(address).hidden())
    assert "or edit Sara Lindqvist instead" in page.text


def test_s57_an_address_that_somebody_changed_meanwhile_is_shown_first(
    school, browse, staff, under_way
):
    nia, ada = browse(school.nia), browse(school.cast.ada)
    address = f"{staff}{school.tariq.pk}/address/"
    shown = nia.get(address).hidden()
    ada.post(address, email="by.ada@abbey.example", **ada.get(address).hidden())
    told = nia.post(address, email="by.nia@abbey.example", **shown)
    assert "somebody has changed it since you opened the page, to by.ada@abbey.example" in told.text
    assert b'value="by.nia@abbey.example"' in told.bytes
    nia.post(address, email="by.nia@abbey.example", **told.hidden())
    school.tariq.refresh_from_db()
    assert school.tariq.email == "by.nia@abbey.example"


def test_a_mistake_in_a_stale_form_does_not_make_it_fresh(school, browse, staff, under_way):
    nia, address = browse(school.nia), f"{staff}{school.tariq.pk}/address/"
    shown = nia.get(address).hidden()
    User.objects.filter(pk=school.tariq.pk).update(email="other@abbey.example")
    mistaken = nia.post(address, email="none", **shown)
    assert mistaken.hidden() == shown


def test_who_has_set_up_or_is_inactive_is_not_invited(
    school, browse, staff, under_way, with_password
):
    nia = browse(school.nia)
    address = f"{staff}{school.tariq.pk}/address/"
    shown = nia.get(address).hidden()
    with_password(school.tariq)
    told = nia.post(address, email="new@abbey.example", **shown)
    assert "Tariq Aziz has set up their sign-in" in told.text
    deny([school.una.pk], by=school.as_nia, establishment_id=school.cast.abbey.pk)
    address = f"{staff}{school.una.pk}/address/"
    assert "Reactivate Una Kerr first" in nia.get(address).text
    assert User.objects.filter(email="new@abbey.example").count() == 0


def test_s62_the_address_of_somebody_with_more_roles_does_not_exist(
    school, browse, staff, under_way
):
    """An LA Super User who works here too: their address would be their sign-in."""
    factories.post(school.cast.ada, school.cast.abbey)
    factories.grant(school.una, LA_SUPER_USER)
    nia = browse(school.nia)
    missing = nia.get(f"{staff}987654/address/")
    for person in (school.cast.ada, school.una, school.femi, school.cast.theo, school.bo):
        for page in (
            nia.get(f"{staff}{person.pk}/address/"),
            nia.post(f"{staff}{person.pk}/address/", email="x@x.example", was=person.email),
        ):
            assert page.status == 404
            assert masked(page.response) == masked(missing.response)
    assert not User.objects.filter(email="x@x.example").exists()


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(school, browse, count_queries, staff, under_way, more):
    for _ in range(more):
        new = factories.user()
        factories.post(new, school.cast.abbey)
        invitations.invite([new.pk], by=SYSTEM)
    nia = browse(school.nia)
    with count_queries(22):
        nia.get(f"{staff}invitations/")
    with count_queries(17):
        page = nia.get(f"{staff}invitations/resend/")
    with count_queries(71, events=6):
        nia.post(f"{staff}invitations/resend/", **page.hidden())
