"""What a person says under "Parent relationship" of a file of parents, and what becomes of it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from schoolgate.access.roles import PARENT
from schoolgate.audit.actions import user_actor
from schoolgate.intake import decisions, gains, runs, shown, steps, unseen
from schoolgate.intake.models import ColumnMatching, FileHead, Import, State
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from tests import factories
from tests.cast import seen_by
from tests.intake.desk import Row, parent, text_of

if TYPE_CHECKING:
    from tests.cast import Cast

pytestmark = pytest.mark.one_database
ROWS = [
    parent(username="mom", sync="222"),
    parent(first="Robert", username="dad", sync="333"),
    parent(username="mom", sync="222", child="2"),
]


def uploaded(cast: Cast, rows: list[Row], kind: str = "parents", **said: Any) -> Import:
    """The rows as somebody uploads them, checked."""
    run = runs.receive(
        kind=kind, role=PARENT.code if kind == "parents" else "Social Worker",
        filename="parents.csv", content=io.BytesIO(text_of(rows).encode()), by=cast.as_ada, **said,
    )  # fmt: skip
    runs.check(run.pk)
    return steps.run_of(run.pk)


def codes(run: Import) -> list[str]:
    return [fault.code for fault in unseen.found_in(run.pk, reader=run.actor_id or 0)]


def test_until_it_is_said_the_file_is_refused_as_a_whole(sons: None, cast: Cast) -> None:
    run = uploaded(cast, ROWS)

    assert (run.state, codes(run)) == (State.NEEDS_PERSON, ["parent-relationship"])
    assert run.summary["columns_missing"] == ["Parent relationship"]
    assert (run.summary["rows"], run.summary["refused"]) == (3, 3)


def test_it_is_said_checked_again_and_remembered_for_the_next_file(sons: None, cast: Cast) -> None:
    run = uploaded(cast, ROWS)

    decisions.relate(run.pk, by=cast.as_ada, sync_field="childid ", match_by="sync_key")
    runs.check(run.pk)

    run = steps.run_of(run.pk)
    assert (run.state, run.summary["created"], run.summary["updated"]) == (State.READY, 2, 1)
    assert (run.options["sync_field"], run.options["match_by"]) == ("ChildID", "sync_key")
    following = uploaded(cast, ROWS[:1])
    assert (following.state, following.options["sync_field"]) == (State.READY, "ChildID")
    runs.request_apply(
        following.pk, by=cast.as_ada, skip_faulty=False, shown_digest=following.plan_digest
    )
    runs.apply(following.pk)
    assert steps.run_of(following.pk).state == State.DONE


def test_another_choice_that_would_find_children_is_told_and_leads_to_the_columns(
    sons: None, cast: Cast
) -> None:
    run = uploaded(cast, ROWS, sync_field="ChildID", match_by="username")

    assert codes(run) == ["wrong-match-field"]
    assert run.summary["columns_missing"] == ["Parent relationship"]


def test_a_matching_of_columns_is_kept_beside_it(sons: None, cast: Cast) -> None:
    rows: list[Row] = [
        {("Login" if heading == "User name" else heading): cell for heading, cell in row.items()}
        for row in ROWS
    ]
    run = uploaded(cast, rows, sync_field="ChildID", match_by="sync_key")
    decisions.relate(run.pk, by=cast.as_ada, sync_field="ChildID", match_by="sync_key")
    decisions.match_columns(run.pk, by=cast.as_ada, headings={"Login": "User name"})
    decisions.relate(run.pk, by=cast.as_ada, sync_field="ChildID", match_by="sync_key")

    kept = ColumnMatching.objects.get()
    assert (kept.matching, kept.sync_field) == ({"Login": "User name"}, "ChildID")
    assert uploaded(cast, rows).state == State.READY


@pytest.mark.parametrize(
    ("field", "match_by", "sentence"),
    [
        ("Child", "sync_key", "Choose the synchronisation field among the columns"),
        ("", "sync_key", "Choose the synchronisation field among the columns"),
        ("ChildID", "upn", "Choose the matching synchronisation field for the child"),
        ("ChildID", "", "Choose the matching synchronisation field for the child"),
    ],
)
def test_only_what_the_file_has_and_children_are_known_by_is_taken(
    sons: None, cast: Cast, field: str, match_by: str, sentence: str
) -> None:
    run = uploaded(cast, ROWS)

    with pytest.raises(Refusal, match=sentence):
        decisions.relate(run.pk, by=cast.as_ada, sync_field=field, match_by=match_by)


def test_only_a_file_of_parents_has_it_and_only_an_administrator_says_it(
    sons: None, cast: Cast
) -> None:
    run, users = uploaded(cast, ROWS), uploaded(cast, ROWS, kind="users")

    with pytest.raises(Refusal, match="Choose a file of parents"):
        decisions.relate(users.pk, by=cast.as_ada, sync_field="ChildID", match_by="sync_key")
    with pytest.raises(Refusal):
        decisions.relate(
            run.pk, by=user_actor(cast.liam.pk), sync_field="ChildID", match_by="sync_key"
        )


def test_a_profile_is_a_licence_type_and_a_user_role_is_none(cast: Cast) -> None:
    for kind, role in (("parents", "social_worker"), ("parents", ""), ("users", PARENT.code)):
        with pytest.raises(Refusal, match="Choose a "):
            runs.receive(
                kind=kind, role=role, filename="x.csv", content=io.BytesIO(b""), by=cast.as_ada
            )


def test_who_would_see_whom_is_told_person_by_person_before_and_rows_after(
    sons: None, cast: Cast
) -> None:
    run = uploaded(cast, ROWS, sync_field="ChildID", match_by="sync_key")

    people = gains.people_who_gain(run.pk, reader=cast.ada.pk).people
    assert [(one.label, one.row, one.gained, one.places) for one in people] == [
        ("Elizabeth Dickinson", 2, 2, ["Parent/Guardian: 2 children linked"]),
        ("Robert Dickinson", 3, 1, ["Parent/Guardian: 1 child linked"]),
    ]
    children = gains.children_gained(run.pk, reader=cast.ada.pk).children
    assert [(one.label, one.gained) for one in children] == [
        ("Jim Dickinson", 2), ("Johnny Dean", 1),
    ]  # fmt: skip
    runs.request_apply(run.pk, by=cast.as_ada, skip_faulty=False, shown_digest=run.plan_digest)
    runs.apply(run.pk)
    created = shown.rows_with_outcome(run.pk, "created", reader=cast.ada.pk)
    mom = User.objects.get(username_key="mom")
    assert next((row.row, row.address, row.user_id) for row in created) == (2, "mom", mom.pk)
    assert seen_by(mom) == "Jim Johnny"


def test_s35_the_rows_of_a_child_who_is_kept_from_the_reader_are_masked_where_rows_are_shown(
    sons: None, cast: Cast
) -> None:
    run = uploaded(cast, [*ROWS[:2], {**ROWS[2], "User name": "aunt", "SyncID": "4"}],
                   sync_field="ChildID", match_by="sync_key")  # fmt: skip
    factories.restriction(user=cast.ada, pupil=Pupil.objects.get(first_name="Jim"))

    told = shown.rows_with_outcome(run.pk, "created", reader=cast.ada.pk)

    assert [(row.row, row.address) for row in told] == [(2, ""), (3, ""), (4, "aunt")]


def test_s22_no_password_is_among_the_cells_that_are_kept_to_be_shown(
    sons: None, cast: Cast
) -> None:
    run = uploaded(
        cast, [{**ROWS[0], "Password": "43fdjD56F"}], sync_field="ChildID", match_by="sync_key"
    )

    head = FileHead.objects.get(run=run)
    assert "mom" in repr(shown.columns_of(run.pk, reader=cast.ada.pk))
    for told in (head.samples, shown.columns_of(run.pk, reader=cast.ada.pk)):
        assert "43fdjD56F" not in repr(told)
