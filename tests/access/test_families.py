"""Adults and children connected by hand, and the facts between them (ITS7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access import families, family_list
from schoolgate.access.families import NewFact, NewLink
from schoolgate.access.models import Fact, FamilyFact, Grant
from schoolgate.access.roles import PARENT, PUPIL, SOCIAL_WORKER
from schoolgate.audit.actions import user_actor
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import NewUser
from schoolgate.people.models import Invitation, User
from tests import factories
from tests.cast import Cast, seen_by

DAY = timedelta(days=1)


def today():
    return timezone.localdate()


def mother_of(*pupils, by, **facts):
    user = factories.user(first_name="Hana", last_name="Haddad")
    families.connect([a_link(user, pupil, **facts) for pupil in pupils], by=by)
    return user


def a_link(user, pupil, *, since=None, until=None, licence=PARENT.code, words="Mother"):
    return NewLink(user.pk, pupil.pk, licence, words, since or today(), until)


def said(user: User) -> list[tuple[str, bool]]:
    live = FamilyFact.objects.filter(user=user, ended_at__isnull=True).order_by("starts_on", "pk")
    return [(one.fact, one.holds) for one in live]


def test_a_parent_sees_the_children_they_are_connected_to(cast: Cast) -> None:
    mother = mother_of(cast.amira, cast.ben, by=cast.as_ada)
    assert seen_by(mother) == "Amira Ben"
    assert set(Grant.objects.filter(user=mother).values_list("relationship", flat=True)) == {
        "Mother"
    }


def test_connecting_twice_is_connecting_once(cast: Cast) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada)
    again = [a_link(mother, cast.amira, since=today() - DAY), a_link(mother, cast.ben)]
    assert families.connect([*again, again[1]], by=cast.as_ada) == []
    assert Grant.objects.filter(user=mother).count() == 2


def test_days_that_do_not_meet_are_another_connection(cast: Cast) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada, until=today() + DAY)
    families.connect([a_link(mother, cast.amira, since=today() + 2 * DAY)], by=cast.as_ada)
    families.connect([a_link(mother, cast.amira, licence=PUPIL.code)], by=cast.as_ada)
    assert Grant.objects.filter(user=mother).count() == 3


@pytest.mark.parametrize("who", ["liam", "dora", "noor"])
def test_nobody_but_an_la_super_user_touches_a_family(cast: Cast, who: str) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada)
    by = user_actor(getattr(cast, who).pk)
    grant = Grant.objects.get(user=mother)
    fact = NewFact(mother.pk, cast.amira.pk, Fact.CONTACT, True, today())
    for act in (
        lambda: families.connect([a_link(mother, cast.ben)], by=by),
        lambda: families.disconnect([grant.pk], by=by),
        lambda: families.set_relationship([(grant.pk, "Aunt")], by=by),
        lambda: families.set_facts([fact], by=by),
    ):
        with pytest.raises(Refusal, match="Ask an LA Super User"):
            act()
    assert seen_by(mother) == "Amira"
    assert said(mother) == []


def test_what_cannot_be_is_refused_in_words(cast: Cast) -> None:
    user, gone = factories.user(), factories.user()
    User.objects.filter(pk=gone.pk).update(gone_at=timezone.now())
    for link, words in (
        (a_link(user, cast.amira, licence="licence-99"), "Choose a licence type that is there"),
        (a_link(user, cast.amira, licence=SOCIAL_WORKER.code), "Choose a licence type"),
        (a_link(user, cast.amira, until=today() - DAY), "Enter a last day"),
        (a_link(gone, cast.amira), "Choose again"),
    ):
        with pytest.raises(Refusal, match=words):
            families.connect([link], by=cast.as_ada)
    assert not Grant.objects.filter(user__in=[user, gone]).exists()


def test_a_connection_that_is_removed_is_known_to_have_been(cast: Cast) -> None:
    mother = mother_of(cast.amira, cast.ben, by=cast.as_ada)
    grant = Grant.objects.get(user=mother, pupil=cast.amira)
    families.disconnect([grant.pk], by=cast.as_ada)
    assert seen_by(mother) == "Ben"
    assert Grant.objects.get(pk=grant.pk).ended_how == Ending.REMOVED
    last = family_list.removed_last(mother.pk, PARENT.code, cast.amira.pk)
    assert last is not None
    assert last.ended_by_id == cast.ada.pk
    families.connect([a_link(mother, cast.amira)], by=cast.as_ada)
    assert family_list.removed_last(mother.pk, PARENT.code, cast.amira.pk) is None


def test_a_role_of_staff_is_no_connection_of_a_family(cast: Cast) -> None:
    grant = Grant.objects.get(user=cast.sara, pupil=cast.amira)
    with pytest.raises(Refusal, match="role of staff"):
        families.disconnect([grant.pk], by=cast.as_ada)
    with pytest.raises(Refusal, match="role of staff"):
        families.set_relationship([(grant.pk, "Aunt")], by=cast.as_ada)
    assert seen_by(cast.sara) == "Amira Eve"


def test_the_relationship_is_words_and_its_change_an_event_without_them(cast: Cast) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada)
    grant = Grant.objects.get(user=mother)
    families.set_relationship([(grant.pk, "Foster carer")], by=cast.as_ada)
    families.set_relationship([(grant.pk, "Foster carer")], by=cast.as_ada)
    grant.refresh_from_db()
    assert grant.relationship == "Foster carer"
    (event,) = Event.objects.filter(verb="changed", kind="grant")
    assert (event.fields, event.user_id, event.pupil_id) == (
        "relationship", mother.pk, cast.amira.pk,
    )  # fmt: skip


def test_a_fact_that_changes_replaces_what_was_said(cast: Cast) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada)
    for holds in (True, False):
        row = NewFact(mother.pk, cast.amira.pk, Fact.CONTACT, holds, today())
        families.set_facts([row], by=cast.as_ada)
    assert said(mother) == [("contact", False)]
    (old,) = FamilyFact.objects.filter(ended_at__isnull=False)
    assert (old.holds, old.ended_how) == (True, Ending.REPLACED)


def test_a_fact_that_is_not_known_any_more_is_ended(cast: Cast) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada)
    for holds in (True, None):
        rows = [
            NewFact(mother.pk, cast.amira.pk, fact, holds, today())
            for fact in (Fact.CONTACT, Fact.LIVES_WITH)
        ]
        families.set_facts(rows, by=cast.as_ada)
    assert said(mother) == []
    ended = FamilyFact.objects.filter(ended_how=Ending.REMOVED)
    assert ended.count() == 2


def test_a_fact_that_changes_on_a_day_to_come_holds_until_then(cast: Cast) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada)
    then = today() + 10 * DAY
    for holds, since in ((True, today()), (False, then)):
        row = NewFact(mother.pk, cast.amira.pk, Fact.LIVES_WITH, holds, since)
        families.set_facts([row], by=cast.as_ada)
    assert said(mother) == [("lives-with", True), ("lives-with", False)]
    first = FamilyFact.objects.get(holds=True, ended_at__isnull=True)
    assert first.ends_on == then - DAY


def test_facts_of_others_stay_as_they_are(cast: Cast) -> None:
    mother = mother_of(cast.amira, cast.ben, by=cast.as_ada)
    father = factories.user(first_name="Karim", last_name="Haddad")
    everyone = [(mother, cast.amira), (mother, cast.ben), (father, cast.amira)]
    families.set_facts(
        [NewFact(u.pk, p.pk, Fact.CONTACT, True, today()) for u, p in everyone], by=cast.as_ada
    )
    row = NewFact(mother.pk, cast.amira.pk, Fact.CONTACT, None, today())
    families.set_facts([row], by=cast.as_ada)
    assert (len(said(mother)), len(said(father))) == (1, 1)


def test_a_fact_opens_no_child(cast: Cast) -> None:
    father = factories.user()
    row = NewFact(father.pk, cast.amira.pk, Fact.RESPONSIBILITY, True, today())
    families.set_facts([row], by=cast.as_ada)
    assert seen_by(father) == ""


def test_how_a_family_stands(cast: Cast, django_assert_num_queries) -> None:
    mother = mother_of(cast.amira, by=cast.as_ada)
    father = factories.user(first_name="Karim", last_name="Haddad")
    families.connect([a_link(father, cast.amira, words="Father")], by=cast.as_ada)
    factories.restriction(father, cast.amira)
    row = NewFact(mother.pk, cast.amira.pk, Fact.LIVES_WITH, True, today())
    families.set_facts([row], by=cast.as_ada)
    with django_assert_num_queries(4):
        hana, karim = family_list.connections(family_list.licences_over(cast.amira.pk), today())
    assert [hana.grant.user, karim.grant.user] == [mother, father]
    assert (hana.restricted, karim.restricted) == (False, True)
    assert [len(words) for _, words in hana.facts_in_words] == [0, 1, 0]
    assert hana.facts_in_words[1][1][0].startswith("Yes, since ")


def test_a_new_adult_is_made_and_connected_or_neither(cast: Cast) -> None:
    new = NewUser("hana@example.org", "", "Hana", "Haddad")
    link = NewLink(0, cast.amira.pk, PARENT.code, "Mother", today())
    added = families.add_adult(new, [link], invite=True, by=cast.as_ada)
    assert added.held == []
    assert seen_by(User.objects.get(pk=added.user_id)) == "Amira"
    assert Invitation.objects.filter(user_id=added.user_id).exists()
    other = NewUser("karim@example.org", "", "Karim", "Haddad")
    with pytest.raises(Refusal):
        families.add_adult(other, [link._replace(licence="none")], invite=True, by=cast.as_ada)
    assert not User.objects.filter(email_key="karim@example.org").exists()
