"""Linking an account elsewhere: in My account, and in place of a password at an invitation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.outbox.models import Mail
from schoolgate.people import invitations
from schoolgate.people.actions import set_password
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import openid, providers, ways_in
from schoolgate.sign_in.models import Door, ProviderLink, SessionEnding, UserSession
from schoolgate.sign_in.openid import Identity
from tests.sign_in import provider
from tests.web.browsing import PASSWORD, with_session
from tests.web.going import comes_with, goes, links
from tests.web.routes import an_invitation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sign_in.provider import Running

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

AGAIN = "Begin again: this was begun in another browser or too long ago, or it is done already."


@pytest.fixture(scope="module")
def process() -> Iterator[Running]:
    with provider.running() as running:
        yield running


@pytest.fixture
def there(process, settings) -> Running:
    openid.forget_all()
    settings.PROVIDERS = ["northshire"]
    settings.PROVIDER_SETTINGS = process.settings("northshire")
    process.do()
    process.be("subject-1", email="anything@at.all")
    return process


def told_of(user: User) -> list[tuple[str, str]]:
    about = Event.objects.filter(user_id=user.pk, kind="account link")
    return list(about.order_by("pk").values_list("verb", "kind"))


def test_linking_in_my_account(there, cast, browse):
    browser = browse(cast.dora)
    assert "You have not linked any." in browser.get("/account/providers/").text
    assert "as you" in browser.get(browser.get("/account/providers/").link("Link Northshire")).text
    assert links(browser).leads_to == "/account/providers/"
    page = browser.get("/account/providers/")
    assert "You can sign in with your Northshire account from now on." in page.text
    assert "anything@at.all" in page.text
    (link,) = ProviderLink.objects.all()
    assert (link.user_id, link.issuer, link.subject) == (cast.dora.pk, there.issuer, "subject-1")
    assert told_of(cast.dora) == [("added", "account link")]
    assert [mail.kind for mail in Mail.objects.filter(user_id=cast.dora.pk)] == ["sign-in-changed"]
    links(browser)  # again, and nothing is new
    assert ProviderLink.objects.count() == 1
    assert told_of(cast.dora) == [("added", "account link")]


def test_several_accounts_of_one_user(there, cast, browse):
    browser = browse(cast.dora)
    for subject in ("subject-1", "subject-2"):
        there.be(subject)
        links(browser)
    assert [link.subject for link in providers.links_of(cast.dora.pk)] == ["subject-1", "subject-2"]


def test_s27_an_account_is_linked_for_the_session_that_asked_alone(there, cast, browse):
    dora, theo = browse(cast.dora), browse(cast.theo)
    back = goes(dora.post("/account/providers/northshire/add/"))
    assert AGAIN in theo.get(back).text  # another browser
    assert AGAIN in browse(None).get(back).text
    back = goes(dora.post("/account/providers/northshire/add/"))
    dora.post("/sign-out/")
    assert AGAIN in dora.get(back).text
    # The same browser and the same person, but a session later.
    dora.client.force_login(cast.dora)
    with_session(dora.client, cast.dora)
    back = goes(dora.post("/account/providers/northshire/add/"))
    with_session(dora.client, cast.dora)
    assert AGAIN in dora.get(back).text
    back = goes(dora.post("/account/providers/northshire/add/"))
    deny([cast.dora.pk], by=SYSTEM)
    assert AGAIN in dora.get(back).text
    assert not ProviderLink.objects.exists()


def test_s27_an_answer_to_the_sign_in_page_links_nothing(there, cast, browse):
    browser = browse(None)
    back = goes(browser.post("/sign-in/with/northshire/"))
    browser.client.force_login(cast.dora)
    with_session(browser.client, cast.dora)
    browser.get(back)
    assert not ProviderLink.objects.exists()


def test_linking_asks_who_it_is_anew(there, cast, browse):
    browser = browse(cast.dora)
    old = timezone.now() - timedelta(minutes=16)
    UserSession.objects.update(confirmed_at=old)
    for address in ("/account/providers/northshire/add/", "/account/providers/1/remove/"):
        for page in (browser.get(address), browser.post(address)):
            assert page.leads_to.startswith("/account/confirm/?next=")


def test_an_account_that_is_somebody_elses_is_not_linked(there, cast, browse):
    links(browse(cast.theo))
    page = links(browse(cast.dora))
    assert "Choose another account there: somebody signs in here with this one" in page.text
    assert page.link("Back to your other accounts") == "/account/providers/"
    assert [link.user_id for link in ProviderLink.objects.all()] == [cast.theo.pk]


def test_removing_one_and_signing_out_elsewhere(there, cast, browse):
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    here, other = browse(cast.dora), browse(cast.dora)
    links(here)
    address = here.get("/account/providers/").link("Remove")
    assert "Sign out everywhere else" in here.get(address).text
    assert here.post(address, end_others="on").leads_to == "/account/providers/"
    assert not ProviderLink.objects.exists()
    assert here.get("/").status == 200
    assert other.get("/").leads_to == "/sign-in/"
    ended = UserSession.objects.exclude(ended_at=None).get()
    assert ended.ended_how == SessionEnding.CHANGED
    assert told_of(cast.dora) == [("added", "account link"), ("removed", "account link")]
    assert Mail.objects.filter(user_id=cast.dora.pk, kind="sign-in-changed").count() == 2
    assert "nobody is signed in here" in comes_with(browse(None)).text


def test_removing_one_may_leave_other_sessions_alone(there, cast, browse):
    set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    here, other = browse(cast.dora), browse(cast.dora)
    links(here)
    here.post(here.get("/account/providers/").link("Remove"))
    assert other.get("/").status == 200


def test_the_last_way_in_is_not_removed(there, cast, browse):
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    browser = browse(User.objects.get(pk=cast.dora.pk))
    links(browser)
    address = browser.get("/account/providers/").link("Remove")
    page = browser.post(address, end_others="on")
    assert page.status == 200
    assert "Set a password or add a passkey first" in page.text
    there.be("subject-2")
    links(browser)
    assert browser.post(address).leads_to == "/account/providers/"
    (left,) = ProviderLink.objects.all()
    assert left.subject == "subject-2"
    page = browser.post(f"/account/providers/{left.pk}/remove/")
    assert "Set a password or add a passkey first" in page.text


def test_an_account_of_a_provider_that_is_no_longer_offered_is_no_way_in(cast, settings):
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    gone = Identity("gone", "https://gone.example", "s", "", False)
    here = Identity("northshire", "http://127.0.0.1:9", "s", "", False)
    by = user_actor(cast.dora.pk)
    providers.link(user_id=cast.dora.pk, identity=gone, by=by)
    link = providers.link(user_id=cast.dora.pk, identity=here, by=by)
    assert not ways_in.is_left(cast.dora.pk, without=link)


def test_s14_the_account_of_somebody_else_is_a_missing_page(there, cast, browse):
    links(browse(cast.theo))
    (link,) = ProviderLink.objects.all()
    assert browse(cast.dora).get(f"/account/providers/{link.pk}/remove/").status == 404
    assert browse(cast.dora).post(f"/account/providers/{link.pk}/remove/").status == 404
    assert ProviderLink.objects.exists()


def invited(browser, token: str) -> str:
    """Press the provider's button on the page of the invitation; the address back."""
    return goes(browser.post(f"/invitation/{token}/with/northshire/"))


