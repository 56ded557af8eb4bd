"""Inviting many users from their table: the ticked ones, or everyone who matches."""

from __future__ import annotations

import pytest

from schoolgate.access.actions import deny
from schoolgate.access.roles import SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import EventBatch
from schoolgate.outbox.models import Mail
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, User
from schoolgate.web.views import users_invite
from tests import factories

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

USERS = "/settings/users/"
MANY = "/settings/users/invite/"


def invited() -> list[str]:
    """The last names of those with a live invitation."""
    live = Invitation.objects.filter(ended_at=None).values("user_id")
    return sorted(User.objects.filter(pk__in=live).values_list("last_name", flat=True))


@pytest.fixture
def workers(cast) -> list[User]:
    """Five more social workers: one can be invited, and one again; three are left out."""
    names = ("Ready", "Again", "Inactive", "Setup", "Unreachable")
    _, again, inactive, set_up, _ = made = [
        factories.user(
            last_name=name,
            email="" if name == "Unreachable" else None,
            username="kim.1" if name == "Unreachable" else "",
        )
        for name in names
    ]
    for user in made:
        factories.grant(user, SOCIAL_WORKER)
    invitations.invite([again.pk], by=SYSTEM)
    deny([inactive.pk], by=SYSTEM)
    set_up.set_password("correct horse battery staple")
    set_up.save()
    return made


def test_the_page_says_how_many_and_who_is_left_out_and_why(cast, browse, workers):
    ada = browse(cast.ada)
    page = ada.get(MANY, role="social_worker")
    assert "Send 3\u00a0invitations?" in page.bytes.decode()
    for words in (
        "Role Social Worker",
        "One of them has been invited before: the link that was sent before stops working.",
        "1 user: no e-mail address to send it to Una Unreachable",
        "1 user: set up already Una Setup",
        "1 user: inactive Una Inactive",
        "It works once, for 14 days.",
    ):
        assert words in page.text
    assert invited() == ["Again"], "looking sends nothing"


def test_everyone_who_matches_is_invited_and_nobody_else(cast, browse, workers, settings):
    settings.MAIL = "smtp://127.0.0.1"
    ada = browse(cast.ada)
    table = ada.get(USERS, role="social_worker", sort="-name")
    address = table.link("Invite everyone who matches")
    question = ada.get(address)
    answer = ada.post(address, **question.hidden())
    assert answer.leads_to == f"{USERS}?role=social_worker&sort=-name"
    assert "3 invitations are on their way." in ada.get(answer.leads_to).text
    assert invited() == ["Again", "Lindqvist", "Ready"]
    assert Invitation.objects.filter(ended_how="replaced").count() == 1
    assert Mail.objects.exclude(state="cancelled").count() == 3
    assert EventBatch.objects.latest("pk").actor_id == cast.ada.pk


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"role": "la_user"}, ["Novak"]),
        ({"status": "not-invited"}, ["Lindqvist", "Marsh", "Novak", "Osei", "Rahman", "Teague"]),
        ({"establishment": "100002"}, ["Marsh"]),
        ({"establishment": "100001", "role": "designated_teacher", "q": "tea"}, ["Teague"]),
        ({"q": "marsh"}, ["Marsh"]),
    ],
)
def test_the_search_and_each_filter_say_who_is_invited(cast, browse, question, found):
    ada = browse(cast.ada)
    address = ada.get(USERS, **question).link("Invite everyone who matches")
    ada.post(address, **ada.get(address).hidden())
    assert invited() == found


def test_ticked_ones_are_invited_and_no_filter_adds_to_them(cast, browse):
    ada = browse(cast.ada)
    table = ada.get(USERS, role="designated_teacher", after=cast.theo.pk)
    assert [row[0] for row in table.rows()] == ["Tick Dora Teague"]
    assert f'name="tick" value="{cast.dora.pk}"' in table.bytes.decode()
    assert table.hidden() == {"who": "ticked", "role": "designated_teacher"}
    address = f"{MANY}?who=ticked&role=la_user&tick={cast.sara.pk}&tick={cast.theo.pk}"
    page = ada.get(address)
    assert "Ticked 2 in the table of users" in page.text
    assert "Sara Lindqvist Theo Marsh" in page.text
    answer = ada.post(address, **page.hidden())
    assert answer.leads_to == f"{USERS}?role=la_user"
    assert invited() == ["Lindqvist", "Marsh"]


