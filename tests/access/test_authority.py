"""Whatever anybody does, in whatever order: nobody grants above their own role or place (S31), and
nobody takes over a user with more roles than they could grant themselves (S62).

A machine lets people of every role try every action on one another. What they may do is told by a
small model of its own, in plain loops over what was on record before.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from schoolgate.access import accounts
from schoolgate.access import actions as access
from schoolgate.access.accounts import UserToAdd, UserToSave
from schoolgate.access.actions import NewGrant
from schoolgate.access.models import Denial, Grant
from schoolgate.audit.actions import user_actor
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from schoolgate.people.models import Invitation, StaffRecord, User
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.school import School

ROLES = [
    "la_super_user", "la_user", "social_worker", "designated_teacher", "school_admin", "leader",
    "teacher", "finance_manager",
]  # fmt: skip
PEOPLE = [
    "ada", "liam", "sara", "dora", "theo", "noor", "nia", "lena", "tariq", "femi", "una", "bo",
]  # fmt: skip
# What fits, over which place: the organisation, Abbey, Brook, History, Maths, a class, Amira.
FITTING = [
    ("la_super_user", 0), ("la_user", 0), ("social_worker", 6), ("designated_teacher", 1),
    ("designated_teacher", 2), ("school_admin", 1), ("school_admin", 2), ("leader", 3),
    ("leader", 4), ("teacher", 5), ("finance_manager", 1), ("finance_manager", 2),
]  # fmt: skip
people = st.sampled_from(PEOPLE)
# Those who may do some of it try more often than those who may do nothing or everything.
actors = st.sampled_from([*["nia"] * 5, *["lena"] * 4, *["bo"] * 2, *PEOPLE])
gifts = st.one_of(
    st.sampled_from(FITTING),
    st.sampled_from(FITTING),
    st.tuples(st.sampled_from(ROLES), st.integers(0, 6)),
)


@dataclass(frozen=True)
class Held:
    """A grant on record."""

    id: int
    user: int
    role: str
    school: int | None
    subject: int | None
    pupil: int | None


@dataclass(frozen=True)
class Account:
    """What only somebody who could give all of a user's roles may change."""

    email: str
    first_name: str
    phone: str
    is_gone: bool
    denied: bool
    invitation: int | None


@dataclass(frozen=True)
class State:
    """Everything that somebody's power or account hangs on."""

    grants: dict[int, Held]
    accounts: dict[int, Account]
    asleep: frozenset[tuple[int, int]]  # users and schools
    posts: frozenset[tuple[int, int]]


def now() -> State:
    """What is on record."""
    held = {
        g.pk: Held(g.pk, g.user_id, g.role, g.establishment_id, g.subject_area_id, g.pupil_id)
        for g in Grant.objects.filter(ended_at__isnull=True)
    }
    denials = list(Denial.objects.filter(ended_at__isnull=True))
    live = dict(Invitation.objects.filter(ended_at__isnull=True).values_list("user_id", "pk"))
    denied = {d.user_id for d in denials if d.establishment_id is None}
    found = {
        u.pk: Account(
            u.email, u.first_name, u.phone, u.gone_at is not None, u.pk in denied, live.get(u.pk)
        )
        for u in User.objects.all()
    }
    asleep = {(d.user_id, d.establishment_id) for d in denials if d.establishment_id}
    posts = StaffRecord.objects.filter(ended_at__isnull=True)
    return State(
        held,
        found,
        frozenset(asleep),
        frozenset(posts.values_list("user_id", "establishment_id")),
    )


def powers(state: State, user: int) -> tuple[bool, set[int], set[int]]:
    """Whether the user is an LA Super User; the schools they run; the subject areas they lead."""
    is_super, schools, subjects = False, set[int](), set[int]()
    account = state.accounts[user]
    if account.is_gone or account.denied:
        return is_super, schools, subjects
    for held in state.grants.values():
        if held.user != user or (held.school and (user, held.school) in state.asleep):
            continue
        if held.role == "la_super_user":
            is_super = True
        if held.role == "school_admin" and held.school:
            schools.add(held.school)
        if held.role == "leader" and held.subject:
            subjects.add(held.subject)
    return is_super, schools, subjects


def might_give(state: State, actor: int, held: Held) -> bool:
    """Whether the actor could have given this."""
    is_super, schools, subjects = powers(state, actor)
    if is_super:
        return True
    if held.role == "leader" and held.subject in subjects:
        return True
    return held.role in ("school_admin", "leader") and held.school in schools


def might_change(state: State, actor: int, user: int) -> bool:
    """Whether the account is the actor's to change: all of the user's roles are theirs to give
    (or are classes, which a sync gives, in their school), and the user works nowhere else."""
    is_super, schools, _ = powers(state, actor)
    if is_super:
        return True
    places = [school for person, school in state.posts if person == user]
    mine = [
        held.school in schools and held.role in ("school_admin", "leader", "teacher")
        for held in state.grants.values()
        if held.user == user
    ] + [place in schools for place in places]
    return bool(mine) and all(mine)


