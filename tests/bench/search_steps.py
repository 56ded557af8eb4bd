"""A million users, and how long it takes to find some of them. Run by child.py."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db import transaction
from django.db.models import Q

from schoolgate.access.holdings import users_with_status
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit import bulk
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.schools.actions import name_organisation
from schoolgate.web.paging import SIZE
from schoolgate.web.search import called
from tests import factories
from tests.bench import files, results
from tests.bench.scope_load import made, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENOUGH = 30.0  # seconds for one way of asking one question
WARMING = 5
SCHOOLS = 2000
NAME, PASSWORD = "ada@council.example", "correct horse battery staple"
# Surnames of which each has a few, and of which some have thousands.
_DOUBLE = "CASE WHEN n % 3 = 0 THEN '-' || {other} ELSE '' END"
Way = "Callable[[str], object]"


def load(users: int) -> Callable[[], Any]:
    """The users, each with a role at a school; some inactive, invited, or whose mail bounced."""
    call_command("migrate", verbosity=0)

    def work() -> dict[str, Any]:
        with transaction.atomic():
            _people(users)
        name_organisation(name="Northshire Virtual School", by=SYSTEM)
        ada = factories.user(first_name="Ada", last_name="Osei", email=NAME)
        factories.grant(ada, LA_SUPER_USER)
        people.set_password(user=ada, password=PASSWORD, by=SYSTEM)
        bulk.execute("VACUUM ANALYZE")
        return {
            "grants": bulk.value("SELECT count(*) FROM access_grant"),
            "denials": bulk.value("SELECT count(*) FROM access_denial"),
            "invitations": bulk.value("SELECT count(*) FROM people_invitation"),
            "surnames": bulk.value("SELECT count(DISTINCT last_key) FROM people_user"),
            "signs_in": (NAME, PASSWORD),
        }

    return work


def _people(users: int) -> None:
    made(
        "schools_establishment",
        "id, recorded_at, gone_how, urn, name, name_key, la_code, la_name, number, type_name,"
        " type_group, status, phase, town, postcode, ukprn, trust_code, trust_name",
        f"n, now(), '', ({files.FIRST_URN} + n)::text, 'School ' || n, 'school ' || n, '', '', '',"
        " '', '', 'Open', '', '', '', '', '', ''",
        SCHOOLS,
    )
    first = one_of(files.FIRST_NAMES, "n::bigint * 7919 / 13")
    starts = one_of(files.STARTS, "n::bigint * 104729 / 7")
    ends = one_of(files.ENDS, "n::bigint * 1299709 / 11")
    other = one_of(files.STARTS, "n::bigint * 15485863 / 5")
    last = f"({starts} || {ends} || {_DOUBLE.format(other=other)})"
    mail = f"(lower({starts} || {ends}) || '.' || n || '@school' || n % {SCHOOLS} || '.example')"
    # Two of three have set up their sign-in: any word that is no hash of theirs is one here.
    password = "CASE WHEN n % 3 = 0 THEN '!' ELSE 'argon2' END"
    made(
        "people_user",
        "id, password, recorded_at, gone_how, email, email_key, lookalike_key, username,"
        " first_name, last_name, first_key, last_key, job_title, phone, source",
        f"n, {password}, now(), '', {mail}, {mail}, {mail}, '', {first}, {last}, lower({first}),"
        f" lower({last}), '', '', 'import'",
        users,
    )
    known = "id, recorded_at, source, ended_how, starts_on"
    made(
        "access_grant",
        f"{known}, user_id, role, establishment_id",
        f"n, now(), 'import', '', DATE '2025-09-01', n, 'designated_teacher', n % {SCHOOLS} + 1",
        users,
    )
    made(
        "access_denial",
        "id, recorded_at, source, ended_how, user_id",
        "n, now(), 'hand', '', n * 100",
        users // 100,
    )
    made(
        "people_invitation",
        "id, user_id, email_key, made_at, expires_at, ended_how",
        "n, n * 6, (SELECT email_key FROM people_user u WHERE u.id = n * 6), now(),"
        " now() + (n % 28 - 14) * INTERVAL '1 day', ''",
        users // 6,
    )
    made(
        "outbox_mail",
        "id, kind, user_id, address, subject_id, posted_at, due_at, attempts, state, problem",
        "n, 'invitation', n * 6, '', n, now(), now(), 1,"
        " CASE WHEN n % 100 = 0 THEN 'bounced' ELSE 'sent' END, ''",
        users // 6,
    )
    for table in ("people_user", "people_invitation", "outbox_mail", "access_grant"):
        bulk.value(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {10 * users})")


def ask(users: int, questions: int) -> Callable[[], Any]:
    """Each question by both ways, for the same words."""
    chance = random.Random(users)
    wanted = {
        name: [word for word, _ in zip(words, range(questions), strict=False)]
        for name, words in _words(chance, users).items()
    }

    def work() -> dict[str, Any]:
        answers = []
        for question, words in wanted.items():
            for way, find in (("Schoolgate", _ours), ("icontains and COUNT(*)", _plain)):
                times = list(_timed(find, words))
                answers.append({"question": question, "way": way, **results.spread(times)})
        return {"answers": answers, "wanted": wanted}

    return work


def _timed(find: Callable[[str], object], words: list[str]) -> Iterator[float]:
    for word in words[:WARMING]:
        find(word)
    until = time.monotonic() + ENOUGH
    for word in words:
        began = time.perf_counter()
        find(word)
        yield time.perf_counter() - began
        if time.monotonic() > until:
            return


def _ours(wanted: str) -> object:
    """The rows of the first page, as the table of users asks for them."""
    found = called(users_with_status(), wanted).select_related("workplace")
    return list(found.order_by("last_key", "first_key", "pk")[: SIZE + 1])


def _plain(wanted: str) -> object:
    """As it is often written: any part of the name or the address, and how many there are."""
    found = User.objects.filter(Q(last_name__icontains=wanted) | Q(email__icontains=wanted))
    return found.count(), list(found.order_by("last_name", "first_name", "pk")[:SIZE])


def _words(chance: random.Random, users: int) -> dict[str, Iterator[str]]:
    def some() -> User:
        return User.objects.get(pk=chance.randint(1, users))

    def of(make: Callable[[User], str]) -> Iterator[str]:
        while True:
            yield make(some())

    return {
        "a surname": of(lambda user: user.last_name),
        "the beginning of a surname (3 letters)": of(lambda user: user.last_name[:3]),
        "two letters": of(lambda user: user.last_name[:2]),
        "first and last name": of(lambda user: f"{user.first_name} {user.last_name}"),
        "an e-mail address": of(lambda user: user.email),
        "the beginning of an e-mail address": of(lambda user: user.email.partition("@")[0][:-2]),
        "a word that nobody has": of(lambda user: f"{user.last_name}x{user.pk}"),
    }
