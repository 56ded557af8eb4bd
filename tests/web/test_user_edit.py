"""Editing one user by hand (LAC12), and two people who edit the same one (S57)."""

from __future__ import annotations

import html
import re

import pytest

from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.access.actions import deny
from schoolgate.access.models import Denial, Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, SOCIAL_WORKER
from schoolgate.audit.models import Event
from schoolgate.audit.queries import verify
from schoolgate.kit.records import Ending
from schoolgate.outbox.models import Mail
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, User
from schoolgate.sign_in import sessions
from tests import factories
from tests.cast import seen_by
from tests.web.browsing import PASSWORD

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def address(user: User) -> str:
    return f"/settings/users/{user.pk}/edit/"


def fields(page) -> dict[str, list[str]]:
    """What the form of the page holds, as a browser would send it."""
    body = page.bytes.decode()
    form = body[body.index('name="was"') - 40 : body.index("</form>", body.index('name="was"'))]
    held: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        kind = re.search(r'type="([^"]+)"', tag)
        ticked = kind is not None and kind[1] == "checkbox"
        if name and (not ticked or " checked" in tag):
            empty = "on" if ticked else ""
            held.setdefault(name[1], []).append(html.unescape(value[1]) if value else empty)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        held[name] = re.findall(r'value="([^"]*)" selected', options)
    return held


def checked(browser, user, page=None, **changes):
    """The preview of an edit of the form on ``page`` (the page opened now by default)."""
    form = fields(page or browser.get(address(user)))
    return browser.post(address(user), **{**form, **changes, "step": "check"})


def saved(browser, user, preview, **more):
    """What comes of pressing Save on the preview."""
    body = preview.bytes.decode()
    form: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', body):
        form.setdefault(name, []).append(html.unescape(value))
    return browser.post(address(user), **{**form, "step": "save", **more})


def edited(browser, user, **changes):
    """Check and save at once."""
    return saved(browser, user, checked(browser, user, **changes))


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_facts_are_changed_with_their_keys_in_one_batch(cast, browse):
    ada = browse(cast.ada)
    page = checked(
        ada, cast.dora, first_name="Zoë", last_name="O’Hara", job_title="Head", phone="1"
    )
    assert ["First name", "Dora", "Zoë"] in page.rows()
    assert "Nothing changes: they would see the same children as now." in page.text
    assert again(cast.dora).first_name == "Dora"
    assert saved(ada, cast.dora, page).leads_to == f"/settings/users/{cast.dora.pk}/"
    dora = again(cast.dora)
    facts = (dora.first_name, dora.first_key, dora.last_name, dora.last_key, dora.job_title)
    assert facts == ("Zoë", "zoe", "O’Hara", "ohara", "Head")
    assert dora.touched_at is not None
    event = Event.objects.filter(user_id=dora.pk).latest("pk")
    assert (event.verb, event.fields) == ("changed", "first_name,last_name,job_title,phone")
    assert ada.get("/settings/users/", q="ohara").rows()[0][1] == "O’Hara, Zoë"
    assert list(verify()) == []


def test_a_changed_address_is_the_sign_in_and_both_are_told(cast, browse, with_password):
    with_password(cast.dora)
    old = browse(None)
    old.post("/sign-in/", name="dora@abbey.example", password=PASSWORD)
    assert old.get("/").status == 200
    ada = browse(cast.ada)
    page = checked(ada, cast.dora, email="Dora.New@abbey.example")
    assert "signed out wherever they are signed in now" in page.text
    saved(ada, cast.dora, page)
    told = set(Mail.objects.values_list("kind", "address"))
    assert told == {
        ("address-changed-old", "dora@abbey.example"),
        ("address-changed-new", "Dora.New@abbey.example"),
    }
    assert old.get("/").leads_to.startswith("/sign-in/")
    new = browse(None)
    refused = new.post("/sign-in/", name="dora@abbey.example", password=PASSWORD)
    assert refused.status == 200
    assert new.post("/sign-in/", name="dora.new@abbey.example", password=PASSWORD).status == 302
    dora = again(cast.dora)
    assert (dora.email_key, dora.lookalike_key) != ("", "")
    assert dora.email_key == "dora.new@abbey.example"


