"""Settings > Mail, and the mail of the demonstration."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.jobs.mail_texts import TEXTS
from schoolgate.outbox.models import Mail
from schoolgate.outbox.places import place_of
from schoolgate.outbox.sending import send_some
from schoolgate.people import invitations
from schoolgate.schools.actions import name_organisation

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def a_mail(user, state="failed", **facts) -> Mail:
    now = timezone.now()
    return Mail.objects.create(
        kind="invitation", user_id=user.pk, address=user.email, posted_at=now, due_at=now,
        state=state, **facts,
    )  # fmt: skip


def test_what_failed_is_shown_with_its_address_and_reason(cast, browse):
    a_mail(
        cast.dora, problem="Correct the e-mail address: 550 No such user.", ended_at=timezone.now()
    )
    a_mail(cast.theo, "sent", ended_at=timezone.now())
    page = browse(cast.ada).get("/settings/mail/")
    assert page.title.startswith("Mail: failed")
    ((who, kind, _, what, _),) = page.rows()
    assert who == "Dora Teague dora@abbey.example"
    assert kind == "Invitation"
    assert what == "Correct the e-mail address: 550 No such user."


@pytest.mark.parametrize("state", ["failed", "bounced", "waiting", "sent", "cancelled"])
def test_each_state_has_its_page_and_says_when_it_is_empty(cast, browse, state):
    empty = browse(cast.ada).get("/settings/mail/", state=state)
    assert empty.status == 200
    assert empty.rows() == []
    a_mail(cast.dora, state)
    assert len(browse(cast.ada).get("/settings/mail/", state=state).rows()) == 1


@pytest.mark.parametrize("many", [1, 3])
def test_the_page_takes_as_many_queries_for_one_as_for_three(cast, browse, count_queries, many):
    for user in cast.users[:many]:
        a_mail(user)
    browser = browse(cast.ada)
    browser.get("/settings/mail/")
    with count_queries(12):
        assert len(browser.get("/settings/mail/").rows()) == many


def test_it_is_paged(cast, browse):
    for _ in range(30):
        a_mail(cast.dora)
    page = browse(cast.ada).get("/settings/mail/")
    assert len(page.rows()) == 25
    following = browse(cast.ada).get("/settings/mail/" + page.link("Next"))
    assert len(following.rows()) == 5


def test_failed_mail_is_tried_again(cast, browse):
    first, second = a_mail(cast.dora, attempts=8), a_mail(cast.theo, attempts=8)
    browser = browse(cast.ada)
    page = browser.post("/settings/mail/retry/", follow=True, mail=str(first.pk))
    assert "The mail is tried again." in page.text
    assert [(m.state, m.attempts) for m in Mail.objects.order_by("pk")] == [
        ("waiting", 0), ("failed", 8),
    ]  # fmt: skip
    browser.post("/settings/mail/retry/", mail="all")
    second.refresh_from_db()
    assert second.state == "waiting"
    assert Event.objects.filter(verb="retried").count() == 2
    for odd in ("", "x", "9" * 30, "-1"):
        assert browser.post("/settings/mail/retry/", mail=odd).status == 302


def test_without_a_mail_server_the_page_says_so(cast, browse, settings):
    settings.MAIL = ""
    assert "to set up mail (SCHOOLGATE_MAIL)" in browse(cast.ada).get("/settings/mail/").text
    settings.MAIL = "smtp://127.0.0.1"
    assert "SCHOOLGATE_MAIL" not in browse(cast.ada).get("/settings/mail/").text


def test_whoever_invites_is_told_whether_mail_goes_out(cast, browse, settings):
    for mail, told in (("smtp://127.0.0.1", "is on its way."), ("", "waits: mail is not set up")):
        settings.MAIL = mail
        address = f"/settings/users/{cast.dora.pk}/invite/"
        assert (
            f"An invitation to Dora Teague {told}"
            in browse(cast.ada).post(address, follow=True).text
        )


@pytest.fixture
def demonstration(cast, settings, tmp_path):
    """The cast as a demonstration, whose mail goes into a folder."""
    settings.MAIL, settings.URL = f"file:{tmp_path / 'mail'}", "http://localhost:8000"
    name_organisation(name="Northshire", by=SYSTEM, is_demonstration=True)
    return cast


def send(settings):
    place = place_of(settings.MAIL)
    assert place
    send_some(TEXTS, place, stopping=threading.Event())


def test_the_demonstrations_mail_is_shown_with_a_link_that_works(demonstration, browse, settings):
    browser = browse(None)
    assert "None has been sent yet" in browser.get("/demonstration/mail/").text
    invitations.invite([demonstration.dora.pk, demonstration.theo.pk], by=SYSTEM)
    send(settings)
    page = browser.get("/demonstration/mail/")
    assert [row[1] for row in page.rows()] == ["theo@brook.example", "dora@abbey.example"]
    one = browser.get(page.link("Set up your account at Northshire"))
    link = one.link("http://localhost:8000/invitation/")
    assert browser.get(link.removeprefix("http://localhost:8000")).status == 200


def test_a_mail_that_is_not_there_is_a_missing_page(demonstration, browse):
    for number in ("7", "9" * 30):
        assert browse(None).get(f"/demonstration/mail/{number}/").status == 404


def test_what_a_mail_says_is_escaped_and_only_our_own_links_lead_anywhere(
    demonstration, browse, settings, tmp_path
):
    folder = tmp_path / "mail"
    folder.mkdir()
    text = (
        "<b>x</b> http://evil.example/ http://localhost:8000.evil.example/ http://localhost:8000/a"
    )
    (folder / "0000000003.eml").write_text(f"Subject: <i>\nTo: a@x.example\n\n{text}\n")
    page = browse(None).get("/demonstration/mail/3/")
    assert b"<b>x" not in page.bytes
    assert b"<i>" not in page.bytes
    assert b'href="http://evil' not in page.bytes
    assert b'href="http://localhost:8000.evil' not in page.bytes
    assert page.link("http://localhost:8000/a") == "http://localhost:8000/a"
    assert browse(None).get("/demonstration/mail/").status == 200
