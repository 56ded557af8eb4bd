"""Links and codes that are asked for by mail: for whom they are made, and when they end."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate
from django.db import connection
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.accounts import UserToSave, save_users
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.jobs import asked_worker
from schoolgate.kit.records import Ending
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail, State
from schoolgate.people import actions as people
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import asked, links, log, sessions
from schoolgate.sign_in.models import (
    AskedByMail,
    AskedKind,
    Door,
    Outcome,
    Second,
    SignInEvent,
    UserSession,
)
from tests import cast as company
from tests import factories
from tests.sign_in.at_once import HOW_MANY, at_once
from tests.sign_in.mailed import asked_for, code, reset_link, secret_of

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock
    from tests.databases import OwnDatabase

PASSWORD = "correct horse battery staple"
ANOTHER = "velvet harbour thistle drum"
WORD = "known to one browser alone"
BOTH = pytest.mark.parametrize("kind", list(AskedKind))


@pytest.fixture
def dora(cast: Cast) -> User:
    """Dora, who has set up her sign-in."""
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    return User.objects.get(pk=cast.dora.pk)


def posted() -> list[tuple[str, str]]:
    waiting = Mail.objects.filter(state=State.WAITING).order_by("pk")
    return list(waiting.values_list("kind", "address"))


# For whom


@BOTH
def test_the_worker_posts_mail_to_whoever_has_the_name(dora: User, kind: AskedKind) -> None:
    row = asked_for(kind, " DORA@abbey.example ", WORD)
    assert posted() == [(links.MAIL[kind], "dora@abbey.example")]
    assert (row.user, row.name_key, row.secret_hash) == (dora, "", "")
    assert Mail.objects.get().subject_id == row.pk
    (event,) = Event.objects.filter(verb="asked for")
    assert (event.kind, event.user_id) == (links.TOLD[kind], dora.pk)


@BOTH
def test_by_user_name_it_goes_to_the_address_of_the_account(cast: Cast, kind: AskedKind) -> None:
    kim = factories.user(email="kim@x.example", username="kim.2014")
    people.set_password(user=kim, password=PASSWORD, by=SYSTEM)
    asked_for(kind, "Kim.2014")
    assert posted() == [(links.MAIL[kind], "kim@x.example")]


@BOTH
@pytest.mark.parametrize("who", ["nobody", "not set up", "denied", "gone", "no address"])
def test_s08_nobody_else_gets_any(cast: Cast, kind: AskedKind, who: str) -> None:
    name = "dora@abbey.example"
    if who != "not set up":
        people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    if who == "nobody":
        name = "nobody@x.example"
    if who == "denied":
        access.deny([cast.dora.pk], by=SYSTEM)
    if who == "gone":
        people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    if who == "no address":
        name = "kim.2014"
        kim = factories.user(email="", username=name)
        people.set_password(user=kim, password=PASSWORD, by=SYSTEM)
    row = asked_for(kind, name, WORD)
    assert (row.looked_at is None, row.name_key, row.user) == (False, "", None)
    assert not Mail.objects.filter(kind=links.MAIL[kind]).exists()
    assert asked.make_secrets({row.pk: "dora@abbey.example"}, at=timezone.now()) == {}


@BOTH
@pytest.mark.parametrize("what", ["denied", "gone", "moved", "too late"])
def test_mail_that_is_no_longer_right_gets_no_secret(
    clock: Clock, cast: Cast, kind: AskedKind, what: str
) -> None:
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    row = asked_for(kind, "dora@abbey.example", WORD)
    if what == "denied":
        access.deny([cast.dora.pk], by=SYSTEM)
    if what == "gone":
        people.remove_users([cast.dora.pk], how=Ending.REMOVED, by=SYSTEM)
    if what == "moved":
        people.change_users([(cast.dora.pk, "email", "d@x.example")], by=SYSTEM)
    if what == "too late":
        clock.wait(days=1)
    assert asked.make_secrets({row.pk: "dora@abbey.example"}, at=timezone.now()) == {}


@BOTH
def test_mail_that_goes_to_another_address_gets_no_secret(dora: User, kind: AskedKind) -> None:
    row = asked_for(kind, dora.email, WORD)
    assert asked.make_secrets({row.pk: "astray@x.example"}, at=timezone.now()) == {}


def test_somebody_with_a_passkey_alone_may_have_a_password(cast: Cast) -> None:
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    assert asked.redeem_reset(reset_link(cast.dora), password=PASSWORD) == cast.dora.pk
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora


def test_what_is_asked_while_the_worker_rests_is_not_sent_late(clock: Clock, dora: User) -> None:
    asked.ask(AskedKind.CODE, name=dora.email, browser_word=WORD)
    clock.wait(hours=1)
    assert asked_worker.look() == 1
    assert posted() == []


def test_the_note_at_the_door_learns_whose_name_it_was(dora: User) -> None:
    for name in (dora.email, "nobody@x.example"):
        asked.ask(AskedKind.RESET, name=name)
        log.note(Outcome.ASKED, door=Door.PASSWORD, user_id=None, name=name)
    asked_worker.look()
    told = SignInEvent.objects.order_by("pk").values_list("user_id", flat=True)
    assert list(told) == [dora.pk, None]


def test_who_waits_at_a_page_is_served_before_a_thousand_invitations(dora: User) -> None:
    from schoolgate.outbox import actions as outbox
    from schoolgate.outbox.actions import NewMail

    outbox.post((NewMail("invitation", 1, "x@x.example") for _ in range(3)), at=timezone.now())
    asked_for(AskedKind.CODE, dora.email, WORD)
    assert Mail.objects.order_by("due_at", "pk").values_list("kind", flat=True)[0] == "sign-in-code"


# The link


def test_s16_the_link_sets_a_password_once(dora: User) -> None:
    token = reset_link(dora)
    assert asked.redeem_reset(token, password=ANOTHER) == dora.pk
    assert authenticate(username=dora.email, password=ANOTHER) == dora
    assert authenticate(username=dora.email, password=PASSWORD) is None
    with pytest.raises(Refusal, match="Ask for a new link"):
        asked.redeem_reset(token, password="yet another password")
    assert authenticate(username=dora.email, password=ANOTHER) == dora


def test_s16_the_link_works_for_an_hour_by_the_clock(clock: Clock, cast: Cast) -> None:
    token = reset_link(cast.dora)
    clock.wait(hours=1, seconds=-1)
    assert asked.find_reset(token)
    clock.wait(seconds=1)
    assert asked.find_reset(token) is None
    with pytest.raises(Refusal):
        asked.redeem_reset(token, password=ANOTHER)


def test_s18_a_newer_link_ends_the_earlier(dora: User) -> None:
    first = reset_link(dora)
    second = reset_link(dora)
    assert asked.find_reset(first) is None
    assert asked.find_reset(second)


def test_s18_of_two_asked_at_once_the_newer_works(dora: User) -> None:
    asked.ask(AskedKind.RESET, name=dora.email)
    asked.ask(AskedKind.RESET, name=dora.email)
    assert asked_worker.look() == 2
    older, newer = AskedByMail.objects.order_by("pk")
    wanted = {older.pk: dora.email, newer.pk: dora.email}
    assert set(asked.make_secrets(wanted, at=timezone.now())) == {newer.pk}


def test_a_mail_that_goes_out_once_more_has_its_own_link_and_both_work_until_one_is_used(
    dora: User,
) -> None:
    row = asked_for(AskedKind.RESET, dora.email)
    first, second = secret_of(row), secret_of(row)
    assert first != second
    assert asked.find_reset(first)
    assert asked.redeem_reset(second, password=ANOTHER)
    assert asked.find_reset(first) is None


def test_s05_the_link_ends_every_session(dora: User) -> None:
    for _ in range(2):
        sessions.open_session(
            user_id=dora.pk, door=Door.PASSWORD, second=Second.NONE, origin=log.NOWHERE
        )
    asked.redeem_reset(reset_link(dora), password=ANOTHER)
    ended = UserSession.objects.filter(user=dora).values_list("ended_how", flat=True)
    assert list(ended) == ["changed", "changed"]


ENDINGS = ["denied", "denied at her school", "gone", "moved", "moved by hand", "new password"]


def let(what: str, user: User, cast: Cast) -> None:
    """Something happens after which nothing that was mailed before may work."""
    if what == "denied":
        access.deny([user.pk], by=cast.as_ada)
        access.allow([user.pk], by=cast.as_ada)
    if what == "denied at her school":
        access.deny([user.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
        access.allow([user.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    if what == "gone":
        people.remove_users([user.pk], how=Ending.REMOVED, by=SYSTEM)
    if what == "moved":
        people.change_users([(user.pk, "email", "d@x.example")], by=SYSTEM)
    if what == "moved by hand":
        for email in ("d@x.example", user.email):  # and back
            save_users([UserToSave(user.pk, {"email": email})], by=cast.as_ada)
    if what == "new password":
        links.void([user.pk], by=user_actor(user.pk), stops=False)


@pytest.mark.parametrize("what", ENDINGS)
def test_s03_what_ends_a_link(cast: Cast, dora: User, what: str) -> None:
    token, waits = reset_link(dora), asked_for(AskedKind.RESET, dora.email)
    token = secret_of(waits)
    let(what, dora, cast)
    assert asked.find_reset(token) is None
    with pytest.raises(Refusal):
        asked.redeem_reset(token, password=ANOTHER)


@pytest.mark.parametrize("what", ENDINGS)
def test_s03_what_ends_a_code(cast: Cast, dora: User, what: str) -> None:
    six = code(dora, WORD)
    let(what, dora, cast)
    assert asked.use_code(WORD, six)[1] is False


@pytest.mark.parametrize("place", ["everywhere", "at her school"])
def test_s03_a_denial_ends_them_at_once(cast: Cast, dora: User, place: str) -> None:
    reset_link(dora)
    code(dora, WORD)
    where = cast.abbey.pk if place == "at her school" else None
    access.deny([dora.pk], by=cast.as_ada, establishment_id=where)
    assert not AskedByMail.objects.filter(ended_at=None).exists()


def test_s03_who_holds_something_elsewhere_keeps_theirs(cast: Cast) -> None:
    people.set_password(user=cast.theo, password=PASSWORD, by=SYSTEM)
    token = reset_link(cast.theo)
    access.deny([cast.theo.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    assert asked.find_reset(token)


def test_s03_a_mail_that_waits_is_called_back(cast: Cast, dora: User) -> None:
    for kind in AskedKind:
        asked_for(kind, dora.email, WORD)
    assert len(posted()) == 2
    access.deny([dora.pk], by=cast.as_ada)
    access.allow([dora.pk], by=cast.as_ada)
    assert posted() == []


def test_s03_others_keep_theirs(cast: Cast, dora: User) -> None:
    token = reset_link(dora)
    access.deny([cast.theo.pk], by=cast.as_ada)
    links.void([cast.theo.pk], by=SYSTEM)
    assert asked.find_reset(token)


def test_s17_an_address_changed_by_a_file_ends_it_for_as_long(dora: User) -> None:
    token = reset_link(dora)
    people.change_users([(dora.pk, "email", "d@x.example")], by=SYSTEM)
    assert asked.find_reset(token) is None


# The code


def test_a_code_works_once_and_in_the_browser_that_asked(dora: User) -> None:
    six = code(dora, WORD)
    assert asked.use_code("another browser", six) == (None, False)
    assert asked.use_code("", six) == (None, False)
    assert asked.use_code(WORD, six) == (dora.pk, True)
    assert asked.use_code(WORD, six)[1] is False


def test_a_code_has_six_digits_and_works_for_ten_minutes(clock: Clock, cast: Cast) -> None:
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    six = code(cast.dora, WORD)
    assert len(six) == 6
    assert six.isascii() and six.isdigit()
    clock.wait(minutes=10)
    assert asked.use_code(WORD, six) == (cast.dora.pk, False)


def test_a_code_survives_four_wrong_tries_and_no_fifth(dora: User) -> None:
    six = code(dora, WORD)
    wrong = f"{(int(six) + 1) % 10**6:06}"
    for _ in range(4):
        assert asked.use_code(WORD, wrong) == (dora.pk, False)
    assert asked.use_code(WORD, six) == (dora.pk, True)

    six = code(dora, WORD)
    for _ in range(5):
        asked.use_code(WORD, wrong)
    assert asked.use_code(WORD, six)[1] is False


def test_s18_another_code_asked_for_in_the_browser_ends_the_earlier(dora: User) -> None:
    first = code(dora, WORD)
    asked.ask(AskedKind.CODE, name=dora.email, browser_word="a new word", instead_of=WORD)
    assert asked.use_code(WORD, first)[1] is False


def test_a_code_asked_for_by_somebody_else_ends_none(dora: User) -> None:
    six = code(dora, WORD)
    code(dora, "the browser of a stranger")
    assert asked.use_code(WORD, six) == (dora.pk, True)


def test_both_codes_of_a_mail_that_went_out_twice_work(dora: User) -> None:
    row = asked_for(AskedKind.CODE, dora.email, WORD)
    first, second = secret_of(row), secret_of(row)
    assert asked.use_code(WORD, first) == (dora.pk, True)
    assert asked.use_code(WORD, second)[1] is False


def test_nothing_matches_where_no_code_was_made(dora: User) -> None:
    asked_for(AskedKind.CODE, "nobody@x.example", WORD)
    for six in ("", "000000", hashlib.sha256(b"").hexdigest()):
        assert asked.use_code(WORD, six) == (None, False)


# At the same moment


@pytest.mark.postgresql
def test_s16_fifty_who_use_one_link_at_once_and_one_wins(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    token = reset_link(dora)
    passwords = iter([f"{number} horses and a battery" for number in range(HOW_MANY)])
    guard = threading.Lock()

    def redeem() -> bool:
        with guard:
            password = next(passwords)
        try:
            asked.redeem_reset(token, password=password)
        except Refusal:
            return False
        return True

    assert at_once(redeem) == 1
    assert Event.objects.filter(verb="changed", fields="password").count() == 1


@pytest.mark.postgresql
def test_s16_fifty_who_use_one_code_at_once_and_one_wins(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    User.objects.filter(pk=dora.pk).update(password=NO_PASSWORD)
    six = code(dora, WORD)
    assert at_once(lambda: asked.use_code(WORD, six)[1]) == 1


@pytest.mark.postgresql
def test_fifty_who_guess_at_once_have_five_tries(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    User.objects.filter(pk=dora.pk).update(password=NO_PASSWORD)
    six = code(dora, WORD)
    wrong = f"{(int(six) + 1) % 10**6:06}"
    at_once(lambda: asked.use_code(WORD, wrong)[1])
    assert AskedByMail.objects.get().tries == asked.MOST_TRIES


@pytest.mark.postgresql
def test_two_workers_at_once_post_each_mail_once(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    User.objects.filter(pk=dora.pk).update(password=NO_PASSWORD)
    for number in range(30):
        asked.ask(AskedKind.CODE, name=dora.email, browser_word=f"browser {number}")

    def look() -> bool:
        while asked_worker.look():
            pass
        return True

    at_once(look, 8)
    subjects = list(Mail.objects.values_list("subject_id", flat=True))
    assert len(subjects) == len(set(subjects)) == 30


@pytest.mark.postgresql
def test_s03_a_link_that_is_made_while_its_user_is_denied_dies(own_database: OwnDatabase) -> None:
    """Whoever comes second finds what the first did, in either order."""
    cast = company.assemble()
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    for _ in range(10):
        tokens = made_while_denied(cast)
        access.allow([cast.dora.pk], by=cast.as_ada)
        assert [asked.find_reset(token) for token in tokens] == [None] * len(tokens)


def made_while_denied(cast: Cast) -> list[str]:
    """The tokens of a link of Dora's, made at the moment at which she is denied."""
    row = asked_for(AskedKind.RESET, cast.dora.email)
    made: list[str] = []

    def make() -> None:
        made.extend(asked.make_secrets({row.pk: row.email_key}, at=timezone.now()).values())

    def deny() -> None:
        access.deny([cast.dora.pk], by=cast.as_ada)

    jobs = [make, deny]

    def one() -> bool:
        jobs.pop()()
        return True

    assert at_once(one, 2) == 2
    return made