def test_setting_up_with_an_account_in_place_of_a_password(there, cast, browse):
    token, browser = an_invitation(cast.dora), browse(None)
    page = browser.get(f"/invitation/{token}/")
    assert "Continue with Northshire" in page.text
    assert 'action="with/northshire/"' in page.bytes.decode()
    assert browser.get(invited(browser, token)).leads_to == "/"
    assert "Amira" in browser.get("/").text
    dora = User.objects.get(pk=cast.dora.pk)
    assert dora.password == NO_PASSWORD
    assert not dora.has_password
    assert UserSession.objects.get().door == Door.SET_UP
    assert ProviderLink.objects.get().user_id == dora.pk
    browser.post("/sign-out/")
    assert comes_with(browser).leads_to == "/"
    assert browse(None).get(f"/invitation/{token}/").status == 404
    for guess in (NO_PASSWORD, "", PASSWORD):
        page = browse(None).post("/sign-in/", name="dora@abbey.example", password=guess)
        assert page.status == 200


def test_s19_going_to_the_provider_uses_nothing_up(there, cast, browse):
    token, browser = an_invitation(cast.dora), browse(None)
    back = invited(browser, token)
    assert invitations.find(token)
    stranger = browse(None)
    assert AGAIN in stranger.get(back).text
    assert invitations.find(token)
    there.do("cancelled")
    page = browser.get(invited(browser, token))
    assert "open the link in your invitation again" in page.text
    assert invitations.find(token)
    assert token not in str(dict(browser.client.session.items()))


def test_s16_the_account_of_somebody_else_uses_no_invitation_up(there, cast, browse):
    links(browse(cast.theo))
    token, browser = an_invitation(cast.dora), browse(None)
    assert "somebody signs in here with this one" in browser.get(invited(browser, token)).text
    assert invitations.find(token)
    assert not User.objects.get(pk=cast.dora.pk).has_usable_password()


def test_s17_an_invitation_that_ended_meanwhile_sets_up_nothing(there, cast, browse):
    token, browser = an_invitation(cast.dora), browse(None)
    back = invited(browser, token)
    invitations.invite([cast.dora.pk], by=SYSTEM)
    assert invitations.USE_ANOTHER in browser.get(back).text
    back = invited(browser, an_invitation(cast.theo))
    deny([cast.theo.pk], by=SYSTEM)
    assert invitations.USE_ANOTHER in browser.get(back).text
    assert not ProviderLink.objects.exists()
    assert not UserSession.objects.exists()


def test_an_invitation_that_does_not_work_leads_to_no_provider(there, cast, browse):
    token = an_invitation(cast.theo)
    deny([cast.theo.pk], by=SYSTEM)
    asked = len(there.asked())
    for link in (token, "never-was"):
        page = browse(None).post(f"/invitation/{link}/with/northshire/")
        assert (page.status, page.title.split(" – ")[0]) == (404, "This link does not work")
    assert len(there.asked()) == asked
