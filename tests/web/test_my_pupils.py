"""My pupils."""

from __future__ import annotations

import pytest

from schoolgate.access.roles import LA_USER, SOCIAL_WORKER
from tests import factories


def names(page) -> list[str]:
    return [row[0] for row in page.rows()]


def test_a_designated_teacher_sees_those_in_care_at_their_school(cast, browse):
    page = browse(cast.dora).get("/")
    assert page.rows() == [
        ["Haddad, Amira In care", page.rows()[0][1], "Abbey Primary School", "6"]
    ]


def test_assigned_pupils_come_first_then_the_rest_by_name(cast, browse):
    assert names(browse(cast.liam).get("/pupils/")) == [
        "Fielding, Ben Assigned to you",
        "Haddad, Amira In care",
        "Morgan, Carys In care",
        "O’Connor, Eve In care",
        "Price, Dylan",
    ]


def test_somebody_without_pupils_is_told_what_to_do(cast, browse):
    assert "Ask an LA Super User" in browse(cast.noor).get("/").text


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("mor", ["Morgan, Carys In care"]),
        ("MORGAN", ["Morgan, Carys In care"]),
        ("o'conn", ["O’Connor, Eve In care"]),
        ("carys mor", ["Morgan, Carys In care"]),
        ("Morgan, Carys", ["Morgan, Carys In care"]),
        ("zz", []),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("\x00\x00mor", ["Morgan, Carys In care"]),
    ],
)
def test_search_by_the_beginning_of_the_last_name(cast, browse, sought, found):
    page = browse(cast.ada).get("/pupils/", q=sought)
    assert page.status == 200
    assert names(page) == found


def test_search_by_upn_and_former_upn(cast, browse):
    upn = cast.carys.identifiers.get().value
    assert names(browse(cast.ada).get("/pupils/", q=upn.lower())) == ["Morgan, Carys In care"]
    assert names(browse(cast.dora).get("/pupils/", q=upn)) == []


def test_pages_go_on_and_back_by_key(cast, browse):
    for number in range(60):
        factories.pupil(first_name=f"P{number:02}", last_name="Zed")
    factories.grant(cast.liam, LA_USER, pupil=cast.eve)
    browser = browse(cast.liam)
    page, seen, pages = browser.get("/pupils/"), [], []
    while True:
        seen += names(page)
        pages.append(names(page))
        if b'rel="next"' not in page.bytes:
            break
        page = browser.get("/pupils/" + page.link("Next"))
    assert len(seen) == len(set(seen)) == 65
    assert [len(part) for part in pages] == [25, 25, 15]
    assert seen[:3] == [
        "Fielding, Ben Assigned to you",
        "O’Connor, Eve In care Assigned to you",
        "Haddad, Amira In care",
    ]
    for expected in reversed(pages[:-1]):
        page = browser.get("/pupils/" + page.link("Previous"))
        assert names(page) == expected
    assert b'rel="prev"' not in page.bytes


@pytest.mark.parametrize("place", ["x", "-1", "", "9" * 30, "١"])
def test_a_place_that_is_none_leads_to_the_first_page(cast, browse, place):
    assert len(names(browse(cast.ada).get("/pupils/", after=place))) == 5


def test_one_event_names_every_child_shown(cast, browse, views_of):
    browse(cast.dora).get("/")
    browse(cast.liam).get("/")
    (one,) = views_of(cast.dora)
    assert (one.kind, one.pupil_id, one.pupils) == ("list", cast.amira.pk, "")
    (many,) = views_of(cast.liam)
    assert set(many.pupils.split(",")) == {str(pupil.pk) for pupil in cast.pupils}


def test_whoever_sees_everything_filters_by_care(cast, browse):
    in_care = ["Haddad, Amira In care", "Morgan, Carys In care", "O’Connor, Eve In care"]
    others = ["Fielding, Ben Assigned to you", "Price, Dylan"]
    liam = browse(cast.liam)
    assert names(liam.get("/pupils/", care="now")) == in_care
    assert names(liam.get("/pupils/", care="not")) == others
    assert names(liam.get("/pupils/", care="now", q="mor")) == in_care[1:2]
    assert len(names(liam.get("/pupils/", care="sometimes"))) == 5
    nobody = liam.get("/pupils/", care="not", q="mor")
    assert "none of them whom you chose has a last name" in nobody.text


@pytest.mark.parametrize("name", ["dora", "sara", "noor"])
def test_s29_nobody_else_learns_of_care_by_a_filter(cast, browse, name):
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.ben)
    browser = browse(getattr(cast, name))
    plain = browser.get("/pupils/")
    assert b"care=" not in plain.bytes
    assert b'name="care"' not in plain.bytes
    assert names(browser.get("/pupils/", care="not")) == names(plain)


def test_how_much_was_found_is_said_without_counting(cast, browse):
    for number in range(30):
        factories.enrolment(factories.pupil(first_name=f"P{number:02}", last_name="Zed"), None)
    liam = browse(cast.liam)
    assert "25 pupils on this page; there are more" in liam.get("/pupils/").text
    assert "1 pupil " in liam.get("/pupils/", q="mor").text
    assert "0 pupils " in liam.get("/pupils/", q="nobody").text


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.enrolment(factories.pupil(), cast.abbey)
    browser = browse(cast.ada)
    with count_queries(23, events=1):
        browser.get("/pupils/")
