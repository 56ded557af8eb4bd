"""Whoever is shut out is out of every session and half session at the next request, by whatever
path (S1), and nothing of it comes back when they are let in again (S2)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access.accounts import UserToSave, delete_users, save_users
from schoolgate.access.actions import NewGrant, allow, deny, grant, revoke
from schoolgate.access.models import Grant
from schoolgate.access.roles import LEADER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.intake import runs
from schoolgate.intake.models import Import
from schoolgate.jobs.command import main
from schoolgate.kit.records import Source
from schoolgate.people.actions import set_password
from schoolgate.people.models import User
from schoolgate.sign_in import totp
from schoolgate.sign_in.models import (
    Passkey,
    ProviderLink,
    RecoveryCode,
    SessionEnding,
    Totp,
    UserSession,
)
from tests import factories
from tests.machine import run_is_on_postgresql
from tests.web.browsing import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.school import School


@dataclass
class Lena:
    """Lena, signed in twice and half in once, through the doors; ``app``: her authenticator."""

    user: User
    app: pyotp.TOTP
    signed_in: list[Client]
    half_in: Client

    def code(self) -> dict[str, str]:
        """What she types as the second factor now; it has not been used."""
        Totp.objects.filter(user=self.user).update(last_step=0)
        return {"code": self.app.at(timezone.now())}

    def first_step(self) -> Client:
        client = Client()
        answer = client.post("/sign-in/", {"name": self.user.email, "password": PASSWORD})
        assert answer.headers["Location"] == "/sign-in/second/"
        return client

    def comes_in(self) -> Client:
        client = self.first_step()
        assert client.post("/sign-in/second/", self.code()).headers["Location"] == "/"
        assert client.get("/").status_code == 200
        return client

    def is_out(self) -> None:
        """Nothing that she has open lets her in."""
        for client in self.signed_in:
            assert client.get("/").headers["Location"] == "/sign-in/"
        answer = self.half_in.post("/sign-in/second/", self.code())
        assert answer.headers["Location"] == "/sign-in/"
        assert self.half_in.get("/").headers["Location"] == "/sign-in/"


@pytest.fixture
def lena(school, with_password) -> Lena:
    user = school.lena
    with_password(user)
    secret = totp.start()
    app = pyotp.TOTP(secret)
    before = app.at(timezone.now() - timedelta(seconds=30))
    totp.set_up(user_id=user.pk, secret=secret, code=before, by=user_actor(user.pk))
    lena = Lena(user, app, [], Client())
    lena.signed_in = [lena.comes_in(), lena.comes_in()]
    lena.half_in = lena.first_step()
    return lena


# The paths: each gets the school, somebody's browser, and a folder.


def on_her_page(school: School, browse, folder) -> None:
    page = f"/settings/users/{school.lena.pk}/make-inactive/"
    browse(school.cast.ada).post(page, at="everywhere")


def on_her_page_at_the_school(school: School, browse, folder) -> None:
    page = f"/settings/users/{school.lena.pk}/make-inactive/"
    browse(school.cast.ada).post(page, at=school.cast.abbey.pk)


def by_an_edit(school: School, browse, folder) -> None:
    save_users([UserToSave(school.lena.pk, {}, active=False)], by=school.cast.as_ada)


def on_the_staff_list(school: School, browse, folder) -> None:
    _with_the_ticked(school, browse, "deactivate")


def deleted_on_the_staff_list(school: School, browse, folder) -> None:
    _with_the_ticked(school, browse, "delete")


def _with_the_ticked(school: School, browse, deed: str) -> None:
    nia = browse(school.nia)
    people = "".join(f"&tick={user.pk}" for user in (school.lena, school.una))
    page = f"/school/{school.cast.abbey.pk}/staff/act/?do={deed}&who=ticked{people}"
    nia.post(page, **nia.get(page).hidden())


def as_a_leaver(school: School, browse, folder) -> None:
    _offboarded(browse(school.cast.ada), "/settings/users/leavers/", "make-inactive", school)


def as_a_leaver_of_the_school(school: School, browse, folder) -> None:
    page = f"/school/{school.cast.abbey.pk}/staff/leavers/"
    _offboarded(browse(school.nia), page, "make-inactive", school)


def deleted_as_a_leaver(school: School, browse, folder) -> None:
    _offboarded(browse(school.cast.ada), "/settings/users/leavers/", "delete", school)


def _offboarded(browser, page: str, do: str, school: School) -> None:
    shown = browser.post(page, step="look", do=do, tick=[school.lena.pk, school.una.pk])
    browser.post(page, **{**shown.hidden(), "step": "save"})


LEAVERS = "User First Name,User Last Name,Email,User Name\r\nLena,Fischer,lena@abbey.example,\r\n"


def by_a_file_on_the_command_line(school: School, browse, folder) -> None:
    path = folder / "leavers.csv"
    path.write_text(LEAVERS)
    assert main(["import", "leavers", str(path), "--json"]) == 0


def by_a_file_on_the_pages(school: School, browse, folder) -> None:
    run = runs.receive(
        kind="leavers", role="", filename="leavers.csv", content=io.BytesIO(LEAVERS.encode()),
        by=school.cast.as_ada,
    )  # fmt: skip
    runs.check(run.pk)
    shown = Import.objects.get(pk=run.pk).plan_digest
    browse(school.cast.ada).post(f"/settings/imports/{run.pk}/apply/", shown=shown)
    runs.apply(run.pk)


def by_losing_the_last_role_that_is_awake(school: School, browse, folder) -> None:
    """At Abbey she is inactive; what she had at Brook is taken away."""
    subject = factories.subject(school.cast.brook)
    elsewhere = factories.grant(school.lena, LEADER, subject=subject)
    deny([school.lena.pk], by=SYSTEM, establishment_id=school.cast.abbey.pk)
    revoke([elsewhere.pk], by=SYSTEM)


PATHS: list[Callable[..., None]] = [
    on_her_page,
    on_her_page_at_the_school,
    by_an_edit,
    on_the_staff_list,
    deleted_on_the_staff_list,
    as_a_leaver,
    as_a_leaver_of_the_school,
    deleted_as_a_leaver,
    by_a_file_on_the_command_line,
    by_a_file_on_the_pages,
    by_losing_the_last_role_that_is_awake,
]
OF_A_SCHOOL = {
    on_her_page_at_the_school,
    on_the_staff_list,
    as_a_leaver_of_the_school,
    by_losing_the_last_role_that_is_awake,
}
DELETING = {deleted_on_the_staff_list, deleted_as_a_leaver}


@pytest.fixture
def named_database(tmp_path, monkeypatch) -> None:
    """A command refuses a database in memory; this process is connected to the test's own."""
    if not run_is_on_postgresql():
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/named-only.sqlite3")


