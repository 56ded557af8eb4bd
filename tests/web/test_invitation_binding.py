"""What an invitation is for: one person at one address, with the roles and places that they had
when its mail went out. A change of any kills it (S17), and so does sending it again (S18)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from schoolgate.access import accounts
from schoolgate.access import actions as access
from schoolgate.access.accounts import UserToSave
from schoolgate.access.models import Grant
from schoolgate.access.roles import (
    FINANCE_MANAGER,
    LEADER,
    SCHOOL_ADMIN,
    SOCIAL_WORKER,
    TEACHER,
)
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit import bulk
from schoolgate.kit.records import Ending
from schoolgate.people import actions as people
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, InvitationToken, User
from tests import cast as company
from tests import factories
from tests.intake.conftest import desk
from tests.intake.desk import APPLIED, DT, person
from tests.people.test_invitations import PASSWORD, invited, state, token_of
from tests.school import inside
from tests.web.browsing import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.databases import OwnDatabase
    from tests.intake.desk import Desk
    from tests.school import School

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def refused(browse: Callable[..., object], token: str) -> None:
    """The page of the token equals that of one that never was, and sets nothing up."""
    answers = []
    for link in (token, "never-was"):
        client = browse(None).client  # type: ignore[attr-defined]
        asked = client.get(f"/invitation/{link}/")
        pressed = client.post(f"/invitation/{link}/", {"password": PASSWORD})
        answers += [(a.status_code, masked(a), sorted(a.headers.items())) for a in (asked, pressed)]
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert answers[0][0] == 404


def works(browse: Callable[..., object], token: str) -> bool:
    return browse(None).get(f"/invitation/{token}/").status == 200  # type: ignore[attr-defined]


def grants(user: User) -> list[int]:
    return list(Grant.objects.filter(user=user, ended_at=None).values_list("pk", flat=True))


def there_and_back(user_id: int) -> None:
    """Another address, and the old one again."""
    for address in ("other@abbey.example", "lena@abbey.example"):
        people.change_users([(user_id, "email", address)], by=SYSTEM)


__all__ = ["desk"]

# Each changes what Lena, Leader of History, is or holds; the second word is her state then.
CHANGES: dict[str, tuple[Callable[[School], object], str]] = {
    "a role is given": (
        lambda s: factories.grant(s.lena, SCHOOL_ADMIN, school=s.cast.abbey, by=s.as_nia),
        "Invitation expired",
    ),
    "a role elsewhere is given": (
        lambda s: factories.grant(s.lena, FINANCE_MANAGER, school=s.cast.brook),
        "Invitation expired",
    ),
    "a subject is given": (
        lambda s: factories.grant(s.lena, LEADER, subject=s.maths, by=s.as_nia),
        "Invitation expired",
    ),
    "a class is given": (
        lambda s: factories.grant(s.lena, TEACHER, school_class=s.maths_class),
        "Invitation expired",
    ),
    "a child is linked": (
        lambda s: factories.grant(s.lena, SOCIAL_WORKER, pupil=s.cast.carys),
        "Invitation expired",
    ),
    "a role is taken away": (
        lambda s: access.revoke(grants(s.lena), by=s.as_nia),
        "Invitation expired",
    ),
    "a role is moved to another subject": (
        lambda s: accounts.save_users(
            [
                UserToSave(
                    s.lena.pk, {}, [access.NewGrant(
                        s.lena.pk, LEADER.code, s.cast.abbey.pk, None, timezone.localdate(),
                        None, s.geography.pk,
                    )], grants(s.lena),
                )
            ],
            by=s.as_nia,
        ),
        "Invitation expired",
    ),
    "denied over her school, where all is that she has": (
        lambda s: access.deny([s.lena.pk], by=s.as_nia, establishment_id=s.cast.abbey.pk),
        "Not invited",
    ),
    "denied over another school": (
        lambda s: access.deny(
            [s.lena.pk], by=s.cast.as_ada, establishment_id=s.cast.brook.pk
        ),
        "Invitation expired",
    ),
    "denied everywhere": (
        lambda s: access.deny([s.lena.pk], by=s.cast.as_ada),
        "Not invited",
    ),
    "another address, by hand": (
        lambda s: accounts.save_users(
            [UserToSave(s.lena.pk, {"email": "lena.new@abbey.example"})], by=s.cast.as_ada
        ),
        "Not invited",
    ),
    "another address and back": (
        lambda s: there_and_back(s.lena.pk),
        "Not invited",
    ),
    "deleted": (
        lambda s: people.remove_users([s.lena.pk], how=Ending.REMOVED, by=SYSTEM),
        "",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "then"), CHANGES.values(), ids=list(CHANGES))
def test_s17_a_change_of_person_address_roles_or_places_kills_the_link(
    school: School, browse: Callable[..., object], change: Callable[[School], object], then: str
) -> None:
    token, other = invited(school.lena), invited(school.nia)
    assert works(browse, token)
    change(school)

    refused(browse, token)
    assert not then or state(school.lena) == then
    assert not User.objects.get(pk=school.lena.pk).has_usable_password()
    assert works(browse, other)  # nobody else's


@pytest.mark.parametrize(
    "change", [c for c, then in CHANGES.values() if then == "Invitation expired"]
)
def test_s17_whose_link_died_is_invited_again_and_the_earlier_link_stays_dead(
    school: School, browse: Callable[..., object], change: Callable[[School], object]
) -> None:
    first = invited(school.lena)
    change(school)
    assert state(school.lena) == "Invitation expired"
    assert set(invitations.in_state(User.objects.all(), "Invitation expired")) == {school.lena}
    assert school.lena.pk in invitations.expired()

    second = invited(school.lena)
    refused(browse, first)
    assert state(school.lena) == "Invited"
    assert invitations.redeem(second, password=PASSWORD) == school.lena


@pytest.mark.parametrize(
    "change", [c for c, then in CHANGES.values() if then == "Invitation expired"]
)
def test_s17_a_mail_that_still_waits_goes_out_with_a_link_made_then(
    school: School, browse: Callable[..., object], change: Callable[[School], object]
) -> None:
    invitations.invite([school.lena.pk], by=SYSTEM)
    change(school)
    assert state(school.lena) == "Invited"
    assert works(browse, token_of(school.lena))


def test_s17_a_mail_sent_once_more_after_a_change_revives_no_earlier_link(
    school: School, browse: Callable[..., object]
) -> None:
    first = invited(school.lena)  # handed over perhaps, perhaps not: it is to go out once more
    factories.grant(school.lena, LEADER, subject=school.maths)
    second = token_of(school.lena)
    refused(browse, first)
    assert works(browse, second)
    assert Invitation.objects.get(user=school.lena).ended_how == ""


def test_s17_what_changes_for_others_leaves_the_link_alone(
    school: School, browse: Callable[..., object]
) -> None:
    token = invited(school.lena)
    factories.grant(school.una, LEADER, subject=school.history)
    access.deny([school.tariq.pk], by=school.as_nia, establishment_id=school.cast.abbey.pk)
    people.change_users([(school.lena.pk, "phone", "020 7946 0000")], by=SYSTEM)
    assert works(browse, token)


def test_s17_a_role_that_a_file_gives_and_one_that_its_undo_takes_kill_the_link(
    school: School, browse: Callable[..., object], desk: Desk
) -> None:
    dora = school.cast.dora
    brook = str(school.cast.brook.urn)
    row = person(first=dora.first_name, last=dora.last_name, email=dora.email, urn=brook)
    before = invited(dora)
    ran = desk.users([row], role=DT)
    assert ran.status == APPLIED
    assert Grant.objects.filter(user=dora, establishment=school.cast.brook, ended_at=None).exists()
    refused(browse, before)

    between = invited(dora)
    assert works(browse, between)
    assert desk.undo(ran).status == APPLIED
    refused(browse, between)
    assert state(dora) == "Invitation expired"


def test_s17_a_link_made_while_the_change_is_under_way_is_dead_when_it_is_done(
    own_database: OwnDatabase,
) -> None:
    if not bulk.on_postgresql():
        pytest.skip("SQLite has one writer at a time")
    school = inside(company.assemble())
    invitations.invite([school.lena.pk], by=SYSTEM)
    live = Invitation.objects.get(user=school.lena, ended_at=None)
    made, may_end = threading.Event(), threading.Event()
    tokens: list[str] = []

    def make() -> None:
        with atomic():
            ready = invitations.make_tokens({live.pk: live.email_key}, at=timezone.now())
            tokens.append(ready[live.pk].token)
            made.set()
            may_end.wait(20)
        connection.close()

    def change() -> None:
        made.wait(20)
        factories.grant(school.lena, SCHOOL_ADMIN, school=school.cast.abbey)
        connection.close()

    threads = [threading.Thread(target=make), threading.Thread(target=change)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)  # the change has come to the token's lock, or is past it
    may_end.set()
    for thread in threads:
        thread.join()
    assert Grant.objects.filter(user=school.lena, role=SCHOOL_ADMIN.code).exists()
    assert invitations.find(tokens[0]) is None
    assert not InvitationToken.objects.filter(invitation=live).exists()


# S18: by each way in which an invitation is sent again


WAYS: dict[str, Callable[[School], object]] = {
    "one": lambda s: accounts.invite_users([s.lena.pk], by=s.as_nia),
    "many": lambda s: accounts.invite_users([s.lena.pk, s.nia.pk], by=s.cast.as_ada),
    "with an edit": lambda s: accounts.save_users(
        [UserToSave(s.lena.pk, {}, invite=True)], by=s.as_nia
    ),
}


@pytest.mark.parametrize("resend", WAYS.values(), ids=list(WAYS))
def test_s18_sending_again_kills_the_earlier_link_however_it_is_sent(
    school: School, browse: Callable[..., object], resend: Callable[[School], object]
) -> None:
    first = invited(school.lena)
    resend(school)
    refused(browse, first)
    second = token_of(school.lena)
    assert works(browse, second)
    resend(school)
    refused(browse, second)
    assert invitations.redeem(token_of(school.lena), password=PASSWORD) == school.lena


@pytest.mark.parametrize("way", ["one", "ticked", "by filter"])
def test_s18_sending_again_by_the_pages_kills_the_earlier_link(
    school: School, browse: Callable[..., object], way: str
) -> None:
    first = invited(school.lena)
    ada = browse(school.cast.ada)
    if way == "one":
        ada.post(f"/settings/users/{school.lena.pk}/invite/")  # type: ignore[attr-defined]
    else:
        asks = f"who=ticked&tick={school.lena.pk}" if way == "ticked" else "q=Fischer"
        address = f"/settings/users/invite/?{asks}"
        ada.post(address, **ada.get(address).hidden())  # type: ignore[attr-defined]
    refused(browse, first)
    assert works(browse, token_of(school.lena))