class Powers(RuleBasedStateMachine):
    """People who try things; after each, what has changed was theirs to change."""

    school: ClassVar[School]

    @initialize()
    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def who(self, name: str) -> User:
        return getattr(self.school, name, None) or getattr(self.school.cast, name)

    @contextlib.contextmanager
    def trying(self, actor: str) -> Iterator[Any]:
        """Lets the actor try; then holds what has changed against the model."""
        user, before = self.who(actor), now()
        with contextlib.suppress(Refusal), transaction.atomic():
            yield user_actor(user.pk)
        self.judge(user.pk, before, now())

    def judge(self, actor: int, before: State, after: State) -> None:
        is_super, schools, subjects = powers(before, actor)
        for id_ in after.grants.keys() - before.grants.keys():
            assert might_give(before, actor, after.grants[id_]), ("gave", after.grants[id_])
        for id_ in before.grants.keys() - after.grants.keys():
            held = before.grants[id_]
            own = held.school in schools or (held.role == "leader" and held.subject in subjects)
            assert is_super or own, ("took away", held)
        for user, school in before.asleep ^ after.asleep:
            assert is_super or school in schools, ("put to sleep or woke", user, school)
        for user in after.accounts.keys() - before.accounts.keys():
            places = [place for person, place in after.posts if person == user]
            assert is_super or (places and set(places) <= schools), ("made", user)
        for user, account in before.accounts.items():
            if after.accounts[user] == account:
                continue
            theirs = might_change(before, actor, user)
            # A link dies when what its user holds changes (S17); that is no taking over.
            died = (
                after.accounts[user] == Account(**{**account.__dict__, "invitation": None})
                and account.invitation
            )
            assert theirs or died, ("changed the account of", user, account, after.accounts[user])

    @rule(actor=actors, whom=people, gift=gifts)
    def gives(self, actor: str, whom: str, gift: tuple[str, int]) -> None:
        role, place = gift
        school, cast = self.school, self.school.cast
        inside = {3: school.history, 4: school.maths}.get(place)
        group = school.maths_class if place == 5 else None
        abbey = place in (1, 3, 4, 5)
        new = NewGrant(
            self.who(whom).pk,
            role,
            cast.abbey.pk if abbey else cast.brook.pk if place == 2 else None,
            cast.amira.pk if place == 6 else None,
            timezone.localdate(),
            subject_area_id=inside.pk if inside else None,
            school_class_id=group.pk if group else None,
        )
        if Grant.objects.filter(
            ended_at__isnull=True, **{k: v for k, v in new._asdict().items() if k != "ends_on"}
        ).exists():
            return
        with self.trying(actor) as by:
            access.grant([new], by=by, source=Source.BY_HAND)

    @rule(actor=actors, which=st.integers(0, 100))
    def takes_away(self, actor: str, which: int) -> None:
        ids = sorted(Grant.objects.filter(ended_at__isnull=True).values_list("pk", flat=True))
        with self.trying(actor) as by:
            access.revoke([ids[which % len(ids)]], by=by)

    @rule(actor=actors, whom=people, place=st.sampled_from([None, "abbey", "brook"]))
    def denies(self, actor: str, whom: str, place: str | None) -> None:
        where = getattr(self.school.cast, place).pk if place else None
        with self.trying(actor) as by:
            access.deny([self.who(whom).pk], by=by, establishment_id=where)

    @rule(actor=actors, whom=people, place=st.sampled_from([None, "abbey", "brook"]))
    def allows(self, actor: str, whom: str, place: str | None) -> None:
        where = getattr(self.school.cast, place).pk if place else None
        with self.trying(actor) as by:
            access.allow([self.who(whom).pk], by=by, establishment_id=where)

    @rule(actor=actors, whom=people, what=st.sampled_from(["email", "phone", "status", "link"]))
    def edits(self, actor: str, whom: str, what: str) -> None:
        self.count += 1
        fields = {
            "email": {"email": f"new{self.count}@example.org"},
            "phone": {"phone": f"0117 496 00{self.count % 100:02}"},
        }.get(what, {})
        change = UserToSave(
            self.who(whom).pk,
            fields,
            active=False if what == "status" else None,
            invite=what == "link",
        )
        with self.trying(actor) as by:
            accounts.save_users([change], by=by)

    @rule(actor=actors, whom=people)
    def invites(self, actor: str, whom: str) -> None:
        with self.trying(actor) as by:
            accounts.invite_users([self.who(whom).pk], by=by)

    @rule(actor=actors, whom=people)
    def deletes(self, actor: str, whom: str) -> None:
        if User.objects.filter(pk=self.who(whom).pk, gone_at__isnull=True).exists():
            with self.trying(actor) as by:
                accounts.delete_users([self.who(whom).pk], by=by)

    @rule(
        actor=actors, place=st.sampled_from([None, "abbey", "brook"]), role=st.sampled_from(ROLES)
    )
    def adds(self, actor: str, place: str | None, role: str) -> None:
        self.count += 1
        where = getattr(self.school.cast, place).pk if place else None
        new = NewUser(f"added{self.count}@example.org", "", "Ad", "Ded")
        given = [NewGrant(0, role, where, None, timezone.localdate())] if role else []
        with self.trying(actor) as by:
            accounts.add_users([UserToAdd(new, given, staff_of=where)], by=by)

    @invariant()
    def one_la_super_user_is_left(self) -> None:
        state = now()
        assert any(powers(state, user)[0] for user in state.accounts)


@pytest.mark.one_database  # who may what is decided in Python
def test_s31_s62_nobody_gives_or_takes_over_more_than_is_theirs(school: School) -> None:
    # Somebody who is more than she seems: an LA Super User who is also staff of Abbey.
    factories.post(school.cast.ada, school.cast.abbey)
    Powers.school = school
    run_state_machine_as_test(
        Powers,
        settings=settings(
            max_examples=70,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
