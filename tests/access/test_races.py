"""What two people do at the same moment (S32), on the database that lets them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connections
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import ends
from schoolgate.access.accounts import (
    UserToAdd,
    UserToSave,
    add_users,
    delete_users,
    save_users,
)
from schoolgate.access.authority import administrators, lasting_administrators
from schoolgate.access.models import Grant
from schoolgate.access.offboarding import Step, offboard
from schoolgate.access.proposals import deciding
from schoolgate.access.roles import LA_SUPER_USER, LA_USER
from schoolgate.audit.actions import SYSTEM, batch, user_actor
from schoolgate.audit.queries import verify
from schoolgate.kit import locks
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.people.actions import NewUser, change_users
from schoolgate.people.models import User
from tests import factories
from tests.cast import assemble, who_sees
from tests.databases import OwnDatabase

pytestmark = pytest.mark.postgresql


def revoke(target: User, by: User) -> None:
    """Take the role away."""
    grants = Grant.objects.filter(user=target, ended_at__isnull=True).values_list("pk", flat=True)
    access.revoke(list(grants), by=user_actor(by.pk))


def deny(target: User, by: User) -> None:
    """Make inactive."""
    access.deny([target.pk], by=user_actor(by.pk))


def delete(target: User, by: User) -> None:
    """Delete for good."""
    delete_users([target.pk], by=user_actor(by.pk))


def offboard_both(target: User, by: User) -> None:
    """Offboard many at once, the other administrator among them."""
    others = [factories.user().pk for _ in range(3)]
    offboard(Step.MAKE_INACTIVE, [target.pk, *others], by=user_actor(by.pk))


def let_end(target: User, by: User) -> None:
    """Give all that they hold a last day."""
    grants = Grant.objects.filter(user=target, ended_at__isnull=True).values_list("pk", flat=True)
    ends.set_last_day(list(grants), timezone.localdate(), by=user_actor(by.pk))


Removal = Callable[[User, User], None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (revoke, revoke),
        (deny, deny),
        (revoke, deny),
        (delete, delete),
        (delete, offboard_both),
        (offboard_both, offboard_both),
        (let_end, let_end),
        (let_end, delete),
    ],
    ids=[
        "both revoke",
        "both deny",
        "one of each",
        "both delete",
        "delete and offboard",
        "both offboard",
        "both end",
        "end and delete",
    ],
)
def test_s32_two_mutual_removals_at_once_leave_one_la_super_user(
    own_database: OwnDatabase, one: Removal, other: Removal
) -> None:
    left: list[User] = []
    for _ in range(8):
        ada, bea = factories.user(first_name="Ada"), factories.user(first_name="Bea")
        for user in (ada, bea):
            factories.grant(user, LA_SUPER_USER)
        for user in left:
            revoke(user, ada)

        refusals = at_once(partial(one, ada, bea), partial(other, bea, ada))

        assert [type(refusal) for refusal in refusals] == [Refusal]
        left = list(User.objects.filter(pk__in=lasting_administrators()))
        assert len(left) == 1
        for user in User.objects.filter(pk__in=administrators() - lasting_administrators()):
            revoke(user, left[0])
    assert list(verify()) == []


def test_taking_away_does_not_wait_for_an_import_and_giving_does(
    own_database: OwnDatabase,
) -> None:
    cast = assemble()
    given, taken = threading.Event(), threading.Event()

    def give() -> None:
        factories.grant(cast.noor, LA_USER)
        given.set()

    def take() -> None:
        revoke(cast.liam, cast.ada)
        deny(cast.theo, cast.ada)
        factories.restriction(cast.sara, cast.amira)
        taken.set()

    invitations.invite([cast.theo.pk], by=SYSTEM)
    with batch(by=SYSTEM):
        locks.while_importing()
        change_users([(user.pk, "phone", "01632 960123") for user in cast.users], by=SYSTEM)
        giving, taking = start(give), start(take)
        assert taken.wait(timeout=10)
        assert not given.wait(timeout=0.5)
    giving.join(timeout=10)
    taking.join(timeout=10)

    assert given.is_set()
    assert who_sees(cast.amira) == "Ada Dora Noor"
    assert list(verify()) == []


def test_s32_an_edit_and_a_denial_of_one_user_at_once_are_both_done(
    own_database: OwnDatabase,
) -> None:
    cast = assemble()
    for _ in range(5):
        held = threading.Event()

        def edit(held: threading.Event = held) -> None:
            with deciding([cast.dora.pk], by=cast.as_ada):
                held.set()
                time.sleep(0.1)
                save_users([UserToSave(cast.dora.pk, {}, active=False)], by=cast.as_ada)

        def deny_meanwhile(held: threading.Event = held) -> None:
            held.wait(timeout=10)
            deny(cast.dora, cast.ada)

        assert at_once(edit, deny_meanwhile) == []
        assert who_sees(cast.amira) == "Ada Liam Sara Theo"
        access.allow([cast.dora.pk], by=cast.as_ada)
    assert list(verify()) == []


def test_s57_an_address_that_several_enter_at_once_is_one_users(own_database: OwnDatabase) -> None:
    cast = assemble()

    def add() -> None:
        with deciding(by=cast.as_ada):
            facts = NewUser("new@x.example", "", "New", "User")
            add_users([UserToAdd(facts, [], invite=True)], by=cast.as_ada)

    def change() -> None:
        change_users([(cast.noor.pk, "email", "NEW@x.example")], by=cast.as_ada)

    refusals = at_once(add, add, change)
    assert [type(refusal) for refusal in refusals] == [Refusal] * 2
    assert User.objects.filter(email_key="new@x.example").count() == 1
    assert list(verify()) == []


def start(call: Callable[[], None]) -> threading.Thread:
    """Make the call in a thread of its own, with a connection of its own."""

    def make() -> None:
        try:
            call()
        finally:
            connections.close_all()

    thread = threading.Thread(target=make)
    thread.start()
    return thread


def at_once(*calls: Callable[[], None]) -> list[Exception]:
    """Make the calls in threads that start together; what they raised."""
    start = threading.Barrier(len(calls))
    raised: list[Exception] = []

    def make(call: Callable[[], None]) -> None:
        try:
            start.wait(timeout=10)
            call()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return raised
