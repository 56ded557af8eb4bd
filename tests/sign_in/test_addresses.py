"""A new e-mail address of one's own: confirmed from the new one, stopped from the old (LAC12)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.audit.actions import SYSTEM, batch, user_actor
from schoolgate.audit.models import Event
from schoolgate.kit import locks
from schoolgate.kit.records import Ending
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail, State
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.sign_in import addresses, asked, links, log, sessions
from schoolgate.sign_in.models import AddressChange, AskedKind, Door, Second, UserSession
from tests import cast as company
from tests import factories
from tests.sign_in.at_once import at_once
from tests.sign_in.mailed import address_links, confirm_link, reset_link, stop_link

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock
    from tests.databases import OwnDatabase

OLD, NEW, NEXT = "dora@abbey.example", "Dora@home.example", "third@home.example"


def session_of(user: User) -> UserSession:
    return sessions.open_session(
        user_id=user.pk, door=Door.PASSWORD, second=Second.NONE, origin=log.NOWHERE
    )


def confirm(token: str, user: User) -> None:
    session = session_of(user)
    addresses.confirm(token, user_id=user.pk, session_id=session.pk, by=user_actor(user.pk))


def address_of(user: User) -> str:
    return User.objects.get(pk=user.pk).email


def told() -> list[tuple[str, str]]:
    waiting = Mail.objects.filter(state=State.WAITING).order_by("pk")
    return list(waiting.values_list("kind", "address"))


def test_both_addresses_are_told_and_nothing_changes_yet(cast: Cast) -> None:
    addresses.ask(user_id=cast.dora.pk, new_email=NEW, by=user_actor(cast.dora.pk))
    assert told() == [("address-confirm", NEW), ("address-asked", OLD)]
    assert address_of(cast.dora) == OLD
    change = addresses.waiting(cast.dora.pk)
    assert change and change.new_email == NEW


def test_confirming_changes_it_tells_both_and_ends_the_other_sessions(cast: Cast) -> None:
    other = session_of(cast.dora)
    token, _ = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    assert address_of(cast.dora) == NEW
    assert told()[-2:] == [("address-changed-old", OLD), ("address-changed-new", NEW)]
    other.refresh_from_db()
    assert other.ended_how == "changed"
    assert sessions.live(cast.dora.pk).count() == 1
    with pytest.raises(Refusal):
        confirm(token, cast.dora)


def test_somebody_without_an_address_gets_one_and_nobody_can_stop_it(cast: Cast) -> None:
    kim = factories.user(email="", username="kim.2014")
    addresses.ask(user_id=kim.pk, new_email="kim@x.example", by=user_actor(kim.pk))
    assert told() == [("address-confirm", "kim@x.example")]
    confirm(confirm_link(AddressChange.objects.get()), kim)
    assert address_of(kim) == "kim@x.example"
    assert addresses.find_stop("") is None


def test_the_link_confirms_for_whoever_asked_alone(cast: Cast) -> None:
    token, _ = address_links(cast.dora, NEW)
    assert addresses.find_confirm(token, cast.theo.pk) is None
    with pytest.raises(Refusal):
        confirm(token, cast.theo)
    assert addresses.find_confirm("", cast.dora.pk) is None


def test_the_same_address_is_refused_in_words(cast: Cast) -> None:
    with pytest.raises(Refusal, match="Enter another e-mail address"):
        addresses.ask(user_id=cast.dora.pk, new_email=OLD.upper(), by=SYSTEM)


@pytest.mark.parametrize("denied", [False, True])
def test_an_address_that_somebody_has_gets_no_mail(cast: Cast, denied: bool) -> None:
    if denied:
        access.deny([cast.theo.pk], by=SYSTEM)
    addresses.ask(user_id=cast.dora.pk, new_email=cast.theo.email, by=SYSTEM)
    change = AddressChange.objects.get()
    wanted = {change.pk: "theo@brook.example"}
    assert addresses.make_confirm_tokens(wanted, at=timezone.now()) == {}


def test_an_address_taken_since_is_refused_in_words(cast: Cast) -> None:
    token, _ = address_links(cast.dora, NEW)
    people.change_users([(cast.theo.pk, "email", NEW)], by=SYSTEM)
    with pytest.raises(Refusal, match="Enter another e-mail address"):
        confirm(token, cast.dora)
    assert address_of(cast.dora) == OLD


def test_the_link_works_for_a_day(clock: Clock, cast: Cast) -> None:
    token, _ = address_links(cast.dora, NEW)
    clock.wait(days=1, seconds=-1)
    assert addresses.find_confirm(token, cast.dora.pk)
    clock.wait(seconds=1)
    assert addresses.find_confirm(token, cast.dora.pk) is None


def test_s18_asking_again_ends_the_earlier_link(cast: Cast) -> None:
    first, _ = address_links(cast.dora, NEW)
    second, _ = address_links(cast.dora, NEXT)
    assert addresses.find_confirm(first, cast.dora.pk) is None
    confirm(second, cast.dora)
    assert address_of(cast.dora) == NEXT


# Stopping


def test_the_old_address_stops_what_waits(cast: Cast) -> None:
    session = session_of(cast.dora)
    token, stop = address_links(cast.dora, NEW)
    assert addresses.stop(stop) is False
    assert address_of(cast.dora) == OLD
    assert addresses.find_confirm(token, cast.dora.pk) is None
    session.refresh_from_db()
    assert session.ended_at is not None
    assert Event.objects.filter(verb="stopped", user_id=cast.dora.pk).count() == 1
    with pytest.raises(Refusal):
        addresses.stop(stop)


def test_the_old_address_puts_itself_back_for_a_week_after(clock: Clock, cast: Cast) -> None:
    token, stop = address_links(cast.dora, NEW)
    clock.wait(hours=20)
    confirm(token, cast.dora)
    clock.wait(days=7, seconds=-1)
    assert addresses.stop(stop) is True
    assert address_of(cast.dora) == OLD
    assert not sessions.live(cast.dora.pk).exists()


def test_it_cannot_be_stopped_after_a_week(clock: Clock, cast: Cast) -> None:
    token, stop = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    clock.wait(days=7)
    assert addresses.find_stop(stop) is None


def test_the_mail_that_tells_of_the_change_can_stop_it_too(cast: Cast) -> None:
    token, first = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    second = stop_link(AddressChange.objects.get())
    assert first != second
    for stop in (first, second):
        assert addresses.find_stop(stop)
    assert addresses.stop(second) is True
    assert addresses.find_stop(first) is None


def test_who_took_an_account_over_cannot_keep_it_from_its_owner(cast: Cast) -> None:
    """Neither by moving on to a third address, nor by a new password, nor by a link to it."""
    token, stop = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    again, stop_of_theirs = address_links(User.objects.get(pk=cast.dora.pk), NEXT)
    confirm(again, cast.dora)
    theirs = User.objects.get(pk=cast.dora.pk)
    asked.redeem_reset(reset_link(theirs), password="the pass phrase of a thief")
    reset = reset_link(theirs)

    assert addresses.stop(stop) is True
    assert address_of(cast.dora) == OLD
    assert asked.find_reset(reset) is None
    assert addresses.find_stop(stop_of_theirs) is None
    assert addresses.find_confirm(again, cast.dora.pk) is None


def test_what_was_replaced_can_be_stopped_by_its_first_mail(cast: Cast) -> None:
    _, stop = address_links(cast.dora, NEW)
    token, _ = address_links(cast.dora, NEXT)
    confirm(token, cast.dora)
    assert addresses.stop(stop) is True
    assert address_of(cast.dora) == OLD


def test_what_an_administrator_changed_since_is_not_put_back(cast: Cast) -> None:
    token, stop = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    save_users([UserToSave(cast.dora.pk, {"email": NEXT})], by=cast.as_ada)
    assert addresses.find_stop(stop) is None
    with pytest.raises(Refusal):
        addresses.stop(stop)
    assert address_of(cast.dora) == NEXT


def test_what_a_file_changed_since_is_not_put_back(cast: Cast) -> None:
    token, stop = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    people.change_users([(cast.dora.pk, "email", NEXT)], by=SYSTEM)
    with pytest.raises(Refusal, match="Ask whoever looks after users"):
        addresses.stop(stop)
    assert address_of(cast.dora) == NEXT


def test_an_old_address_that_somebody_else_has_by_now_is_told_in_words(cast: Cast) -> None:
    token, stop = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    people.change_users([(cast.theo.pk, "email", OLD)], by=SYSTEM)
    with pytest.raises(Refusal, match="somebody else has it by now"):
        addresses.stop(stop)
    assert address_of(cast.dora) == NEW


@pytest.mark.parametrize("when", ["waiting", "confirmed"])
@pytest.mark.parametrize("what", ["denied", "gone", "moved by hand"])
def test_s03_what_ends_both_links(cast: Cast, what: str, when: str) -> None:
    token, stop = address_links(cast.dora, NEW)
    if when == "confirmed":
        confirm(token, cast.dora)
    if what == "denied":
        access.deny([cast.dora.pk], by=cast.as_ada)
        access.allow([cast.dora.pk], by=cast.as_ada)
    if what == "gone":
        people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    if what == "moved by hand":
        for email in ("d@x.example", address_of(cast.dora)):  # and back
            save_users([UserToSave(cast.dora.pk, {"email": email})], by=cast.as_ada)
    assert addresses.find_stop(stop) is None
    assert addresses.find_confirm(token, cast.dora.pk) is None


def test_s03_a_new_password_ends_what_waits(cast: Cast) -> None:
    token, stop = address_links(cast.dora, NEW)
    links.void([cast.dora.pk], by=user_actor(cast.dora.pk), stops=False)
    assert addresses.find_confirm(token, cast.dora.pk) is None
    assert addresses.find_stop(stop)


def test_s15_no_table_holds_a_token(cast: Cast) -> None:
    tokens = address_links(cast.dora, NEW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sign_in_addresschange")
        dumped = repr(cursor.fetchall())
    assert NEW in dumped  # it did look
    assert [token for token in tokens if token in dumped or len(token) * 6 < 128] == []


def test_changes_that_nobody_can_stop_are_swept(clock: Clock, cast: Cast) -> None:
    token, stop = address_links(cast.dora, NEW)
    confirm(token, cast.dora)
    clock.wait(days=6)
    links.sweep()
    assert addresses.find_stop(stop)
    clock.wait(days=1, seconds=1)
    links.sweep()
    assert not AddressChange.objects.exists()


@pytest.mark.postgresql
def test_s16_confirmed_and_stopped_at_once_the_old_address_stays(own_database: OwnDatabase) -> None:
    cast = company.assemble()
    for _ in range(5):
        token, stop = address_links(cast.dora, NEW)

        assert both_at_once(token, stop, cast.dora)
        assert address_of(cast.dora) == OLD


def both_at_once(token: str, stop: str, user: User) -> bool:
    """Confirm and stop a change at the same moment; whether it was stopped."""
    stopped: list[bool] = []

    def confirming() -> None:
        try:
            confirm(token, user)
        except Refusal:
            return

    def stopping() -> None:
        addresses.stop(stop)
        stopped.append(True)

    jobs = [confirming, stopping]

    def one() -> bool:
        jobs.pop()()
        return True

    at_once(one, 2)
    return stopped == [True]


@pytest.mark.postgresql
@pytest.mark.parametrize("what", ["confirmed", "stopped"])
def test_an_import_and_a_change_of_address_do_not_wait_for_each_other(
    own_database: OwnDatabase, what: str
) -> None:
    """Both take the lock of whoever writes before the user."""
    dora = company.assemble().dora
    token, stop = address_links(dora, NEW)
    if what == "stopped":
        confirm(token, dora)
    thread = threading.Thread(target=on_its_own, args=(lambda: changes(what, token, stop, dora),))
    with transaction.atomic():
        locks.while_importing()
        thread.start()
        time.sleep(1)
        User.objects.filter(pk=dora.pk).update(job_title="changed by the import")
    thread.join()
    assert address_of(dora) == (NEW if what == "confirmed" else OLD)


@pytest.mark.postgresql
def test_a_denial_and_a_change_of_address_do_not_wait_for_each_other(
    own_database: OwnDatabase,
) -> None:
    """Both end what was asked for at the sign-in page before the changes of address."""
    dora = company.assemble().dora
    token, _ = address_links(dora, NEW)
    reset_link(dora)
    thread = threading.Thread(target=on_its_own, args=(lambda: confirm(token, dora),))
    with batch(by=SYSTEM) as events:
        links.end_asked([dora.pk], AskedKind.RESET, at=events.at)
        thread.start()
        time.sleep(1)
        links.void([dora.pk], by=SYSTEM)
    thread.join()
    assert address_of(dora) == OLD
    assert not AddressChange.objects.exclude(confirmed_at=None).exists()


def changes(what: str, token: str, stop: str, user: User) -> None:
    if what == "confirmed":
        confirm(token, user)
    else:
        addresses.stop(stop)


def on_its_own(do: Callable[[], None]) -> None:
    """In a thread, with a connection of its own; it may be told no."""
    try:
        do()
    except Refusal:
        pass
    finally:
        connection.close()
