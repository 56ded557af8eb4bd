"""Two users who are one adult become one: by a person alone, and nothing that protects is lost."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import duplicates, merging
from schoolgate.access.actions import NewGrant
from schoolgate.access.models import FamilyFact, Grant, Restriction, TwoPeople
from schoolgate.access.restrictions import NewRestriction, restrict
from schoolgate.access.roles import LA_SUPER_USER, PARENT, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.intake import runs
from schoolgate.intake.models import ImportFault
from schoolgate.kit.names import identifier_key
from schoolgate.kit.records import Ending, Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import StaffRecord, SyncId, User
from schoolgate.people.queries import kept_of, merged_from
from schoolgate.sign_in import factors
from schoolgate.sign_in.models import Door, Second, UserSession
from tests import factories
from tests.cast import Cast, seen_by, who_sees
from tests.web.files import a_stream

if TYPE_CHECKING:
    from datetime import date

    from schoolgate.schools.models import Pupil

pytestmark = pytest.mark.django_db


def parent(first_name: str = "Mina", last_name: str = "Haddad", **facts: str) -> User:
    return factories.user(first_name=first_name, last_name=last_name, **facts)  # type: ignore[arg-type]


def merge(keep: User, other: User, cast: Cast) -> None:
    merging.merge(keep.pk, other.pk, by=cast.as_ada)


def fact(
    user: User, pupil: Pupil, *, holds: bool, what: str = "contact", since: date | None = None
) -> FamilyFact:
    return FamilyFact.objects.create(
        user=user, pupil=pupil, fact=what, holds=holds, source=Source.BY_HAND,
        starts_on=since or timezone.localdate() - timedelta(days=9), recorded_at=timezone.now(),
    )  # fmt: skip


def sync_id(user: User, value: str) -> SyncId:
    return SyncId.objects.create(
        user=user, value=value, value_key=identifier_key(value), source=Source.IMPORT,
        recorded_at=timezone.now(), import_id=7,
    )  # fmt: skip


def live(user: User) -> list[Grant]:
    return list(Grant.objects.filter(user=user, ended_at__isnull=True).order_by("pk"))


def test_links_add_up_with_their_dates_and_where_they_came_from(cast: Cast) -> None:
    keep, other = parent(), parent()
    factories.grant(keep, PARENT, pupil=cast.amira)
    since, until = timezone.localdate() - timedelta(days=3), timezone.localdate() + timedelta(9)
    new = NewGrant(other.pk, PARENT.code, None, cast.ben.pk, since, until, relationship="Mother")
    access.grant([new], by=SYSTEM, source=Source.IMPORT, import_id=7)

    merge(keep, other, cast)

    assert seen_by(keep) == "Amira Ben"
    _, moved = live(keep)
    assert (moved.starts_on, moved.ends_on, moved.relationship) == (since, until, "Mother")
    assert (moved.source, moved.import_id) == (Source.IMPORT, 7)
    assert moved.recorded_by_id == cast.ada.pk
    assert Grant.objects.get(user=other).ended_how == Ending.MERGED


def test_a_link_that_both_have_is_one_and_lasts_as_long_as_the_longer(cast: Cast) -> None:
    keep, other = parent(), parent()
    soon = timezone.localdate() + timedelta(days=5)
    factories.grant(keep, PARENT, pupil=cast.amira, until=soon)
    factories.grant(other, PARENT, pupil=cast.amira)
    factories.grant(keep, PARENT, pupil=cast.ben)
    factories.grant(other, PARENT, pupil=cast.ben, until=soon)

    merge(keep, other, cast)

    held = {(one.pupil, one.ends_on) for one in live(keep)}
    assert held == {(cast.amira, None), (cast.ben, None)}


def test_what_a_person_gave_does_not_hang_on_an_import(cast: Cast) -> None:
    keep, other = parent(), parent()
    ago = timezone.localdate() - factories.LONG_AGO
    new = NewGrant(keep.pk, PARENT.code, None, cast.amira.pk, ago)
    access.grant([new], by=SYSTEM, source=Source.IMPORT, import_id=7)
    factories.grant(other, PARENT, pupil=cast.amira)

    merge(keep, other, cast)

    (one,) = live(keep)
    assert (one.source, one.import_id) == (Source.BY_HAND, None)


@pytest.mark.parametrize("restricted", ["keep", "other"])
def test_s35_a_restriction_on_either_keeps_the_one_who_stays(cast: Cast, restricted: str) -> None:
    keep, other = parent(), parent()
    factories.grant(keep, PARENT, pupil=cast.amira)
    factories.grant(other, PARENT, pupil=cast.amira)
    factories.grant(other, PARENT, pupil=cast.ben)
    whose = keep if restricted == "keep" else other
    order = factories.restriction(whose, cast.amira, reason="Order of 3 March")
    Restriction.objects.filter(pk=order.pk).update(
        evidence="File 12", review_on=timezone.localdate() + timedelta(days=30)
    )

    sight = merging.merged_sight(keep.pk, other.pk)
    assert set(sight.after) == {cast.ben}
    merge(keep, other, cast)

    assert seen_by(keep) == "Ben"
    (kept,) = Restriction.objects.filter(user=keep, ended_at__isnull=True)
    assert (kept.reason, kept.evidence) == ("Order of 3 March", "File 12")
    assert kept.review_on == timezone.localdate() + timedelta(days=30)


def test_a_restriction_in_the_same_moment_finds_the_one_who_stays(cast: Cast) -> None:
    keep, other = parent(), parent()
    factories.grant(keep, PARENT, pupil=cast.amira)
    merge(keep, other, cast)

    row = NewRestriction(other.pk, cast.amira.pk, "Court order", timezone.localdate())
    restrict([row], by=cast.as_ada)

    assert seen_by(keep) == ""


def test_past_days_answer_as_they_did(cast: Cast) -> None:
    keep, other = parent(), parent()
    factories.grant(keep, PARENT, pupil=cast.amira)
    factories.grant(other, PARENT, pupil=cast.ben)
    factories.restriction(other, cast.amira)
    before = timezone.now()

    merge(keep, other, cast)

    assert seen_by(keep, before) == "Amira"
    assert seen_by(other, before) == "Ben"
    assert "Mina" in who_sees(cast.ben, before)
    assert seen_by(other) == ""


def test_what_a_person_removed_stays_removed_and_was_held_at_no_time(cast: Cast) -> None:
    keep, other = parent(), parent()
    link = factories.grant(other, PARENT, pupil=cast.amira)
    access.revoke([link.pk], by=cast.as_ada)
    removed = Grant.objects.get(pk=link.pk)

    merge(keep, other, cast)

    copy = Grant.objects.get(user=keep)
    assert copy.ended_how == Ending.REMOVED
    assert (copy.ended_by_id, copy.ended_at) == (cast.ada.pk, removed.ended_at)
    assert removed.ended_at is not None
    assert copy.recorded_at > removed.ended_at
    assert seen_by(keep) == ""
    for moment in (removed.ended_at - timedelta(microseconds=1), timezone.now()):
        assert seen_by(keep, moment) == ""


def test_a_link_that_the_other_lost_and_the_kept_one_has_is_not_called_removed(cast: Cast) -> None:
    keep, other = parent(), parent()
    factories.grant(keep, PARENT, pupil=cast.amira)
    link = factories.grant(other, PARENT, pupil=cast.amira)
    access.revoke([link.pk], by=cast.as_ada)

    merge(keep, other, cast)

    assert [one.ended_how for one in Grant.objects.filter(user=keep)] == [Ending.NOT_ENDED]


def test_of_facts_that_differ_no_goes_before_yes(cast: Cast) -> None:
    keep, other = parent(), parent()
    fact(keep, cast.amira, holds=True)
    fact(other, cast.amira, holds=False)
    fact(keep, cast.ben, holds=False)
    fact(other, cast.ben, holds=True)
    fact(other, cast.carys, holds=True, what="lives-with")

    merge(keep, other, cast)

    told = FamilyFact.objects.filter(ended_at__isnull=True).order_by("pupil_id")
    assert [(one.user, one.pupil, one.fact, one.holds) for one in told] == [
        (keep, cast.amira, "contact", False),
        (keep, cast.ben, "contact", False),
        (keep, cast.carys, "lives-with", True),
    ]


def test_sync_ids_and_posts_move(cast: Cast) -> None:
    keep, other = parent(), parent()
    sync_id(keep, "P-1")
    sync_id(other, "P-2")
    factories.post(other, cast.abbey)

    merge(keep, other, cast)

    mine = SyncId.objects.filter(user=keep, ended_at__isnull=True).order_by("value")
    assert [(one.value, one.import_id) for one in mine] == [("P-1", 7), ("P-2", 7)]
    assert StaffRecord.objects.filter(user=keep, ended_at__isnull=True).count() == 1
    assert not StaffRecord.objects.filter(user=other, ended_at__isnull=True).exists()


def test_the_other_is_gone_with_all_by_which_they_came_in(cast: Cast) -> None:
    keep, other = parent(), parent(email="mina.h@example.org")
    now = timezone.now()
    UserSession.objects.create(
        user=other, door=Door.PASSWORD, second=Second.NONE, made_at=now, seen_at=now,
        confirmed_at=now,
    )  # fmt: skip

    merge(keep, other, cast)

    gone = User.objects.get(pk=other.pk)
    assert (gone.gone_how, gone.merged_into) == (Ending.MERGED, keep)
    assert not gone.has_usable_password()
    assert not factors.has_factor(other.pk)
    assert not UserSession.objects.filter(user=other, ended_at__isnull=True).exists()
    assert merging.merged_with(keep.pk) == [gone]
    assert merged_from(["MINA.H@example.org", "nobody@example.org"]) == {"mina.h@example.org": keep}


def test_one_merged_twice_is_found(cast: Cast) -> None:
    one, two, three = parent(), parent(), parent()
    merge(two, one, cast)
    merge(three, two, cast)

    assert kept_of([one.pk, two.pk, three.pk, cast.noor.pk]) == {
        one.pk: three.pk, two.pk: three.pk, three.pk: three.pk, cast.noor.pk: cast.noor.pk,
    }  # fmt: skip
    assert merged_from([one.email]) == {one.email: three}


def test_a_file_with_the_address_of_the_other_asks_and_makes_nobody(cast: Cast) -> None:
    keep, other = parent(), parent()
    merge(keep, other, cast)

    run = runs.receive(
        kind="users", role=SOCIAL_WORKER.code, filename="people.csv",
        content=a_stream(f"Mina,Haddad,,{other.email},,,,,,"), by=cast.as_ada,
    )  # fmt: skip
    runs.check(run.pk)

    (fault,) = ImportFault.objects.filter(run=run, kind="question")
    assert fault.code == "merged-user"
    assert fault.problem == (
        f"Enter {keep.email} instead, or take the row out: somebody has merged the user with this"
        " address with Mina Haddad."
    )


def test_only_a_person_who_may_all_and_is_neither_merges(cast: Cast) -> None:
    keep, other = parent(), parent()
    with pytest.raises(Refusal, match="only a person"):
        merging.merge(keep.pk, other.pk, by=SYSTEM)
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        merging.merge(keep.pk, other.pk, by=user_actor(cast.liam.pk))
    for pair in ((cast.ada.pk, other.pk), (keep.pk, cast.ada.pk)):
        with pytest.raises(Refusal, match="their own account"):
            merging.merge(*pair, by=cast.as_ada)
    with pytest.raises(Refusal, match="two users who are there"):
        merging.merge(keep.pk, keep.pk, by=cast.as_ada)
    merge(keep, other, cast)
    with pytest.raises(Refusal, match="two users who are there"):
        merge(keep, other, cast)


def test_one_who_is_inactive_is_decided_about_first(cast: Cast) -> None:
    keep, other = parent(), parent()
    access.deny([other.pk], by=cast.as_ada)
    for pair in ((keep, other), (other, keep)):
        with pytest.raises(Refusal, match="Decide first whether this person is to be active"):
            merge(*pair, cast)
    access.deny([keep.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    with pytest.raises(Refusal, match="Decide first"):
        merge(keep, other, cast)

    access.allow([keep.pk], by=cast.as_ada, establishment_id=cast.abbey.pk)
    access.deny([keep.pk], by=cast.as_ada)
    factories.grant(other, PARENT, pupil=cast.amira)
    merge(keep, other, cast)
    assert seen_by(keep) == ""


def test_an_la_super_user_who_is_merged_stays_one(cast: Cast) -> None:
    second = factories.user(first_name="Ada", last_name="Osei")
    factories.grant(second, LA_SUPER_USER)

    merging.merge(second.pk, cast.noor.pk, by=cast.as_ada)
    merging.merge(cast.ada.pk, cast.liam.pk, by=user_actor(second.pk))
    third = factories.user()
    merging.merge(third.pk, second.pk, by=cast.as_ada)

    assert seen_by(third) == seen_by(cast.ada) == "Amira Ben Carys Dylan Eve"


def test_likely_duplicates_are_pairs_with_a_licence_holder_until_told_apart(cast: Cast) -> None:
    holder, namesake = parent("Mína"), parent("mina")
    factories.grant(holder, PARENT, pupil=cast.amira)
    partner = parent("Karim")
    User.objects.filter(pk=holder.pk).update(phone="0117 496 0011")
    User.objects.filter(pk=partner.pk).update(phone="01174960011")
    drawn = parent("Nell", "Quirk", email=holder.email.replace("mína", "mina").replace("i", "ı"))
    factories.user(first_name="Two", last_name="Staff")
    factories.user(first_name="Two", last_name="Staff")

    assert list(duplicates.likely()) == [holder]
    found = {(p.first_id, p.second_id): p.alike for p in duplicates.pairs([holder.pk])}
    assert found[holder.pk, namesake.pk] == ["the same name"]
    assert found[holder.pk, partner.pk] == ["the same last name and phone number"]
    assert found[holder.pk, drawn.pk] == ["addresses that look alike"]

    for one in (namesake, partner, drawn):
        duplicates.say_two(one.pk, holder.pk, by=cast.as_ada)
    assert not duplicates.likely().exists()
    assert duplicates.pairs([holder.pk]) == []
    assert duplicates.alike(namesake.pk, holder.pk) == ["the same name"]


@pytest.mark.parametrize("seed", range(6))
def test_whom_the_list_counts_are_those_whom_the_pairs_begin_with(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    crowd = []
    for n in range(24):
        user = factories.user(
            first_name=chance.choice(["Ann", "Bo", "Cy"]), last_name=chance.choice(["Ash", "Beck"]),
            email=f"{chance.choice(['l', '1'])}{n % 12}@x.example" if n < 12 else "",
            username=f"u{n}",
        )  # fmt: skip
        User.objects.filter(pk=user.pk).update(phone=chance.choice(["", "0117 1", "01171"]))
        if chance.random() < 0.3:
            factories.grant(user, PARENT, pupil=cast.amira)
        crowd.append(user.pk)
    for _ in range(40):
        duplicates.say_two(*chance.sample(crowd, 2), by=cast.as_ada)
    User.objects.filter(pk__in=chance.sample(crowd, 3)).update(gone_at=timezone.now())

    begun = {pair.first_id for pair in duplicates.pairs(crowd)}

    assert begun
    assert set(duplicates.likely().values_list("pk", flat=True)) == begun


def test_who_was_told_apart_from_the_other_is_told_apart_from_the_kept_one(cast: Cast) -> None:
    keep, other, third = parent(), parent(), parent()
    factories.grant(keep, PARENT, pupil=cast.amira)
    duplicates.say_two(third.pk, other.pk, by=cast.as_ada)

    merge(keep, other, cast)

    assert duplicates.pairs([keep.pk]) == []
    assert TwoPeople.objects.filter(first=keep, second=third).exists()


def test_only_an_la_super_user_tells_apart(cast: Cast) -> None:
    one, two = parent(), parent()
    with pytest.raises(Refusal, match="Ask an LA Super User"):
        duplicates.say_two(one.pk, two.pk, by=user_actor(cast.liam.pk))
    with pytest.raises(Refusal, match="two users who are there"):
        duplicates.say_two(one.pk, one.pk, by=cast.as_ada)
