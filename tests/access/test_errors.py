"""An error while deciding, or while writing the log, means no (S60)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from schoolgate.access import actions as access
from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.access.roles import LA_USER
from schoolgate.access.scope import may_see, pupils_visible_to, users_who_can_see
from schoolgate.access.sign_in import SignInBackend
from schoolgate.access.why import why
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event, EventBatch
from schoolgate.kit.records import Ending
from schoolgate.people import actions as people
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.models import Enrolment, Pupil
from tests import factories
from tests.cast import Cast


@contextlib.contextmanager
def without(table: str) -> Iterator[None]:
    """A database that has lost a table: everything that needs it fails."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO lost")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE lost RENAME TO {table}")


QUESTIONS: dict[str, Callable[[Cast], object]] = {
    "check": lambda cast: may_see(cast.dora.pk, cast.amira.pk),
    "check, wide": lambda cast: may_see(cast.ada.pk, cast.amira.pk),
    "list": lambda cast: list(pupils_visible_to(cast.dora.pk)),
    "list, wide": lambda cast: list(pupils_visible_to(cast.ada.pk)),
    "who sees": lambda cast: users_who_can_see(cast.amira.pk),
    "why": lambda cast: why(cast.dora.pk, cast.amira.pk),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("table", ["access_restriction", "access_denial", "access_grant"])
def test_s60_when_scope_cannot_be_decided_there_is_no_answer(
    cast: Cast, question: str, table: str
) -> None:
    with without(table), pytest.raises(DatabaseError), transaction.atomic():
        QUESTIONS[question](cast)

    QUESTIONS[question](cast)


def test_s60_when_it_cannot_be_known_who_is_inactive_nobody_is_signed_in(cast: Cast) -> None:
    people.set_password(user=cast.dora, password="a long enough one", by=SYSTEM)
    request = RequestFactory().post("/")
    backend = SignInBackend()
    with without("access_denial"):
        with pytest.raises(DatabaseError), transaction.atomic():
            backend.get_user(cast.dora.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            backend.authenticate(request, "dora@abbey.example", "a long enough one")

    assert backend.get_user(cast.dora.pk) == cast.dora
    signed_in = backend.authenticate(request, "dora@abbey.example", "a long enough one")
    assert signed_in == cast.dora


WRITES: dict[str, Callable[[Cast], object]] = {
    "grant": lambda cast: factories.grant(cast.noor, LA_USER),
    "revoke": lambda cast: access.revoke(Grant.objects.values_list("pk", flat=True)[4:], by=SYSTEM),
    "deny": lambda cast: access.deny([cast.theo.pk], by=SYSTEM),
    "restrict": lambda cast: factories.restriction(cast.theo, cast.amira),
    "create a user": lambda cast: factories.user(),
    "change a user": lambda cast: people.change_users([(cast.dora.pk, "phone", "1")], by=SYSTEM),
    "remove a user": lambda cast: people.remove_users(
        [cast.dora.pk], how=Ending.REMOVED, by=SYSTEM
    ),
    "set a password": lambda cast: people.set_password(user=cast.dora, password="x", by=SYSTEM),
    "create a pupil": lambda cast: factories.pupil(),
    "change a pupil": lambda cast: schools.change_things(
        Pupil, [(cast.amira.pk, "year", "7")], by=SYSTEM
    ),
    "enrol": lambda cast: factories.enrolment(cast.eve, cast.abbey),
    "end an enrolment": lambda cast: schools.end_records(
        Enrolment, Enrolment.objects.values_list("pk", flat=True), how=Ending.REMOVED, by=SYSTEM
    ),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("table", ["audit_event", "audit_eventbatch"])
def test_s60_when_the_log_cannot_be_written_nothing_is(cast: Cast, write: str, table: str) -> None:
    before = everything()
    with without(table), pytest.raises(DatabaseError):
        WRITES[write](cast)

    assert everything() == before
    WRITES[write](cast)
    assert everything() != before


def everything() -> list[list[tuple[object, ...]]]:
    """Every row that the actions write."""
    models = (User, Pupil, Enrolment, Grant, Denial, Restriction, Event, EventBatch)
    return [list(model._default_manager.order_by("pk").values_list()) for model in models]
