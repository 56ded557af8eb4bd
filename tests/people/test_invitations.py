"""Invitations: whom they reach, and when they no longer work."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending, Source
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail, State
from schoolgate.people import actions as people
from schoolgate.people import invitations
from schoolgate.people.actions import NewUser
from schoolgate.people.models import Invitation, InvitationToken, User
from tests import cast as company
from tests import factories
from tests.cast import Cast
from tests.clock import Clock

if TYPE_CHECKING:
    from tests.databases import OwnDatabase

PASSWORD = "correct horse battery staple"


def token_of(user: User) -> str:
    """The token that the worker puts into the mail of the user's live invitation."""
    live = Invitation.objects.get(user=user, ended_at=None)
    ready = invitations.make_tokens({live.pk: live.email_key}, at=timezone.now())
    return ready[live.pk].token


def invited(user: User) -> str:
    """Invite the user; the token of their mail."""
    invitations.invite([user.pk], by=SYSTEM)
    return token_of(user)


def state(user: User) -> str:
    return invitations.invitation_states([user.pk])[user.pk]


def bounced(user: User, state: State = State.BOUNCED) -> None:
    """Let the mail of the user's last invitation have come back."""
    last = Mail.objects.filter(user_id=user.pk).order_by("-pk")[:1]
    Mail.objects.filter(pk__in=last.values("pk")).update(state=state, problem="No such mailbox.")


def waiting() -> list[Mail]:
    return list(Mail.objects.filter(state=State.WAITING).order_by("pk"))


def test_an_invitation_and_its_mail_are_written_together(cast: Cast) -> None:
    ids = invitations.invite([cast.theo.pk, cast.dora.pk], by=cast.as_ada)

    assert ids == sorted([cast.dora.pk, cast.theo.pk])
    assert [(mail.user_id, mail.address) for mail in waiting()] == [
        (cast.dora.pk, "dora@abbey.example"),
        (cast.theo.pk, "theo@brook.example"),
    ]
    assert [mail.subject_id for mail in waiting()] == [
        Invitation.objects.get(user_id=id_).pk for id_ in ids
    ]
    assert Event.objects.filter(verb="invited", user_id__in=ids).count() == 2


def test_who_cannot_be_invited_is_left_out(cast: Cast) -> None:
    nobody = factories.user(email="", username="kim.2014")
    people.remove_users([cast.noor.pk], how=Ending.REMOVED, by=SYSTEM)
    people.set_password(user=cast.theo, password=PASSWORD, by=SYSTEM)

    wanted = [nobody.pk, cast.noor.pk, cast.theo.pk, cast.dora.pk, 987_654]
    assert invitations.invite(wanted, by=SYSTEM) == [cast.dora.pk]
    assert invitations.invite([], by=SYSTEM) == []


def test_the_invitation_sets_the_password_once_s16(cast: Cast) -> None:
    token = invited(cast.dora)
    assert [invitations.find(token) for _ in range(3)] == [Invitation.objects.get()] * 3

    assert invitations.redeem(token, password=PASSWORD) == cast.dora
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora
    assert invitations.find(token) is None
    with pytest.raises(Refusal, match="Ask for a new invitation"):
        invitations.redeem(token, password="another password entirely")
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora


def test_s16_an_invitation_without_password_is_used_up_as_well(cast: Cast) -> None:
    token = invited(cast.dora)

    assert not invitations.redeem(token, password=None).has_password
    assert state(cast.dora) == "Active"
    assert User.objects.get(pk=cast.dora.pk).check_password("none") is False
    with pytest.raises(Refusal, match="Ask for a new invitation"):
        invitations.redeem(token, password=None)


def test_s18_resending_kills_the_earlier_link(cast: Cast) -> None:
    first = invited(cast.dora)
    second = invited(cast.dora)

    assert invitations.find(first) is None
    with pytest.raises(Refusal):
        invitations.redeem(first, password=PASSWORD)
    assert invitations.redeem(second, password=PASSWORD) == cast.dora


