"""What becomes of files, imports and commands when a pupil is severed for good (NEW14)."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from django.apps import apps

from schoolgate.access import severing
from schoolgate.access.models import Grant
from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import SYSTEM, Actor, user_actor
from schoolgate.audit.models import Event
from schoolgate.intake import runs
from schoolgate.intake.models import Import, ImportFile, ImportRow
from schoolgate.intake.severed import sever
from schoolgate.kit.records import Ending, Source
from schoolgate.schools import actions as schools
from schoolgate.schools.models import (
    CareEpisode,
    ClassMembership,
    Enrolment,
    IdentifierKind,
    Pupil,
    PupilIdentifier,
)
from tests import cast as company
from tests import factories
from tests.intake.desk import (
    APPLIED,
    SOME_REFUSED,
    Desk,
    child,
    parent,
    person,
    row_of,
    text_of,
    upn_of,
)
from tests.web.files import a_stream

if TYPE_CHECKING:
    from tests.cast import Cast
    from tests.clock import Clock
    from tests.databases import OwnDatabase


@pytest.fixture
def second(cast: Cast) -> Actor:
    """Another LA Super User."""
    return another()


def another() -> Actor:
    user = factories.user(first_name="Bea", last_name="Second")
    factories.grant(user, LA_SUPER_USER)
    return user_actor(user.pk)


def severed(cast: Cast, pupil: Pupil, second: Actor) -> None:
    severing.ask(pupil.pk, reason="Adoption order of 3 March", by=cast.as_ada)
    sever(pupil.pk, name=str(pupil), by=second)


def test_a_pupil_file_with_the_number_is_refused_in_that_row_and_says_nothing_more(
    cast: Cast, second: Actor, desk: Desk
) -> None:
    again = row_of(cast.amira)
    severed(cast, cast.amira, second)

    ran = desk.pupils([again, child(upn=factories.a_upn())], "--skip-faulty")

    assert (ran.status, ran.counts) == (SOME_REFUSED, (1, 0, 0, 1))
    assert ran.problems == ["Take this number out: it cannot be used for a pupil here."]


def test_a_pupil_of_the_same_name_and_birth_is_not_asked_about(
    cast: Cast, second: Actor, desk: Desk
) -> None:
    new = row_of(cast.amira, upn=factories.a_upn())
    severed(cast, cast.amira, second)

    ran = desk.pupils([new])

    assert (ran.status, ran.created, ran.told, ran.warned) == (APPLIED, 1, [], [])


def test_a_user_file_with_the_number_is_told_what_it_is_of_an_unknown_one(
    cast: Cast, second: Actor, desk: Desk
) -> None:
    upn, unknown = upn_of(cast.amira), factories.a_upn()
    severed(cast, cast.amira, second)

    ran = desk.users([person(upns=[upn]), person(first="Kit", email="k@x.example", upns=[unknown])])

    assert ran.problems[0] == ran.problems[1]


def test_undo_brings_nothing_of_the_child_back(cast: Cast, second: Actor, desk: Desk) -> None:
    new_upn = factories.a_upn()
    schools.add_identifiers(
        [schools.NewIdentifier(cast.amira.pk, IdentifierKind.INTERNAL_ID, "4711")],
        by=SYSTEM,
        source=Source.IMPORT,
    )
    moved = desk.pupils(
        [row_of(cast.amira, upn=new_upn, internal_id="4711", urn=cast.brook.urn)], "--yes"
    )
    assert moved.status == APPLIED
    made = desk.pupils([child(upn=factories.a_upn(), urn=cast.abbey.urn, since="2026-01-05")])
    rowan = Pupil.objects.get(first_name="Rowan")
    severed(cast, cast.amira, second)
    severed(cast, rowan, second)

    for ran in (moved, made):
        undone = desk.undo(ran)
        assert (undone.status, undone.out) == (APPLIED, f"Import {ran.id} is undone.\n")

    for pupil in (cast.amira, rowan):
        for model in (Grant, Enrolment, CareEpisode, PupilIdentifier, ClassMembership):
            assert not model.objects.filter(pupil=pupil, ended_at__isnull=True).exists()
        assert Pupil.objects.get(pk=pupil.pk).gone_how == Ending.SEVERED


def test_what_is_kept_of_files_names_the_child_no_more(cast: Cast, second: Actor) -> None:
    upn = upn_of(cast.amira)
    other = upn_of(cast.ben)
    content = text_of([row_of(cast.amira, last="Quixote"), row_of(cast.ben), child(upn="")])
    named = a_run(content, cast)
    linking = runs.receive(
        kind="users", role="social_worker", filename="people.csv", by=cast.as_ada,
        content=a_stream(f"Grace,Okoro,,grace@x.example,,,{upn},,,"),
    )  # fmt: skip
    runs.check(linking.pk)
    untouched = runs.receive(
        kind="users", role="social_worker", filename="people.csv", by=cast.as_ada,
        content=a_stream(f"Grace,Okoro,,grace@x.example,,,{other},,,"),
    )  # fmt: skip
    runs.check(untouched.pk)
    assert upn in everything_kept()

    severed(cast, cast.amira, second)

    kept = everything_kept()
    assert upn not in kept
    assert "Amira" not in kept
    assert "Quixote" not in kept
    assert other in kept
    assert list(ImportFile.objects.values_list("run", flat=True)) == [untouched.pk]
    assert Event.objects.filter(verb="cleared").count() == 2
    assert named.pk != linking.pk


def a_run(content: str, cast: Cast) -> Import:
    run = runs.receive(
        kind="pupils", role="", filename="pupils.csv", content=io.BytesIO(content.encode()),
        by=cast.as_ada,
    )  # fmt: skip
    runs.check(run.pk)
    return run


def everything_kept() -> str:
    """All that the tables of imports hold, but for the uploaded bytes."""
    models = [model for model in apps.get_app_config("intake").get_models() if model != ImportFile]
    rows = [list(model.objects.values()) for model in models]  # type: ignore[attr-defined]
    return json.dumps(rows, default=str, ensure_ascii=False)


def test_the_command_line_knows_the_child_no_more(
    own_database: OwnDatabase, desk: Desk, clock: Clock
) -> None:
    cast = company.assemble()
    upn, monday = upn_of(cast.amira), clock.today
    clock.wait(days=2)
    unknown = desk.run("whosees", "X000000000000").err
    severed(cast, cast.amira, another())

    on = ("--on", monday.isoformat())
    for when in ((), on):
        for words in (("whosees", upn), ("why", "ada@council.example", upn)):
            ran = desk.run(*words, *when)
            assert ran.out == ""
            assert ran.err == unknown.replace("X000000000000", upn)
        assert upn not in desk.run("sees", "ada@council.example", *when).out


def test_rows_of_a_file_of_children_who_sign_in_lose_their_words_too(
    cast: Cast, second: Actor, sons: None
) -> None:
    jim = Pupil.objects.get(first_name="Jim")
    text = text_of([parent(first="Jim", username="jim"), parent(first="Jo", username="jo")])
    run, unreadable = (
        runs.receive(
            kind="parents", role="licence-pupil", filename="children.csv", content=a_stream(text),
            by=cast.as_ada, sync_field="ChildID", match_by="sync_key",
        )
        for _ in range(2)
    )  # fmt: skip
    runs.check(run.pk)
    ImportFile.objects.filter(run=unreadable).update(content=b"sealed with another secret")

    severed(cast, jim, second)

    assert not ImportRow.objects.filter(run=run, name__contains="Jim").exists()
    assert not ImportFile.objects.filter(run__in=[run, unreadable]).exists()
