"""How many rows of a file of parents find a child, counted for every column at once (ITS3)."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access.roles import PARENT
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import runs
from schoolgate.intake.models import Import
from schoolgate.intake.relating import Relation, relation_of
from schoolgate.kit.records import Ending, Source
from schoolgate.schools import actions as schools
from schoolgate.schools.actions import NewIdentifier
from schoolgate.schools.models import IdentifierKind, PupilIdentifier

HEADINGS = "First name,Last name,E-mail,Password,Child,Key"


@pytest.fixture
def world(cast):
    """Amira and Ben have identifiers of our own kinds."""
    schools.add_identifiers(
        [
            NewIdentifier(cast.amira.pk, IdentifierKind.SYNC_KEY, "K-1"),
            NewIdentifier(cast.ben.pk, IdentifierKind.SYNC_KEY, "K 2"),
            NewIdentifier(cast.amira.pk, IdentifierKind.INTERNAL_ID, "77"),
            NewIdentifier(cast.ben.pk, IdentifierKind.USERNAME, "77"),
        ],
        by=SYSTEM,
        source=Source.BY_HAND,
    )
    return cast


def checked(world, *rows: str, headings: str = HEADINGS) -> Import:
    """An uploaded file that the worker has checked."""
    content = io.BytesIO("\r\n".join([headings, *rows, ""]).encode())
    run = runs.receive(
        kind="parents", role=PARENT.code, filename="p.csv", content=content, by=world.as_ada
    )
    runs.check(run.pk)
    return Import.objects.get(pk=run.pk)


def told(relation: Relation) -> dict[tuple[str, str], int]:
    """What matches, by heading and kind."""
    return {(p.heading, p.match_by.value): p.rows for p in relation.pairs if p.rows}


def test_rows_are_counted_by_column_and_kind_whatever_their_case(world):
    found = relation_of(
        checked(
            world,
            "A,B,a@x.example,K-1,k-1,77",
            "C,D,c@x.example,K-1, K2 ,77",
            "E,F,e@x.example,K-1,nobody,",
            "G,H,g@x.example,K-1",
        )
    )
    assert found.rows == 4
    assert told(found) == {
        ("Child", "sync_key"): 2,
        ("Key", "internal_id"): 2,
        ("Key", "username"): 2,
    }
    assert (found.best and found.best.heading) == "Child"


def test_s22_the_password_is_neither_counted_nor_offered(world):
    found = relation_of(checked(world, "A,B,a@x.example,K-1,x,y"))
    assert "Password" not in {pair.heading for pair in found.pairs}
    assert told(found) == {}


def test_an_ended_identifier_counts_no_more(world):
    PupilIdentifier.objects.filter(value="K-1").update(
        ended_at=timezone.now(), ended_how=Ending.REPLACED
    )
    assert told(relation_of(checked(world, "A,B,a@x.example,,K-1,"))) == {}


def test_a_file_that_cannot_be_read_counts_nothing(world):
    found = relation_of(checked(world, 'A,B,"a@x.example,,K-1,'))
    assert (found.rows, found.best) == (0, None)


def test_looking_again_reads_no_file(world):
    run = checked(world, "A,B,a@x.example,,K-1,")
    relation_of(run)
    with CaptureQueriesContext(connection) as queries:
        relation_of(run)
    assert not [query for query in queries if "intake_importfile" in query["sql"]]


def test_of_two_that_match_as_many_the_one_is_best_that_says_nothing_of_the_adult(world):
    mistaken = checked(
        world, "A,B,a@x.example,K-1,K-1", headings="First name,Last name,E-mail,SyncID,ChildID"
    )

    best = relation_of(mistaken).best

    assert best is not None
    assert (best.heading, best.rows) == ("ChildID", 1)
