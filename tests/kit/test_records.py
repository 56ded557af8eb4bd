"""Records with two clocks: written once, ended once, never erased."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schoolgate.kit import records
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.people.models import User
from schoolgate.schools.models import CareEpisode, Pupil
from tests import factories
from tests.cast import Cast

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BY_ADA = Stamp(MONDAY, 7, Source.BY_HAND)
BY_IMPORT = Stamp(MONDAY + timedelta(days=1), None, Source.IMPORT, 42)


def test_a_record_says_when_by_whom_and_from_where_it_was_written(cast: Cast) -> None:
    rows = [(cast.ben.pk, date(2026, 1, 1), None), (cast.ben.pk, date(2026, 2, 1), None)]
    columns = ["pupil_id", "starts_on", "ends_on"]
    ((ids, chunk),) = records.insert(CareEpisode, columns, rows, stamp=BY_IMPORT)

    assert chunk == rows
    for episode in CareEpisode.objects.filter(pk__in=ids):
        assert episode.recorded_at == BY_IMPORT.at
        assert (episode.recorded_by_id, episode.source, episode.import_id) == (None, "import", 42)
        assert (episode.ended_at, episode.ended_how) == (None, "")
    assert len(ids) == 2


def test_ending_tells_which_were_ended_and_keeps_the_first_end(cast: Cast) -> None:
    one, two = factories.episode(cast.ben), factories.episode(cast.dylan)

    assert records.end(CareEpisode, [one.pk], how=Ending.REPLACED, stamp=BY_ADA) == [one.pk]
    again = records.end(CareEpisode, [two.pk, one.pk], how=Ending.UNDONE, stamp=BY_IMPORT)
    assert again == [two.pk]

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.ended_at, one.ended_by_id, one.ended_how) == (MONDAY, 7, "replaced")
    assert (two.ended_how, two.ended_import_id) == ("undone", 42)


def test_ending_nothing_ends_nothing(cast: Cast) -> None:
    assert records.end(CareEpisode, [], how=Ending.REMOVED, stamp=BY_ADA) == []
    assert not CareEpisode.objects.filter(ended_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (Pupil, "year", "007"),
        (Pupil, "year", "1e3"),
        (Pupil, "class_name", ""),
        (Pupil, "date_of_birth", date(2012, 2, 29)),
        (Pupil, "date_of_birth", None),
        (User, "phone", "+44 117 496 0000"),
        (User, "phone", "0117"),
        (User, "workplace_id", None),
        (User, "email_key", None),
        (User, "last_login", MONDAY),
    ],
)
def test_a_field_is_set_to_just_that_value(
    cast: Cast, model: type[Pupil] | type[User], field: str, value: Any
) -> None:
    thing = cast.dora if model is User else cast.amira
    untouched = cast.theo if model is User else cast.ben
    before = getattr(untouched, field)

    records.set_field(model, field, [(thing.pk, value)])

    thing.refresh_from_db()
    untouched.refresh_from_db()
    assert getattr(thing, field) == value
    assert getattr(untouched, field) == before
    same = {f"{field}__isnull": True} if value is None else {field: value}
    found = model._default_manager.filter(**same)
    assert thing.pk in found.values_list("pk", flat=True)


def test_a_number_is_set_as_a_number(cast: Cast) -> None:
    records.set_field(User, "workplace_id", [(cast.noor.pk, cast.brook.pk)])

    assert User.objects.get(workplace=cast.brook, pk=cast.noor.pk) == cast.noor


def test_a_thing_is_touched_and_gone_once(cast: Cast) -> None:
    records.touch(Pupil, [cast.amira.pk], stamp=BY_IMPORT)
    records.remove(Pupil, [cast.amira.pk], how=Ending.REMOVED, stamp=BY_ADA)
    records.remove(Pupil, [cast.amira.pk], how=Ending.UNDONE, stamp=BY_IMPORT)

    cast.amira.refresh_from_db()
    assert (cast.amira.touched_at, cast.amira.touched_import_id) == (BY_IMPORT.at, 42)
    assert (cast.amira.gone_at, cast.amira.gone_how) == (MONDAY, "removed")
    assert Pupil.objects.filter(gone_at__isnull=False).count() == 1
