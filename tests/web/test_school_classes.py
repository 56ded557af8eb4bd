"""My school > Classes: their subject area, teachers, and the pupils whom the reader sees."""

from __future__ import annotations

import pytest
from django.utils import timezone

from schoolgate.access.roles import LEADER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Source
from schoolgate.schools import actions as schools
from schoolgate.schools import classes
from schoolgate.schools.models import ClassSubject
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def table(school):
    return f"/school/{school.cast.abbey.pk}/classes/"


def test_the_table_shows_subject_teachers_and_how_many_pupils_the_reader_sees(
    school, browse, table
):
    factories.school_class(school.cast.abbey, "Choir", pupils=[school.cast.dylan])
    assert browse(school.nia).get(table).rows() == [
        ["Tick 6B/Hi", "6B/Hi", "History", "–", "2"],
        ["Tick 6B/Ma", "6B/Ma", "Maths", "Tariq Aziz", "2"],
        ["Tick Choir", "Choir", "None yet", "–", "1"],
    ]
    factories.restriction(school.nia, school.cast.ben)
    assert [row[-1] for row in browse(school.nia).get(table).rows()] == ["1", "1", "1"]


def test_a_leader_sees_the_classes_of_their_subject_areas_only(school, browse, table):
    lena = browse(school.lena)
    assert lena.get(table).rows() == [["6B/Hi", "History", "–", "2"]]
    assert lena.get(f"{table}{school.history_class.pk}/").status == 200
    assert lena.get(f"{table}{school.maths_class.pk}/").status == 404
    assert lena.get(f"{table}set/").status == 404
    assert lena.get(table, subject=school.maths.pk).rows() == [["6B/Hi", "History", "–", "2"]]


def test_whoever_has_left_the_school_is_in_no_class(school, browse, table):
    ben, brook = school.cast.ben, school.cast.brook
    row = schools.NewEnrolment(ben.pk, brook.pk, "", timezone.localdate(), None)
    schools.move([row], by=SYSTEM, source=Source.BY_HAND)
    for user in (school.nia, school.cast.ada):
        page = browse(user).get(table)
        assert [row[-1] for row in page.rows()] == ["1", "1"]
        assert "Fielding" not in browse(user).get(f"{table}{school.maths_class.pk}/").text


def test_a_class_names_the_pupils_whom_the_reader_sees_in_one_event(
    school, browse, table, views_of
):
    page = browse(school.lena).get(f"{table}{school.history_class.pk}/")
    assert "Fielding, Ben Haddad, Amira" in page.text
    (event,) = views_of(school.lena)
    assert event.kind == "class"
    assert {int(pk) for pk in event.pupils.split(",")} == {school.cast.amira.pk, school.cast.ben.pk}
    factories.restriction(school.lena, school.cast.amira)
    page = browse(school.lena).get(f"{table}{school.history_class.pk}/")
    assert "Haddad" not in page.text


def test_search_and_filter_by_subject(school, browse, table):
    factories.school_class(school.cast.abbey, "Choir")
    nia = browse(school.nia)

    def names(**query):
        return [row[1] for row in nia.get(table, **query).rows()]

    assert names(q="6b") == ["6B/Hi", "6B/Ma"]
    assert names(subject=school.maths.pk) == ["6B/Ma"]
    assert names(subject="none") == ["Choir"]
    assert names(q="zz") == []
    assert "Check the spelling" in nia.get(table, q="zz").text


def test_many_classes_come_to_a_subject_area_after_what_leaders_gain_and_lose(
    school, browse, table, views_of
):
    factories.grant(school.una, LEADER, subject=school.geography)
    nia = browse(school.nia)
    query = {
        "tick": [school.history_class.pk, school.maths_class.pk], "subject": school.geography.pk,
    }  # fmt: skip
    page = nia.get(f"{table}set/", **query)
    assert "Put 2\xa0classes into Geography?" in page.bytes.decode()
    told = {row[0]: row[1:] for row in page.rows()}
    assert told["Lena Fischer"][1].startswith("2")
    assert told["Una Kerr"][0].startswith("3")
    (event,) = views_of(school.nia)
    assert len(event.pupils.split(",")) == 3
    assert seen_by(school.una) == ""

    where = (
        f"{table}set/?tick={school.history_class.pk}&tick={school.maths_class.pk}"
        f"&subject={school.geography.pk}"
    )
    done = nia.post(where, shown=page.hidden()["shown"])
    assert done.leads_to == f"{table}?subject={school.geography.pk}"
    assert (seen_by(school.una), seen_by(school.lena)) == ("Amira Ben Dylan", "")
    again = nia.post(where, shown=page.hidden()["shown"])
    assert again.status == 200
    assert ClassSubject.objects.filter(ended_at__isnull=True).count() == 2


def test_what_changed_meanwhile_is_shown_before_it_is_saved(school, browse, table):
    nia = browse(school.nia)
    where = f"{table}set/?tick={school.history_class.pk}&subject=none"
    page = nia.get(where)
    joining = [classes.Membership(school.history_class.pk, school.cast.dylan.pk)]
    classes.join(joining, by=SYSTEM, source=Source.SYNC)
    changed = nia.post(where, shown=page.hidden()["shown"])
    assert "something has changed since you looked" in changed.text
    assert seen_by(school.lena) == "Amira Ben Dylan"
    nia.post(where, shown=changed.hidden()["shown"])
    assert seen_by(school.lena) == ""


def test_foreign_classes_and_subject_areas_are_none(school, browse, table):
    theirs = factories.school_class(school.cast.brook, "9X", pupils=[school.cast.carys])
    latin = factories.subject(school.cast.brook, "Latin")
    nia = browse(school.nia)
    assert nia.get(f"{table}{theirs.pk}/").status == 404
    for query in (
        f"tick={theirs.pk}&subject={school.maths.pk}",
        f"tick={school.maths_class.pk}&subject={latin.pk}",
        "tick=x&subject=none",
    ):
        page = nia.get(f"{table}set/?{query}")
        assert "Choose classes and a subject area" in page.text
        assert "9X" not in page.text
        assert "Latin" not in page.text
        nia.post(f"{table}set/?{query}", shown="")
    assert ClassSubject.objects.filter(ended_at__isnull=True).count() == 2


def test_the_table_takes_as_many_queries_however_long_it_is(school, browse, table, count_queries):
    nia = browse(school.nia)
    nia.get(table)
    with count_queries(13):
        nia.get(table)
    for number in range(3):
        factories.school_class(
            school.cast.abbey, f"Class {number}", subject=school.maths, pupils=[school.cast.ben]
        )
    with count_queries(13):
        nia.get(table)
