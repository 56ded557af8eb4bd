"""First passwords from a file: sealed, hashed, taken away (ITS8, S22)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from django.contrib.auth.hashers import check_password
from django.db import connection

from schoolgate.access.accounts import delete_users
from schoolgate.access.sign_in import candidate, is_password_of
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.jobs import worker
from schoolgate.people import first_passwords, invitations
from schoolgate.people.actions import set_password
from schoolgate.people.models import FirstPassword, User
from tests import factories

CANARY = "Canary-7 sings"


def keep(*users: User, plain: str = CANARY, import_id: int | None = None) -> int:
    """Keep the same first password for several users."""
    return first_passwords.keep(
        [(user.pk, plain) for user in users], by=SYSTEM, import_id=import_id
    )


def hashed(user: User) -> User:
    """The user as the database knows them, with everything that waits hashed."""
    while first_passwords.hash_some():
        pass
    return User.objects.get(pk=user.pk)


def test_s22_until_it_is_hashed_it_is_sealed_and_nobody_signs_in_with_it(db):
    user = factories.user(email="ann@home.example")
    assert keep(user) == 1
    (waiting,) = FirstPassword.objects.all()
    assert CANARY not in waiting.sealed
    assert candidate("ann@home.example").user is None
    user = hashed(user)
    assert not FirstPassword.objects.exists()
    assert user.has_first_password
    assert is_password_of(candidate("ann@home.example").user, CANARY)


def test_s22_hashed_at_the_cost_of_every_password(db):
    user = hashed_after_keeping("ann@home.example")
    other = factories.user(email="other@home.example")
    set_password(user=other, password="another one of the same kind", by=SYSTEM)
    other.refresh_from_db()
    costs = [person.password.split("$")[:4] for person in (user, other)]
    assert costs[0] == costs[1]


def hashed_after_keeping(address: str) -> User:
    """A new user who has the canary for a first password."""
    user = factories.user(email=address)
    keep(user)
    return hashed(user)


def test_s22_the_event_names_the_field_and_no_value(db):
    user = hashed_after_keeping("ann@home.example")
    event = Event.objects.filter(object_id=user.pk, fields="password").get()
    assert (event.verb, event.kind) == ("changed", "user")
    assert CANARY not in str(vars(event))


def test_an_empty_one_is_none_and_the_last_of_several_counts(db):
    ann, bob = factories.user(email="ann@home.example"), factories.user(email="bob@home.example")
    first_passwords.keep(
        [(ann.pk, ""), (bob.pk, "one"), (bob.pk, "two")], by=SYSTEM, import_id=None
    )
    assert list(FirstPassword.objects.values_list("user_id", flat=True)) == [bob.pk]
    assert check_password("two", hashed(bob).password)


def test_whoever_has_set_up_or_is_gone_gets_none(db):
    ready, gone = (
        factories.user(email="ready@home.example"),
        factories.user(email="gone@home.example"),
    )
    late = factories.user(email="late@home.example")
    set_password(user=ready, password="correct horse battery", by=SYSTEM)
    delete_users([gone.pk], by=SYSTEM)
    assert keep(ready, gone, late) == 1
    # They set up between the import and the hashing.
    set_password(user=late, password="correct horse battery", by=SYSTEM)
    assert check_password("correct horse battery", hashed(late).password)
    assert check_password("correct horse battery", hashed(ready).password)
    assert not FirstPassword.objects.exists()


def test_the_same_file_again_changes_nothing(db):
    user = hashed_after_keeping("ann@home.example")
    assert keep(user, plain="something else") == 0
    assert check_password(CANARY, hashed(user).password)


def test_s22_one_that_is_not_hashed_within_a_day_is_wiped(db, clock):
    user = factories.user(email="ann@home.example")
    keep(user)
    clock.wait(days=1, seconds=1)
    assert not first_passwords.hash_some()
    first_passwords.forget_old()
    assert not FirstPassword.objects.exists()
    assert not User.objects.get(pk=user.pk).has_usable_password()


def test_s22_one_that_nobody_changed_ends_with_the_time_of_an_invitation(db, clock):
    user = hashed_after_keeping("ann@home.example")
    clock.wait(days=13, hours=23)
    assert candidate("ann@home.example").user == user
    clock.wait(hours=2)
    assert candidate("ann@home.example").user is None
    assert first_passwords.forget_old() == 1
    user.refresh_from_db()
    assert (user.has_usable_password(), user.has_first_password) == (False, None)
    # A new file may give them another.
    assert keep(user, plain="another") == 1


def test_one_whose_time_is_over_makes_room_before_the_worker_looks(db, clock):
    user = hashed_after_keeping("ann@home.example")
    clock.wait(days=15)
    assert keep(user, plain="another") == 1
    assert check_password("another", hashed(user).password)
    assert candidate("ann@home.example").user == user


def test_an_invitation_still_works_and_ends_the_first_password(db, clock):
    user = factories.user(email="ann@home.example")
    keep(user)
    user = hashed(user)
    invitations.invite([user.pk], by=SYSTEM)
    (invitation,) = invitations._working()
    ready = invitations.make_tokens({invitation.pk: "ann@home.example"}, at=invitation.made_at)
    invitations.redeem(ready[invitation.pk].token, password="correct horse battery")
    user.refresh_from_db()
    assert not user.has_first_password
    assert user.is_set_up


def test_s22_undo_wipes_what_waits_and_ends_what_nobody_changed(db):
    waiting, given = factories.user(email="w@home.example"), factories.user(email="g@home.example")
    changed, other = factories.user(email="c@home.example"), factories.user(email="o@home.example")
    keep(given, changed, import_id=7)
    keep(other, import_id=8)
    hashed(given)
    set_password(user=changed, password="correct horse battery", by=SYSTEM)
    keep(waiting, import_id=7)
    first_passwords.take_back(7, by=SYSTEM)
    assert not FirstPassword.objects.exists()
    has = {user.pk for user in User.objects.all() if user.has_usable_password()}
    assert has == {changed.pk, other.pk}


def test_s22_a_worker_that_is_killed_while_hashing_loses_none(own_database):
    users = [factories.user(email=f"{n}@home.example") for n in range(150)]
    keep(*users)
    program = [sys.executable, "-m", "schoolgate.jobs.worker_process", "imports"]
    surroundings = {**os.environ, "DATABASE_URL": own_database.url}
    with subprocess.Popen(program, env=surroundings, stderr=subprocess.PIPE) as process:
        patience = time.monotonic() + 60
        while FirstPassword.objects.count() == 150 and time.monotonic() < patience:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert process.stderr is not None
        assert CANARY.encode() not in process.stderr.read()
    left = FirstPassword.objects.count()
    assert 0 < left < 150
    assert User.objects.filter(has_first_password=True).count() == 150 - left
    hashed(users[0])
    passwords = User.objects.values_list("password", flat=True)
    assert sum(password.startswith("argon2") for password in passwords) == 150
    some = User.objects.order_by("?")[:5]
    assert all(check_password(CANARY, user.password) for user in some)


def test_two_workers_at_once_hash_each_once(own_database):
    users = [factories.user(email=f"{n}@home.example") for n in range(6)]
    keep(*users)
    together = threading.Barrier(2)

    def work() -> None:
        try:
            together.wait()
            worker.hash_first_passwords()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not FirstPassword.objects.exists()
    assert Event.objects.filter(fields="password").count() == 6
