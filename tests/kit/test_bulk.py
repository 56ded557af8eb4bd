"""Many rows into a table at once, the same on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from schoolgate.kit import bulk
from schoolgate.people.models import SetUpLink
from schoolgate.schools.models import EstablishmentLink, Organisation, Pupil
from tests import factories

pytestmark = pytest.mark.django_db

LINK = ["urn", "link_urn", "link_name", "link_type", "established_on", "import_id"]
AWKWARD = [
    "tab\there",
    "line\nbreak",
    "back\\slash \\N \\.",
    '"quotes"',
    "O’Connor 山田 🙂",
    "",
    "%s",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_what_is_loaded_reads_back_unchanged(text: str) -> None:
    row = ("1", "2", text, "Successor", date(2020, 2, 29), 7)

    assert bulk.load("schools_establishmentlink", LINK, [row]) == 1
    assert EstablishmentLink.objects.values_list(*LINK).get() == row


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=50))
def test_any_text_is_loaded(text: str) -> None:
    with bulk.temporary("texts", "value TEXT"):
        bulk.load("texts", ["value"], [(text,), (None,)])

        assert bulk.select("SELECT value FROM texts ORDER BY value IS NULL") == [(text,), (None,)]


def test_a_moment_is_loaded_to_the_microsecond() -> None:
    at = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
    bulk.load(
        "people_setuplink",
        ["token_hash", "made_at", "expires_at", "ended_at"],
        [("a", at, at, None), ("b", at.replace(microsecond=0), at, at)],
    )

    links = SetUpLink.objects.order_by("token_hash")
    assert [(link.made_at, link.ended_at) for link in links] == [
        (at, None),
        (at.replace(microsecond=0), at),
    ]
    assert SetUpLink.objects.filter(made_at=at).count() == 1


def test_more_rows_than_one_chunk_are_all_loaded_in_order() -> None:
    count = bulk.CHUNK * 2 + 1
    with bulk.temporary("numbers", "id BIGINT"):
        assert bulk.load("numbers", ["id"], ((n,) for n in range(count))) == count
        assert bulk.select("SELECT count(*), min(id), max(id) FROM numbers") == [
            (count, 0, count - 1)
        ]


def test_rows_may_be_read_from_the_same_database_while_they_are_loaded() -> None:
    pupils = [factories.pupil().pk for _ in range(3)]
    with bulk.temporary("copied", "id BIGINT"):
        bulk.load("copied", ["id"], Pupil.objects.values_list("pk").iterator(chunk_size=1))

        assert bulk.select("SELECT id FROM copied ORDER BY id") == [(pk,) for pk in pupils]


def test_a_row_that_a_constraint_forbids_is_an_integrity_error() -> None:
    row = ("1", "2", "", "Successor", None, None)
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.load("schools_establishmentlink", LINK, [row, row])

    assert not EstablishmentLink.objects.exists()


def test_no_rows_are_no_rows() -> None:
    assert bulk.load("schools_establishmentlink", LINK, []) == 0
    assert bulk.new_ids(Pupil, 0) == []


def test_new_ids_are_used_by_nobody_before_or_after() -> None:
    before = factories.pupil().pk
    first = bulk.new_ids(Organisation, 3)
    for pk in first:
        Organisation.objects.create(pk=pk, name="x")
    second = bulk.new_ids(Organisation, 2)
    Organisation.objects.bulk_create(Organisation(pk=pk, name="y") for pk in second)
    third = Organisation.objects.create(name="z").pk

    assert len({*first, *second, third}) == 6
    assert bulk.new_ids(Pupil, 1)[0] > before


def test_a_temporary_table_is_gone_afterwards_also_after_a_failure() -> None:
    with bulk.temporary("passing", "id BIGINT PRIMARY KEY", indexes=["id"]):
        bulk.load("passing", ["id"], [(1,)])
    failing = bulk.temporary("passing", "id BIGINT PRIMARY KEY")
    with pytest.raises(IntegrityError), transaction.atomic(), failing:
        bulk.load("passing", ["id"], [(1,), (1,)])
    with bulk.temporary("passing", "other TEXT"):
        bulk.load("passing", ["other"], [("again",)])
        assert bulk.value("SELECT other FROM passing") == "again"

    assert "passing" not in connection.introspection.table_names()


def test_dropping_a_temporary_table_never_drops_a_lasting_one() -> None:
    factories.pupil()
    bulk.drop_temporary("schools_pupil")

    assert Pupil.objects.count() == 1


def test_days_and_moments_are_found_again_by_what_was_loaded() -> None:
    day = date(2026, 3, 1)
    bulk.load("schools_establishmentlink", LINK, [("1", "2", "", "Successor", day, None)])

    assert bulk.select(
        "SELECT urn FROM schools_establishmentlink WHERE established_on = %s", [day]
    ) == [("1",)]
    assert bulk.execute("UPDATE schools_establishmentlink SET established_on = %s", [day]) == 1
    assert EstablishmentLink.objects.filter(established_on=day).count() == 1
