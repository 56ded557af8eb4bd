"""The register: schools, pupils, where they are, and what becomes of it when they move."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending, Source
from schoolgate.schools import actions as schools
from schoolgate.schools.actions import NewEnrolment
from schoolgate.schools.models import (
    Elsewhere,
    Enrolment,
    Establishment,
    IdentifierKind,
    Organisation,
    Pupil,
    PupilIdentifier,
)
from tests import factories
from tests.cast import Cast, seen_by
from tests.clock import Clock


def days(pupil: Pupil) -> list[tuple[str, date, date | None]]:
    """Where the pupil is and was on roll, as the register has it now."""
    live = Enrolment.objects.filter(pupil=pupil, ended_at__isnull=True).order_by("starts_on")
    return [
        (e.establishment.urn if e.establishment else e.elsewhere, e.starts_on, e.ends_on)
        for e in live.select_related("establishment")
    ]


def move(pupil: Pupil, school: Establishment, day: date) -> None:
    """Move one pupil by hand."""
    row = NewEnrolment(pupil.pk, school.pk, "", day, None)
    schools.move([row], by=SYSTEM, source=Source.BY_HAND)


def test_after_a_move_the_old_school_ends_the_day_before(clock: Clock, cast: Cast) -> None:
    began = clock.today - factories.LONG_AGO
    move(cast.amira, cast.brook, clock.today)

    assert days(cast.amira) == [
        (cast.abbey.urn, began, clock.day(-1)),
        (cast.brook.urn, clock.today, None),
    ]


def test_a_move_leaves_no_day_at_a_school_that_was_to_begin_later(clock: Clock, cast: Cast) -> None:
    cedar = factories.establishment()
    factories.enrolment(cast.ben, cedar, since=clock.day(10))
    move(cast.ben, cast.brook, clock.day(5))

    began = clock.today - factories.LONG_AGO
    assert days(cast.ben) == [
        (cast.abbey.urn, began, clock.day(4)),
        (cast.brook.urn, clock.day(5), None),
    ]


def test_a_move_leaves_what_was_over_already(clock: Clock, cast: Cast) -> None:
    cedar = factories.establishment()
    early = date(2024, 9, 1)
    factories.enrolment(cast.eve, cedar, since=early, until=date(2025, 7, 20))
    move(cast.eve, cast.abbey, clock.today)

    assert days(cast.eve)[0] == (cedar.urn, early, date(2025, 7, 20))
    assert days(cast.eve)[1][0] == Elsewhere.UNKNOWN
    assert days(cast.eve)[1][2] == clock.day(-1)
    assert days(cast.eve)[2] == (cast.abbey.urn, clock.today, None)


def test_a_move_of_one_pupil_moves_no_other(clock: Clock, cast: Cast) -> None:
    before = days(cast.ben)
    move(cast.amira, cast.brook, clock.today)

    assert days(cast.ben) == before


def test_a_move_before_the_first_day_at_the_old_school_replaces_it(
    clock: Clock, cast: Cast
) -> None:
    child = factories.pupil()
    factories.enrolment(child, cast.abbey, since=clock.day(-3))
    move(child, cast.brook, clock.day(-3))

    assert days(child) == [(cast.brook.urn, clock.day(-3), None)]
    replaced = Enrolment.objects.get(pupil=child, ended_at__isnull=False)
    assert replaced.ended_how == Ending.REPLACED


def test_a_pupil_is_found_by_the_new_name_when_it_changed(cast: Cast) -> None:
    schools.change_things(
        Pupil,
        [(cast.amira.pk, "last_name", "Ó Briain"), (cast.amira.pk, "date_of_birth", None)],
        by=cast.as_ada,
    )

    changed = Pupil.objects.get(last_key="obriain", first_key="amira")
    assert changed == cast.amira
    assert changed.date_of_birth is None
    assert changed.touched_at is not None
    assert Event.objects.latest("pk").fields == "last_name,date_of_birth"


def test_an_urn_is_taken_once_and_free_when_its_school_is_gone(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.establishment(urn=cast.abbey.urn)

    schools.remove_things(Establishment, [cast.abbey.pk], how=Ending.UNDONE, by=SYSTEM)
    assert factories.establishment(urn=cast.abbey.urn).pk != cast.abbey.pk


def test_an_identifier_of_a_kind_belongs_to_one_pupil_at_a_time(cast: Cast) -> None:
    upn = PupilIdentifier.objects.get(pupil=cast.amira)
    taken = schools.NewIdentifier(cast.ben.pk, IdentifierKind.UPN, upn.value.lower())
    with pytest.raises(IntegrityError), transaction.atomic():
        schools.add_identifiers([taken], by=SYSTEM, source=Source.BY_HAND)

    schools.end_records(PupilIdentifier, [upn.pk], how=Ending.REPLACED, by=SYSTEM)
    schools.add_identifiers([taken], by=SYSTEM, source=Source.BY_HAND)
    assert PupilIdentifier.objects.get(pupil=cast.ben, value=upn.value.lower()).well_formed


def test_each_record_that_ends_leaves_an_event_that_names_the_pupil(cast: Cast) -> None:
    pupils = [cast.amira, cast.ben]
    models: list[type[PupilIdentifier] | type[Enrolment]] = [PupilIdentifier, Enrolment]
    for model in models:
        records: list[Any] = list(model.objects.filter(pupil__in=pupils).order_by("pk"))
        schools.end_records(model, [r.pk for r in records], how=Ending.REMOVED, by=SYSTEM)
        told = Event.objects.filter(verb="ended").order_by("-pk")[:2]
        assert sorted((e.object_id, e.pupil_id) for e in told) == [
            (r.pk, r.pupil_id) for r in records
        ]


def test_ending_records_takes_as_many_queries_for_one_as_for_many(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    ids = Enrolment.objects.values_list("pk", flat=True)
    with CaptureQueriesContext(connection) as one:
        schools.end_records(Enrolment, ids[:1], how=Ending.REMOVED, by=SYSTEM)
    with django_assert_max_num_queries(len(one)):
        schools.end_records(Enrolment, ids[1:], how=Ending.REMOVED, by=SYSTEM)


@pytest.mark.parametrize(
    ("kind", "value", "well_formed"),
    [
        (IdentifierKind.UPN, "B801200005001", True),
        (IdentifierKind.UPN, "A801200005001", False),
        (IdentifierKind.FORMER_UPN, "12345", False),
        (IdentifierKind.INTERNAL_ID, "12345", True),
        (IdentifierKind.USERNAME, "amira.h", True),
    ],
)
def test_an_identifier_is_kept_whatever_its_form_and_marked_by_it(
    cast: Cast, kind: IdentifierKind, value: str, well_formed: bool
) -> None:
    row = schools.NewIdentifier(cast.amira.pk, kind, value)
    schools.add_identifiers([row], by=SYSTEM, source=Source.BY_HAND)

    kept = PupilIdentifier.objects.latest("pk")
    assert (kept.value, kept.value_key, kept.well_formed) == (value, value.lower(), well_formed)


def test_the_organisation_is_one_however_often_it_is_named(db: None) -> None:
    schools.name_organisation(name="Northshire", by=SYSTEM, is_demonstration=True)
    schools.name_organisation(name="Northshire Virtual School", by=SYSTEM)

    organisation = Organisation.objects.get()
    assert organisation.name == "Northshire Virtual School"
    assert organisation.is_demonstration


def test_a_pupil_who_is_gone_is_not_seen_although_the_records_stay(cast: Cast) -> None:
    schools.remove_things(Pupil, [cast.amira.pk], how=Ending.REMOVED, by=SYSTEM)

    assert seen_by(cast.ada) == "Ben Carys Dylan Eve"
    assert days(cast.amira) != []
