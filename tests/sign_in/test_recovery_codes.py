"""Recovery codes: how they are made, and that each works once."""

from __future__ import annotations

import re

import pytest

from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.audit.models import Event
from schoolgate.outbox.models import Mail
from schoolgate.sign_in import notices, recovery_codes
from schoolgate.sign_in.models import RecoveryCode
from tests import cast as company
from tests.cast import Cast
from tests.databases import OwnDatabase
from tests.sign_in.at_once import at_once


def test_ten_codes_of_eighty_bits_that_can_be_read_from_paper(cast: Cast) -> None:
    codes = recovery_codes.make_new(user_id=cast.dora.pk, by=user_actor(cast.dora.pk))

    assert len(set(codes)) == 10
    assert len(set(recovery_codes.LETTERS)) == 32  # five bits each, and sixteen of them
    group = "[2-9A-HJ-NP-Z]{4}"
    assert all(re.fullmatch(f"{group}(-{group}){{3}}", code) for code in codes)


def test_only_hashes_are_kept(cast: Cast) -> None:
    codes = recovery_codes.make_new(user_id=cast.dora.pk, by=user_actor(cast.dora.pk))

    kept = str(list(RecoveryCode.objects.values()))
    assert all(code not in kept and code.replace("-", "") not in kept for code in codes)


def test_s26_a_code_works_once(cast: Cast) -> None:
    first, second, *_ = recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)

    assert recovery_codes.use(cast.dora.pk, first)
    assert not recovery_codes.use(cast.dora.pk, first)
    assert recovery_codes.left(cast.dora.pk) == 9
    assert recovery_codes.use(cast.dora.pk, second)
    assert Event.objects.filter(verb="used", user_id=cast.dora.pk).count() == 2


@pytest.mark.postgresql
def test_s26_of_fifty_who_bring_a_code_at_once_one_is_let_in(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora
    code, *_ = recovery_codes.make_new(user_id=dora.pk, by=SYSTEM)

    assert at_once(lambda: recovery_codes.use(dora.pk, code)) == 1
    assert recovery_codes.left(dora.pk) == 9


@pytest.mark.postgresql
def test_of_new_codes_made_twice_at_once_ten_are_left(own_database: OwnDatabase) -> None:
    dora = company.assemble().dora

    at_once(lambda: bool(recovery_codes.make_new(user_id=dora.pk, by=SYSTEM)), how_many=8)
    assert recovery_codes.left(dora.pk) == 10


def test_a_code_may_be_typed_as_it_comes(cast: Cast) -> None:
    first, second, *_ = recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)

    assert recovery_codes.use(cast.dora.pk, f" {first.lower()} ")
    assert recovery_codes.use(cast.dora.pk, second.replace("-", " "))


def test_a_code_is_of_one_user_alone(cast: Cast) -> None:
    code, *_ = recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)
    recovery_codes.make_new(user_id=cast.theo.pk, by=SYSTEM)

    for other in (cast.theo, cast.noor):
        assert not recovery_codes.use(other.pk, code)
    for wrong in ("", "-", code[:-1], code + "A"):
        assert not recovery_codes.use(cast.dora.pk, wrong)
    assert recovery_codes.left(cast.dora.pk) == 10


def test_new_codes_take_the_place_of_the_old(cast: Cast) -> None:
    old, *_ = recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)
    recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)

    assert not recovery_codes.use(cast.dora.pk, old)
    assert recovery_codes.left(cast.dora.pk) == 10


def test_the_first_codes_are_made_once(cast: Cast) -> None:
    assert len(recovery_codes.make_first(user_id=cast.dora.pk, by=SYSTEM)) == 10
    assert recovery_codes.make_first(user_id=cast.dora.pk, by=SYSTEM) == []


def test_whoever_has_one_used_is_told_by_mail(cast: Cast) -> None:
    code, *_ = recovery_codes.make_new(user_id=cast.dora.pk, by=SYSTEM)
    for _ in range(2):  # the second time it is none
        recovery_codes.use(cast.dora.pk, code)

    assert list(Mail.objects.values_list("kind", "user_id")) == [(notices.KIND, cast.dora.pk)]