def test_s02_an_address_that_is_put_back_brings_no_session_back(cast, browse):
    ada, dora = browse(cast.ada), browse(cast.dora)
    edited(ada, cast.dora, email="d@abbey.example")
    edited(ada, cast.dora, email="dora@abbey.example")
    assert dora.get("/").leads_to.startswith("/sign-in/")
    assert not sessions.live(cast.dora.pk).exists()


def test_s17_a_changed_address_kills_the_invitation_and_can_send_another(cast, browse):
    invitations.invite([cast.dora.pk], by=cast.as_ada)
    first = Invitation.objects.get(user=cast.dora)
    token = invitations.make_tokens({first.pk: first.email_key}, at=first.made_at)[first.pk].token
    assert invitations.find(token)
    ada = browse(cast.ada)
    edited(ada, cast.dora, email="d@abbey.example")
    assert invitations.find(token) is None
    assert Invitation.objects.get(pk=first.pk).ended_how == "cancelled"
    assert "Not invited" in ada.get(f"/settings/users/{cast.dora.pk}/").text
    edited(ada, cast.dora, email="dora2@abbey.example", invite="on")
    assert Invitation.objects.filter(user=cast.dora, ended_at=None).count() == 1


def test_ones_own_address_is_changed_where_the_old_one_can_stop_it(cast, browse, settings):
    settings.MAIL = "smtp://127.0.0.1"
    page = edited(browse(cast.ada), cast.ada, email="ada.osei@council.example")
    assert "Go to My account to change your own e-mail address" in page.text
    assert again(cast.ada).email == cast.ada.email


def test_whoever_changes_their_own_address_stays_signed_in(cast, browse):
    """Where no mail is sent, this is the only place for it."""
    ada = browse(cast.ada)
    page = edited(ada, cast.ada, email="ada.osei@council.example")
    assert page.leads_to == f"/settings/users/{cast.ada.pk}/"
    assert ada.get(page.leads_to).status == 200


def test_status_inactive_blocks_sign_in_and_active_opens_it_again(cast, browse):
    ada, dora = browse(cast.ada), browse(cast.dora)
    page = checked(ada, cast.dora, status="inactive")
    assert "They would lose 1 child. Haddad, Amira" in page.text
    saved(ada, cast.dora, page)
    assert dora.get("/").leads_to.startswith("/sign-in/")
    assert seen_by(cast.dora) == ""
    page = checked(ada, cast.dora, status="active")
    assert "They would gain 1 child. Haddad, Amira" in page.text
    saved(ada, cast.dora, page)
    assert seen_by(cast.dora) == "Amira"
    assert not Denial.objects.filter(user=cast.dora, ended_at=None).exists()


def test_several_establishments_come_and_go(cast, browse, views_of):
    ada = browse(cast.ada)
    page = ada.post(
        address(cast.dora),
        **{**fields(ada.get(address(cast.dora))), "add_school": "brook", "step": "add-school"},
    )
    assert fields(page)["schools"] == ["100001", "100002"]
    page = checked(ada, cast.dora, page)
    assert "They would gain 1 child. Morgan, Carys" in page.text
    assert views_of(cast.ada)[-1].pupil_id == cast.carys.pk
    saved(ada, cast.dora, page)
    assert seen_by(cast.dora) == "Amira Carys"
    page = checked(ada, cast.dora, schools=["100002"])
    assert "They would lose 1 child. Haddad, Amira" in page.text
    saved(ada, cast.dora, page)
    assert seen_by(cast.dora) == "Carys"
    gone = Grant.objects.get(user=cast.dora, establishment=cast.abbey)
    assert (gone.ended_how, gone.ended_by_id) == (Ending.REMOVED, cast.ada.pk)


def test_a_school_typed_is_added_also_without_its_own_button(cast, browse):
    edited(browse(cast.ada), cast.dora, add_school="100002")
    assert seen_by(cast.dora) == "Amira Carys"