def test_resending_calls_the_earlier_mail_back(cast: Cast) -> None:
    invitations.invite([cast.dora.pk], by=SYSTEM)
    (first,) = waiting()
    invitations.invite([cast.dora.pk], by=SYSTEM)

    assert [mail.pk for mail in waiting()] != [first.pk]
    assert len(waiting()) == 1
    first.refresh_from_db()
    assert (first.state, first.address) == (State.CANCELLED, "")


def test_s16_it_expires_by_the_clock(clock: Clock, cast: Cast) -> None:
    token = invited(cast.dora)
    clock.wait(days=14, seconds=-1)
    assert invitations.find(token)
    assert state(cast.dora) == "Invited"

    clock.wait(seconds=1)
    assert invitations.find(token) is None
    assert state(cast.dora) == "Invitation expired"
    with pytest.raises(Refusal):
        invitations.redeem(token, password=PASSWORD)


def test_the_days_that_it_lasts_count_from_the_mail(clock: Clock, cast: Cast) -> None:
    later = clock.moment + timedelta(days=30)
    invitations.invite([cast.dora.pk], by=SYSTEM, not_before=later)
    assert Invitation.objects.get().expires_at == later + timedelta(days=14)
    assert waiting()[0].due_at == later

    clock.wait(days=31)
    token_of(cast.dora)
    assert Invitation.objects.get().expires_at == clock.moment + timedelta(days=14)


def test_s17_a_changed_address_kills_it(cast: Cast) -> None:
    token = invited(cast.dora)
    User.objects.filter(pk=cast.dora.pk).update(email_key="other@abbey.example")

    assert invitations.find(token) is None
    assert state(cast.dora) == "Not invited"


def test_s03_deny_voids_it_for_good(cast: Cast) -> None:
    token = invited(cast.dora)
    access.deny([cast.dora.pk], by=cast.as_ada)
    access.allow([cast.dora.pk], by=cast.as_ada)

    assert invitations.find(token) is None
    assert waiting() == []
    assert state(cast.dora) == "Not invited"


def test_s03_removing_the_user_voids_it(cast: Cast) -> None:
    token = invited(cast.dora)
    people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)

    assert invitations.find(token) is None
    assert waiting() == []


def test_cancelling_ends_it_and_leaves_an_event(cast: Cast) -> None:
    token = invited(cast.dora)
    invitations.cancel([cast.dora.pk, cast.theo.pk], by=cast.as_ada)

    assert invitations.find(token) is None
    assert waiting() == []
    assert [e.user_id for e in Event.objects.filter(verb="cancelled")] == [cast.dora.pk]


def test_states_are_told_and_found(clock: Clock, cast: Cast) -> None:
    invited(cast.sara)
    clock.wait(days=20)
    invited(cast.dora)
    people.set_password(user=cast.theo, password=PASSWORD, by=SYSTEM)

    invited(cast.noor)
    bounced(cast.noor)

    wanted = {
        cast.sara: "Invitation expired",
        cast.dora: "Invited",
        cast.theo: "Active",
        cast.noor: "Mail bounced",
    }
    told = invitations.invitation_states([user.pk for user in cast.users])
    assert told == {user.pk: wanted.get(user, "Not invited") for user in cast.users}
    for name in ("Invitation expired", "Invited", "Active", "Not invited", "Mail bounced"):
        found = invitations.in_state(User.objects.all(), name)
        assert {user.pk for user in found} == {pk for pk, state in told.items() if state == name}


@pytest.mark.parametrize("how", [State.BOUNCED, State.FAILED])
def test_a_bounced_invitation_is_told_apart_until_it_is_sent_anew(
    clock: Clock, cast: Cast, how: State
) -> None:
    invited(cast.dora)
    bounced(cast.dora, how)
    assert state(cast.dora) == "Mail bounced"
    assert set(invitations.bounced()) == {cast.dora.pk}
    clock.wait(days=20)  # past its time, it has still bounced
    assert state(cast.dora) == "Mail bounced"
    assert not invitations.in_state(User.objects.all(), "Invitation expired")

    invited(cast.dora)
    assert state(cast.dora) == "Invited"
    assert not invitations.in_state(User.objects.all(), "Mail bounced")
    bounced(cast.dora, how)
    invitations.cancel([cast.dora.pk], by=SYSTEM)
    assert state(cast.dora) == "Not invited"