# What is kept


def test_s15_no_table_holds_a_secret(dora: User) -> None:
    row = asked_for(AskedKind.RESET, dora.email)
    token, six = secret_of(row), code(dora, WORD)
    assert len(token) * 6 >= 128
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += [repr(value) for row in cursor.fetchall() for value in row]
    dumped = "\n".join(rows)
    assert "dora@abbey.example" in dumped  # it did look
    assert token not in dumped
    assert WORD not in dumped
    assert repr(six) not in dumped
    plain = hashlib.sha256(six.encode()).hexdigest()
    with_row = hashlib.sha256(f"{AskedByMail.objects.latest('pk').pk} {six}".encode()).hexdigest()
    assert not {plain, with_row} & set(AskedByMail.objects.values_list("secret_hash", flat=True))


def test_rows_of_more_than_a_day_ago_are_swept(clock: Clock, cast: Cast) -> None:
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    asked_for(AskedKind.CODE, "nobody@x.example", WORD)
    late = asked_for(AskedKind.RESET, cast.dora.email)
    clock.wait(hours=23, minutes=30)
    token = secret_of(late)  # its mail had to wait
    clock.wait(minutes=31)
    links.sweep()
    assert asked.find_reset(token)
    assert list(AskedByMail.objects.values_list("pk", flat=True)) == [late.pk]
    clock.wait(hours=1)
    links.sweep()
    assert not AskedByMail.objects.exists()


def test_the_statements_are_as_many_for_one_as_for_many_who_are_let_go(
    cast: Cast, django_assert_num_queries: object
) -> None:
    from django.test.utils import CaptureQueriesContext

    counts = []
    for users in ([cast.dora], cast.users):
        for user in users:
            reset_link(user)
        with CaptureQueriesContext(connection) as caught:
            links.void([user.pk for user in users], by=SYSTEM)
        counts.append(len(caught))
    assert counts[0] == counts[1]