def test_one_ticked_is_told_of_as_one(cast, browse, settings):
    settings.MAIL = "smtp://127.0.0.1"
    ada = browse(cast.ada)
    address = f"{MANY}?who=ticked&tick={cast.sara.pk}"
    question = ada.get(address)
    assert "goes to the e-mail address of one user" in question.text
    page = ada.post(address, follow=True, **question.hidden())
    assert "1 invitation is on its way." in page.text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?who=ticked",
        "?who=ticked&tick=no&tick=",
        "?who=ticked&role=la_user",
        "?role=queen&status=odd",
        "?q=%00",
        "?sort=-name",
    ],
)
def test_who_is_not_chosen_is_not_invited(cast, browse, query):
    """An address without search and filter shows everybody, and invites nobody."""
    ada = browse(cast.ada)
    assert "Choose whom to invite" in ada.get(MANY + query).text
    for shown in ("", "0", "6"):
        assert "Choose whom to invite" in ada.post(MANY + query, shown=shown).text
    assert invited() == []
    assert "Invite everyone who matches" not in ada.get(USERS, role="queen", sort="-name").text


def test_nobody_to_invite(cast, browse, with_password):
    with_password(cast.liam)
    page = browse(cast.ada).get(MANY, role="la_user")
    assert "There is nobody to invite" in page.text
    assert "1 user: set up already Liam Novak" in page.text
    assert "csrfmiddlewaretoken" not in page.bytes.decode().split("<main")[1]
    assert "No user matches" in browse(cast.ada).get(MANY, q="nobody").text


def test_s42_others_than_were_shown_are_asked_about_again(cast, browse, with_password):
    """Also where they are as many as before."""
    ada = browse(cast.ada)
    address = f"{MANY}?role=social_worker"
    shown = ada.get(address).hidden()
    factories.grant(cast.noor, SOCIAL_WORKER)
    with_password(cast.sara)
    again = ada.post(address, **shown)
    assert "Look again before you send" in again.text
    assert invited() == []
    ada.post(address, **again.hidden())
    assert invited() == ["Rahman"]


def test_more_than_are_invited_at_once(cast, browse, monkeypatch):
    ada = browse(cast.ada)
    address = f"{MANY}?status=not-invited"
    six = ada.get(address).hidden()
    monkeypatch.setattr(users_invite, "AT_MOST", 5)
    assert "Choose fewer users" in ada.post(address, **six).text
    monkeypatch.setattr(users_invite, "AT_MOST", 3)
    assert "more than 3 users match" in ada.get(address).text
    assert "Choose fewer users" in ada.post(address, shown="6").text
    assert invited() == []


def test_the_page_says_when_mail_waits(cast, browse, settings):
    ada, waits = browse(cast.ada), "Mail is not set up here yet: invitations wait until it is"
    settings.MAIL = ""
    assert waits in ada.get(MANY, role="la_user").text
    address = f"{MANY}?status=not-invited"
    page = ada.post(address, follow=True, **ada.get(address).hidden())
    assert "6 invitations wait: mail is not set up here yet." in page.text
    settings.MAIL = "smtp://127.0.0.1"
    assert waits not in ada.get(MANY, role="la_user").text


@pytest.mark.parametrize("name", ["dora", "sara", "liam", "noor"])
def test_s28_only_an_la_super_user_invites(cast, browse, name):
    browser = browse(getattr(cast, name))
    assert browser.get(MANY, q="lin").status == 404
    assert browser.post(f"{MANY}?q=lin", shown="1").status == 404
    assert invited() == []


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.grant(factories.user(), SOCIAL_WORKER)
    browser = browse(cast.ada)
    with count_queries(10):
        page = browser.get(MANY, role="social_worker")
    with count_queries(36, events=4):
        browser.post(f"{MANY}?role=social_worker", **page.hidden())
    assert len(invited()) == 1 + more
