"""Who would gain and lose access, person by person and child by child (NEW1)."""

from __future__ import annotations

import pytest

from tests import factories
from tests.web.files import apply, upload

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

GRACE = "Grace,Okoro,Teacher,grace@abbey.example,,100001,,,,"
IVO = "Ivo,Klein,Teacher,ivo@brook.example,,100002,,,,"


def access(run_id: int, rest: str = "") -> str:
    return f"/settings/imports/{run_id}/access/{rest}"


def test_person_by_person_then_the_children_of_one(cast, browse, views_of):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, IVO)
    page = ada.get(access(run_id))
    assert [row[0] for row in page.rows()] == ["Grace Okoro New, row 2", "Ivo Klein New, row 3"]
    assert page.rows()[0][2] == "1 gained by Grace Okoro Amira Haddad"
    told = views_of(cast.ada)[-1]
    assert {told.pupil_id, *told.pupils.split(",")} >= {str(cast.amira.pk), str(cast.carys.pk)}
    one = ada.get(page.link("1 gained by Grace Okoro"))
    assert one.rows() == [["Amira Haddad", "Gained"]]
    assert views_of(cast.ada)[-1].pupil_id == cast.amira.pk


def test_child_by_child_then_the_people_of_one(cast, browse, views_of):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, IVO)
    page = ada.get(access(run_id, "pupils/"))
    assert sorted(row[0] for row in page.rows()) == ["Amira Haddad", "Carys Morgan"]
    one = ada.get(access(run_id, "pupils/") + page.link("1 person for Carys Morgan"))
    assert [row[1] for row in one.rows()] == ["Gained"]
    assert views_of(cast.ada)[-1].pupil_id == cast.carys.pk


def test_the_children_of_one_person_are_paged(cast, browse):
    for _ in range(60):
        pupil = factories.pupil()
        factories.enrolment(pupil, cast.abbey)
        factories.episode(pupil)
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    first = ada.get(ada.get(access(run_id)).link("61 gained by Grace Okoro"))
    second = ada.get(access(run_id) + first.link("Next"))
    assert (len(first.rows()), len(second.rows())) == (50, 11)


@pytest.mark.parametrize("address", ["", "access/", "access/?person=2", "access/pupils/"])
def test_s35_a_child_kept_from_the_reader_is_counted_and_not_named(cast, browse, address):
    factories.restriction(cast.ada, cast.amira)
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    page = ada.get(f"/settings/imports/{run_id}/{address}")
    assert page.status == 200
    assert b"Haddad" not in page.bytes


def test_s35_a_child_kept_from_the_reader_has_no_page_of_its_own(cast, browse):
    factories.restriction(cast.ada, cast.amira)
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    assert ada.get(access(run_id, "pupils/"), pupil=cast.amira.pk).status == 404
    assert ada.get(access(run_id, "pupils/"), pupil=987_654).status == 404
    assert ada.get(access(run_id), person=987_654).status == 404


def test_what_is_applied_is_foreseen_no_more(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    apply(ada, run_id)
    for rest in ("", "pupils/"):
        assert "there is nothing to foresee" in ada.get(access(run_id, rest)).text


@pytest.mark.parametrize(("rest", "queries", "on_postgresql"), [("", 25, 1), ("pupils/", 29, 2)])
def test_query_count_does_not_grow_with_the_lines(
    cast, browse, count_queries, rest, queries, on_postgresql
):
    """On PostgreSQL the temporary table of the people is analysed, besides the event."""
    ada = browse(cast.ada)
    one = upload(ada, GRACE)
    three = upload(ada, GRACE, IVO, GRACE.replace("Grace", "Mia").replace("grace", "mia"))
    for run_id in (one, three):
        with count_queries(queries, events=on_postgresql):
            ada.get(access(run_id, rest))