def test_a_bounced_invitation_to_an_earlier_address_does_not_count(cast: Cast) -> None:
    invited(cast.dora)
    bounced(cast.dora)
    User.objects.filter(pk=cast.dora.pk).update(email_key="other@abbey.example")
    assert state(cast.dora) == "Not invited"
    assert not invitations.in_state(User.objects.all(), "Mail bounced")


def test_s16_fifty_redeem_at_once_and_one_wins(own_database: OwnDatabase) -> None:
    how_many = 50
    cast = company.assemble()
    token = invited(cast.dora)
    together = threading.Barrier(how_many)
    won: list[str] = []

    def redeem(password: str) -> None:
        together.wait()
        try:
            invitations.redeem(token, password=password)
        except Refusal:
            pass
        else:
            won.append(password)
        finally:
            connection.close()

    words = [f"correct horse battery {n}" for n in range(how_many)]
    threads = [threading.Thread(target=redeem, args=[password]) for password in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert authenticate(username="dora@abbey.example", password=won[0]) == cast.dora
    assert Event.objects.filter(verb="accepted").count() == 1


def test_s16_redeeming_and_denying_at_once_leaves_a_user_who_cannot_sign_in(
    own_database: OwnDatabase,
) -> None:
    cast = company.assemble()
    users = [cast.dora, cast.theo, cast.sara, cast.noor]
    tokens = {user.pk: invited(user) for user in users}
    together = threading.Barrier(2 * len(users))

    def redeem(user: User) -> None:
        together.wait()
        with contextlib.suppress(Refusal):
            invitations.redeem(tokens[user.pk], password=PASSWORD)
        connection.close()

    def deny(user: User) -> None:
        together.wait()
        access.deny([user.pk], by=SYSTEM)
        connection.close()

    threads = [threading.Thread(target=do, args=[user]) for user in users for do in (redeem, deny)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for user in users:
        assert authenticate(username=user.email, password=PASSWORD) is None
        assert invitations.find(tokens[user.pk]) is None


def test_inviting_one_and_a_thousand_takes_as_many_statements(db: None) -> None:
    counts = []
    for many in (1, 1000):
        new = [NewUser(f"{many}-{n}@x.example", "", "N", "N") for n in range(many)]
        ids = people.create_users(new, by=SYSTEM, source=Source.IMPORT)
        for _ in range(2):  # for the first time, and again
            with CaptureQueriesContext(connection) as caught:
                assert invitations.invite(ids, by=SYSTEM) == ids
            copies = sum(" COPY " in f" {query['sql']}" for query in caught.captured_queries)
            counts.append(len(caught) - copies)
    assert counts[:2] == counts[2:]
    assert Mail.objects.filter(state=State.WAITING).count() == 1001


def test_s08_who_was_invited_and_has_not_set_up_cannot_sign_in(cast: Cast) -> None:
    token = invited(cast.dora)
    kept = User.objects.get(pk=cast.dora.pk).password
    for password in ("", " ", kept, token, InvitationToken.objects.get().token_hash):
        assert authenticate(username="dora@abbey.example", password=password) is None


def test_inviting_the_same_people_at_once_leaves_one_invitation_each(
    own_database: OwnDatabase,
) -> None:
    cast = company.assemble()
    ids = [user.pk for user in cast.users]
    together = threading.Barrier(6)
    failed: list[Exception] = []

    def invite(wanted: list[int]) -> None:
        together.wait()
        try:
            invitations.invite(wanted, by=SYSTEM)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    orders = [ids, ids[::-1]] * 3
    threads = [threading.Thread(target=invite, args=[wanted]) for wanted in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    live = Invitation.objects.filter(ended_at=None)
    assert sorted(live.values_list("user_id", flat=True)) == sorted(ids)
    assert {mail.subject_id for mail in waiting()} == set(live.values_list("pk", flat=True))