@pytest.mark.usefixtures("named_database")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_s1_every_session_and_half_session_is_over(school, lena, browse, tmp_path, path):
    others = browse(school.tariq)
    path(school, browse, tmp_path)
    sessions = UserSession.objects.filter(user=lena.user)
    assert [session.ended_how for session in sessions] == [SessionEnding.SHUT_OUT] * 2
    assert Event.objects.filter(verb="ended", kind="session", user_id=lena.user.pk).count() == 2
    lena.is_out()
    # And by the door itself.
    answer = Client().post("/sign-in/", {"name": lena.user.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert others.get("/").status == 200
    assert sessions.filter(ended_at=None).count() == 0


@pytest.mark.usefixtures("named_database")
@pytest.mark.parametrize(
    "path", [path for path in PATHS if path not in DELETING], ids=lambda path: path.__name__
)
def test_s2_letting_her_in_again_revives_nothing(school, lena, browse, tmp_path, path):
    path(school, browse, tmp_path)
    # At once: no request has come in between.
    place = school.cast.abbey.pk if path in OF_A_SCHOOL else None
    allow([lena.user.pk], by=school.cast.as_ada, establishment_id=place)
    lena.is_out()
    assert lena.comes_in().get("/").status_code == 200
    lena.is_out()


def test_s2_also_where_the_calendar_shut_her_out(clock, school, with_password):
    lena = school.lena
    with_password(lena)
    subject = factories.subject(school.cast.brook)
    factories.grant(lena, LEADER, subject=subject, until=clock.today)
    deny([lena.pk], by=SYSTEM, establishment_id=school.cast.abbey.pk)
    clock.set(clock.today, at=clock.moment.replace(hour=23, minute=58).time())
    client = Client()
    client.post("/sign-in/", {"name": lena.email, "password": PASSWORD})
    assert client.get("/").status_code == 200
    clock.wait(minutes=4)  # the last day is over
    allow([lena.pk], by=school.cast.as_ada, establishment_id=school.cast.abbey.pk)
    assert client.get("/").headers["Location"] == "/sign-in/"


def test_a_new_password_ends_the_half_session_that_the_old_one_began(lena):
    set_password(user=lena.user, password=f"{PASSWORD} anew", by=user_actor(lena.user.pk))
    answer = lena.half_in.post("/sign-in/second/", lena.code())
    assert answer.headers["Location"] == "/sign-in/"
    assert lena.half_in.get("/").headers["Location"] == "/sign-in/"


def test_a_denial_at_one_school_ends_no_session_of_whoever_works_elsewhere_too(school, lena):
    factories.grant(lena.user, LEADER, subject=factories.subject(school.cast.brook))
    deny([lena.user.pk], by=SYSTEM, establishment_id=school.cast.abbey.pk)
    assert UserSession.objects.filter(user=lena.user, ended_at=None).count() == 2
    # Her last denial is part of what a session is made for, all the same (S2).
    lena.is_out()


def test_s4_a_role_taken_away_bites_and_ends_no_session(school, lena):
    held = Grant.objects.filter(user=lena.user, ended_at=None).values_list("pk", flat=True)
    assert "Haddad" in lena.signed_in[0].get("/pupils/").content.decode()
    revoke(held, by=school.as_nia)
    for client in lena.signed_in:
        answer = client.get("/pupils/")
        assert answer.status_code == 200
        assert "Haddad" not in answer.content.decode()
    today = timezone.localdate()
    new = NewGrant(lena.user.pk, SOCIAL_WORKER.code, None, school.cast.amira.pk, today)
    grant([new], by=SYSTEM, source=Source.BY_HAND)
    assert "Haddad" in lena.signed_in[1].get("/pupils/").content.decode()


def test_whoever_is_deleted_leaves_no_way_in_behind(school, lena):
    now = timezone.now()
    Passkey.objects.create(
        user=lena.user, name="Phone", credential_id="c", public_key=b"k", made_at=now
    )
    RecoveryCode.objects.create(user=lena.user, code_hash="h", made_at=now)
    ProviderLink.objects.create(
        user=lena.user, provider="google", issuer="i", subject="s", made_at=now
    )
    delete_users([lena.user.pk], by=school.as_nia)
    for model in (Totp, Passkey, RecoveryCode, ProviderLink):
        assert not model.objects.filter(user=lena.user).exists()
    # The account elsewhere can belong to somebody new.
    ProviderLink.objects.create(
        user=school.una, provider="google", issuer="i", subject="s", made_at=now
    )


def test_s1_undoing_the_file_that_made_somebody_ends_their_sessions(cast):
    """Whoever has signed in is kept; but one may be at the door at this very moment."""
    run = runs.receive(
        kind="users", role="social_worker", filename="people.csv",
        content=io.BytesIO(
            b"User First Name,User Last Name,Email\r\nGrace,Okoro,grace@x.example\r\n"
        ),
        by=cast.as_ada,
    )  # fmt: skip
    runs.check(run.pk)
    digest = Import.objects.get(pk=run.pk).plan_digest
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=digest)
    runs.apply(run.pk)
    grace, now = User.objects.get(email="grace@x.example"), timezone.now()
    UserSession.objects.create(
        user=grace, door="password", made_at=now, seen_at=now, confirmed_at=now
    )
    Totp.objects.create(user=grace, made_at=now)
    runs.request_undo(run.pk, by=cast.as_ada)
    runs.undo(run.pk)
    grace.refresh_from_db()
    assert grace.gone_at
    assert UserSession.objects.get(user=grace).ended_how == SessionEnding.SHUT_OUT
    assert not Totp.objects.filter(user=grace).exists()


def test_100_users_are_shut_out_in_as_many_queries_as_3(cast):
    def crowd(size: int) -> list[int]:
        users = [factories.user() for _ in range(size)]
        now = timezone.now()
        UserSession.objects.bulk_create(
            UserSession(user=user, door="password", made_at=now, seen_at=now, confirmed_at=now)
            for user in users
            for _ in range(2)
        )
        return [user.pk for user in users]

    counts = []
    for size in (3, 100):
        ids = crowd(size)
        with CaptureQueriesContext(connection) as asked:
            deny(ids, by=SYSTEM)
        counts.append(len(asked))
        assert not UserSession.objects.filter(user__in=ids, ended_at=None).exists()
    # That many rows were written is told to PostgreSQL besides.
    assert counts[1] <= counts[0] + 2
