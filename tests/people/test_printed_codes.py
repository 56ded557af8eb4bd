"""Codes of printed letters: for whom, and when one no longer works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate
from django.db import connection

from schoolgate.access import actions as access
from schoolgate.access.roles import DESIGNATED_TEACHER
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending
from schoolgate.kit.refusal import Refusal
from schoolgate.people import actions as people
from schoolgate.people import invitations, printed_codes, printing
from schoolgate.people.models import FirstPassword, Invitation, PrintedCode, User
from tests import cast as company
from tests import factories
from tests.cast import Cast
from tests.clock import Clock
from tests.sign_in.at_once import HOW_MANY, at_once

if TYPE_CHECKING:
    from tests.databases import OwnDatabase

PASSWORD = "correct horse battery staple"


def printed(user: User, **how: bool) -> str:
    """The code of the letter that the user is given."""
    return printing.print_for([user.pk], by=SYSTEM, **how)[user.pk]


def works(code: str) -> bool:
    return printed_codes.find(code) is not None


def state(user: User) -> str:
    return invitations.invitation_states([user.pk])[user.pk]


def test_a_code_is_found_however_it_is_typed(cast: Cast) -> None:
    code = printed(cast.dora)
    assert re.fullmatch(r"([346789CDFGHJKMNPQRTVWXY]{4}-){2}[346789CDFGHJKMNPQRTVWXY]{4}", code)
    for typed in (code, code.lower(), code.replace("-", " "), f" {code.replace('-', '')} "):
        assert printed_codes.find(typed) == PrintedCode.objects.get(user=cast.dora)
    assert not works(code[:-1] + ("3" if code[-1] != "3" else "4"))
    assert not works("")


def test_who_cannot_be_given_a_letter_is_left_out(cast: Cast) -> None:
    people.set_password(user=cast.theo, password=PASSWORD, by=SYSTEM)
    people.remove_users([cast.noor.pk], how=Ending.REMOVED, by=SYSTEM)
    by_name = factories.user(email="", username="kim.2014")
    people.set_password(user=by_name, password=PASSWORD, by=SYSTEM)
    everybody = [cast.theo.pk, cast.noor.pk, by_name.pk, cast.dora.pk, 987_654]

    assert set(printing.print_for(everybody, by=SYSTEM)) == {cast.dora.pk}
    # One who is set up and has no address cannot get in again by themselves.
    assert set(printing.print_for(everybody, by=SYSTEM, resets=True)) == {
        cast.dora.pk, by_name.pk,
    }  # fmt: skip
    assert printing.print_for([], by=SYSTEM) == {}


def test_s15_the_database_holds_a_keyed_hash_and_no_code(cast: Cast) -> None:
    code = printed(cast.dora)
    with connection.cursor() as cursor:
        told = []
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            told.append(repr(cursor.fetchall()))
    for clear in (code, code.replace("-", "")):
        assert clear not in "".join(told)
    assert PrintedCode.objects.get().code_hash in "".join(told)


def test_s15_the_hash_is_worth_nothing_without_the_key(cast: Cast, settings: object) -> None:
    code, old = printed(cast.dora), settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY = "another key, which nobody can guess"  # type: ignore[attr-defined]
    assert not works(code)
    settings.SECRET_KEY_FALLBACKS = [old]  # type: ignore[attr-defined]
    assert works(code)


def test_s20_reprinting_revokes(cast: Cast) -> None:
    first = printed(cast.dora)
    second = printed(cast.dora)
    assert (works(first), works(second)) == (False, True)
    invited = Event.objects.filter(verb="printed", user_id=cast.dora.pk)
    assert invited.count() == 2


def test_s20_a_letter_replaces_a_mail_and_a_mail_a_letter(cast: Cast) -> None:
    invitations.invite([cast.dora.pk], by=SYSTEM)
    code = printed(cast.dora)
    assert not Invitation.objects.filter(ended_at=None).exists()
    assert state(cast.dora) == "Invited"

    invitations.invite([cast.dora.pk], by=SYSTEM)
    assert not works(code)
    assert state(cast.dora) == "Invited"


def test_s16_it_works_once(cast: Cast) -> None:
    code = printed(cast.dora)
    FirstPassword.objects.create(
        user=cast.dora, sealed="x", made_at=PrintedCode.objects.get().made_at
    )
    found = printed_codes.find(code)
    assert found
    assert printing.redeem(found.pk, password=PASSWORD) == cast.dora
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora
    assert not works(code)
    assert not FirstPassword.objects.exists()
    with pytest.raises(Refusal, match="Ask for a new letter"):
        printing.redeem(found.pk, password="another password entirely")
    assert authenticate(username="dora@abbey.example", password=PASSWORD) == cast.dora


def test_s16_it_expires_by_the_clock(clock: Clock, cast: Cast) -> None:
    code = printed(cast.dora)
    clock.wait(days=60, hours=1, seconds=-1)  # one of them is an hour short: summer comes
    assert works(code)
    assert state(cast.dora) == "Invited"
    clock.wait(seconds=1)
    assert not works(code)
    assert state(cast.dora) == "Invitation expired"
    with pytest.raises(Refusal):
        printing.redeem(PrintedCode.objects.get().pk, password=PASSWORD)


def test_s17_what_voids_an_invitation_voids_a_letter(cast: Cast) -> None:
    school = cast.abbey
    people_with = [cast.dora, cast.theo, cast.noor, cast.sara]
    codes = printing.print_for([user.pk for user in people_with], by=SYSTEM)
    people.change_users([(cast.dora.pk, "email", "new@abbey.example")], by=SYSTEM)
    access.deny([cast.theo.pk], by=SYSTEM)
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=school)
    people.remove_users([cast.sara.pk], how=Ending.REMOVED, by=SYSTEM)

    assert [works(code) for code in codes.values()] == [False] * 4
    assert state(cast.noor) == "Invitation expired"
    assert state(cast.dora) == "Not invited"
    for code in PrintedCode.objects.all():
        with pytest.raises(Refusal):
            printing.redeem(code.pk, password=PASSWORD)


def test_states_and_lists_of_states_agree(clock: Clock, cast: Cast) -> None:
    old = printed(cast.theo)
    clock.wait(days=61)
    printed(cast.dora)
    invitations.invite([cast.sara.pk], by=SYSTEM)
    assert old
    users = User.objects.filter(pk__in=[user.pk for user in cast.users])
    told = invitations.invitation_states([user.pk for user in cast.users])
    for word in (invitations.INVITED, invitations.EXPIRED, invitations.NOT_INVITED):
        listed = set(invitations.in_state(users, word).values_list("pk", flat=True))
        assert listed == {pk for pk, state in told.items() if state == word}
    assert told[cast.theo.pk] == invitations.EXPIRED
    assert told[cast.dora.pk] == invitations.INVITED
    assert set(printed_codes.expired()) == {cast.theo.pk}


@pytest.mark.postgresql
def test_s16_of_fifty_at_once_one_wins(own_database: OwnDatabase) -> None:
    printed(company.assemble().dora)
    code_id = PrintedCode.objects.get().pk

    def redeem() -> bool:
        try:
            printing.redeem(code_id, password=PASSWORD)
        except Refusal:
            return False
        return True

    assert HOW_MANY == 50
    assert at_once(redeem) == 1
