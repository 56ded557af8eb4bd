"""Accounts elsewhere when several come at the same moment (S16), on the database that lets them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.queries import verify
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import NO_PASSWORD, Invitation, User
from schoolgate.sign_in import providers
from schoolgate.sign_in.models import ProviderLink
from schoolgate.sign_in.openid import Identity
from tests.cast import assemble
from tests.web.routes import an_invitation

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.databases import OwnDatabase

pytestmark = pytest.mark.postgresql

MANY = 50


def account(number: int) -> Identity:
    return Identity("northshire", "https://login.example", f"subject-{number}", "", False)


def at_once(*doing: Callable[[], object]) -> int:
    """Do all of them at the same moment; how many were not refused."""
    together, done, odd = threading.Barrier(len(doing)), [], []

    def one(do: Callable[[], object]) -> None:
        try:
            together.wait(30)
            do()
            done.append(1)
        except Refusal:
            pass
        except Exception as problem:
            odd.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[do]) for do in doing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert odd == []
    return len(done)


def test_s16_of_fifty_who_redeem_an_invitation_at_once_one_sets_up(
    own_database: OwnDatabase,
) -> None:
    dora = assemble().dora
    token = an_invitation(dora)

    def redeem(number: int) -> Callable[[], object]:
        return lambda: providers.accept(token, identity=account(number))

    assert at_once(*(redeem(number) for number in range(MANY))) == 1
    (link,) = ProviderLink.objects.all()
    assert link.user_id == dora.pk
    assert User.objects.get(pk=dora.pk).password == NO_PASSWORD
    assert Invitation.objects.get(user=dora).ended_how == "accepted"
    assert list(verify()) == []


def test_s27_an_account_is_of_one_user_whoever_is_quicker(own_database: OwnDatabase) -> None:
    cast = assemble()

    def link(user: User) -> Callable[[], object]:
        by = user_actor(user.pk)
        return lambda: providers.link(user_id=user.pk, identity=account(1), by=by)

    assert at_once(*(link(user) for user in cast.users)) == 1
    assert ProviderLink.objects.count() == 1


def test_of_two_ways_in_that_are_removed_at_once_one_stays(
    own_database: OwnDatabase, settings: object
) -> None:
    settings.PROVIDERS = ["northshire"]  # type: ignore[attr-defined]
    settings.PROVIDER_SETTINGS = {  # type: ignore[attr-defined]
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_ISSUER": "https://login.example",
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_CLIENT": "x",
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_SECRET": "x",
    }
    dora = assemble().dora
    User.objects.filter(pk=dora.pk).update(password=NO_PASSWORD)
    made = [providers.link(user_id=dora.pk, identity=account(n), by=SYSTEM).pk for n in range(8)]

    def remove(link_id: int) -> Callable[[], object]:
        return lambda: providers.remove(user_id=dora.pk, link_id=link_id, by=SYSTEM)

    assert at_once(*(remove(link_id) for link_id in made)) == 7
    assert ProviderLink.objects.filter(user=dora).count() == 1