def test_a_school_not_known_yet_keeps_the_role_until_one_is(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada, cast.dora, schools=[])
    assert "Enter the school of this Designated Teacher, or tick" in page.text
    edited(ada, cast.dora, schools=[], school_unknown="on")
    assert seen_by(cast.dora) == ""
    waiting = Grant.objects.get(user=cast.dora, ended_at=None)
    assert waiting.establishment is None
    edited(ada, cast.dora, add_school="100002", school_unknown=[])
    waiting.refresh_from_db()
    assert waiting.ended_how == Ending.REPLACED
    assert seen_by(cast.dora) == "Carys"


def test_a_school_once_removed_is_asked_about(cast, browse):
    ada = browse(cast.ada)
    edited(ada, cast.theo, schools=["100001"])
    page = checked(ada, cast.theo, add_school="100002")
    assert "somebody has removed Brook Academy from this user" in page.text
    page = saved(ada, cast.theo, page)
    assert "or go back and change it" in page.text
    assert seen_by(cast.theo) == "Amira"
    saved(ada, cast.theo, page, yes=[f"removed-{cast.brook.pk}"])
    assert seen_by(cast.theo) == "Amira Carys"


def test_roles_are_added_and_ended(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada, cast.sara, roles=["social_worker", "la_user"])
    assert "They would see every pupil on the register" in page.text
    saved(ada, cast.sara, page)
    assert seen_by(cast.sara) == "Amira Ben Carys Dylan Eve"
    page = checked(ada, cast.sara, roles=["la_user"])
    assert "They see every pupil, as before." in page.text
    saved(ada, cast.sara, page)
    page = checked(ada, cast.sara, roles=[])
    assert "They would no longer see every pupil. They would still see 0" in page.text
    saved(ada, cast.sara, page)
    assert seen_by(cast.sara) == ""
    assert not Grant.objects.filter(user=cast.sara, ended_at=None).exists()


def test_a_role_and_its_schools_go_together(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada, cast.dora, roles=["social_worker"])
    assert "Tick Designated Teacher, or take the ticks at their schools away." in page.text
    page = checked(ada, cast.dora, roles=["social_worker"], schools=[])
    assert "They would lose 1 child." in page.text


def test_s32_the_last_la_super_user_stays(cast, browse):
    ada = browse(cast.ada)
    for changes in ({"roles": ["la_user"]}, {"status": "inactive"}):
        page = edited(ada, cast.ada, job_title="Nobody", **changes)
        assert "Make somebody else LA Super User first" in page.text
        assert again(cast.ada).job_title == ""


def test_whoever_ends_their_own_role_is_led_home(cast, browse):
    factories.grant(cast.noor, LA_SUPER_USER)
    ada = browse(cast.ada)
    assert edited(ada, cast.ada, roles=["social_worker"]).leads_to == "/"
    assert ada.get(address(cast.dora)).status == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"email": "theo@brook.example"}, "Enter another e-mail address, or edit Theo Marsh"),
        ({"email": ""}, "Enter an e-mail address."),
        ({"first_name": ""}, "Enter a first name."),
        ({"schools": ["100002"]}, "Choose among the establishments shown."),
        ({"roles": ["queen"]}, "Choose one of the roles."),
    ],
)
def test_mistakes_are_named(cast, browse, changes, sentence):
    page = checked(browse(cast.ada), cast.dora, job_title="Typed", **changes)
    if sentence.startswith("Choose among"):
        assert "They would" in page.text  # a school on the register that was added on the way
        return
    assert sentence in page.text
    assert fields(page)["job_title"] == ["Typed"]


def test_a_user_without_address_keeps_their_user_name(cast, browse):
    user = factories.user(email="", username="kim.1")
    edited(browse(cast.ada), user, job_title="Carer")
    assert (again(user).job_title, again(user).username) == ("Carer", "kim.1")


def test_s57_a_stale_edit_is_refused_and_loses_nothing(cast, browse):
    bea = factories.user(first_name="Bea", last_name="Quick")
    factories.grant(bea, LA_SUPER_USER)
    slow, quick = browse(cast.ada), browse(bea)
    opened = slow.get(address(cast.dora))
    edited(quick, cast.dora, job_title="Head", last_name="Teague-Hill", add_school="100002")

    page = checked(slow, cast.dora, opened, job_title="SENCO", phone="0117 4")
    assert page.title.startswith("Error: ")
    assert "Bea Quick has changed this user since you opened the page" in page.text
    dora = again(cast.dora)
    assert (dora.job_title, dora.phone, dora.last_name) == ("Head", "", "Teague-Hill")
    rows = {row[0]: row[1:] for row in page.rows()}
    assert rows["Job title"] == ["–", "Head", "SENCO"]
    assert rows["Last name"] == ["Teague", "Teague-Hill", "Teague-Hill"]
    assert "Brook Academy (URN 100002)" in rows["Designated Teacher at"][1]
    kept = fields(page)
    assert (kept["job_title"], kept["phone"]) == (["SENCO"], ["0117 4"])
    assert kept["last_name"] == ["Teague-Hill"]
    assert sorted(kept["schools"]) == ["100001", "100002"]

    saved(slow, cast.dora, checked(slow, cast.dora, page))
    dora = again(cast.dora)
    facts = (dora.job_title, dora.phone, dora.last_name)
    assert facts == ("SENCO", "0117 4", "Teague-Hill")
    assert seen_by(cast.dora) == "Amira Carys"


def test_s57_a_change_between_preview_and_save_is_noticed_too(cast, browse):
    slow = browse(cast.ada)
    preview = checked(slow, cast.dora, job_title="SENCO")
    save_users([UserToSave(cast.dora.pk, {"job_title": "Head"})], by=cast.as_ada)
    page = saved(slow, cast.dora, preview)
    assert "has changed this user since you opened the page" in page.text
    assert again(cast.dora).job_title == "Head"
    assert fields(page)["job_title"] == ["SENCO"]


@pytest.mark.parametrize("what", ["inactive", "role"])
def test_s57_a_change_of_status_or_role_counts_as_well(cast, browse, what):
    slow = browse(cast.ada)
    opened = slow.get(address(cast.dora))
    if what == "inactive":
        deny([cast.dora.pk], by=cast.as_ada)
    else:
        factories.grant(cast.dora, SOCIAL_WORKER, by=cast.as_ada)
    page = checked(slow, cast.dora, opened, phone="1")
    assert "Ada Osei has changed this user" in page.text
    assert "Look again before you save" in page.text
    saved(slow, cast.dora, checked(slow, cast.dora, page))
    assert again(cast.dora).phone == "1"
    assert Denial.objects.filter(user=cast.dora, ended_at=None).exists() is (what == "inactive")


@pytest.mark.parametrize("urn", ["\x00", "9" * 400, "<script>", "-1"])
def test_a_school_that_no_form_offers_is_refused_in_words(cast, browse, urn):
    ada = browse(cast.ada)
    form = fields(ada.get(address(cast.dora)))
    page = ada.post(address(cast.dora), **{**form, "schools": urn, "step": "save"})
    assert page.status == 200
    assert page.title.startswith("Error: ")


def test_s57_a_forged_or_missing_mark_saves_nothing(cast, browse):
    ada = browse(cast.ada)
    for mark in ("", "x:y", fields(ada.get(address(cast.theo)))["was"]):
        page = edited_with(ada, cast.dora, mark)
        assert "Look again before you save" in page.text
    assert again(cast.dora).phone == ""


def edited_with(browser, user, mark):
    form = fields(browser.get(address(user)))
    return browser.post(address(user), **{**form, "was": mark, "phone": "1", "step": "save"})


def test_s42_a_child_who_comes_into_care_in_between_is_shown_before_it_is_saved(cast, browse):
    ada = browse(cast.ada)
    preview = checked(ada, cast.noor, roles=["designated_teacher"], add_school="100001")
    assert "They would gain 1 child." in preview.text
    factories.episode(cast.ben)
    page = saved(ada, cast.noor, preview)
    assert "something has changed since you looked" in page.text
    assert "They would gain 2 children. Fielding, Ben" in page.text
    saved(ada, cast.noor, page)
    assert seen_by(cast.noor) == "Amira Ben"


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        school = factories.establishment()
        factories.grant(cast.dora, DESIGNATED_TEACHER, school=school)
    ada = browse(cast.ada)
    with count_queries(12):
        ada.get(address(cast.dora))
