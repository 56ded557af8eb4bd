"""Who is missing: the start page of an LA Super User, and the lists behind its figures (NEW16)."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from schoolgate.access.actions import revoke
from schoolgate.access.models import Grant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.people.models import User
from tests import factories
from tests.web.routes import a_world

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def figures(page) -> dict[str, str]:
    """What each figure counts, and the figure."""
    found = re.findall(
        r'sg-figures__figure">([^<]+)</span>\s*<span class="sg-figures__words"><a[^>]*>([^<]+)<',
        page.bytes.decode(),
    )
    return {words: figure for figure, words in found}


@pytest.fixture
def all_is_well(cast):
    """Everybody in care has a teacher and a social worker, of whom one has signed in."""
    factories.enrolment(cast.eve, cast.brook)
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.carys)
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.brook)
    User.objects.filter(pk=cast.sara.pk).update(last_login=timezone.now())
    return cast


def test_the_start_page_of_a_super_user(cast, browse):
    page = browse(cast.ada).get("/")
    assert page.title.startswith("Who is missing")
    assert figures(page) == {
        "child in care without a designated teacher": "1",
        "child in care without a social worker": "1",
        "children in care whom no adult has yet reached": "3",
        "child in care with no school known": "1",
        "user who was given nobody to see": "1",
    }
    assert "None today: schools without a designated teacher." in page.text


@pytest.mark.parametrize("name", ["dora", "sara", "liam", "noor"])
def test_others_start_with_their_pupils(cast, browse, name):
    browser = browse(getattr(cast, name))
    assert browser.get("/").title.startswith("My pupils")
    assert "Who is missing" not in browser.get("/").text


def test_my_pupils_stay_for_everybody(cast, browse):
    assert len(browse(cast.ada).get("/pupils/").rows()) == 5


def test_each_figure_leads_to_just_these_children(cast, browse):
    ada = browse(cast.ada)
    start = ada.get("/")
    lists = {words: ada.get(start.link(words)) for words in figures(start)}
    names = {words: [row[0] for row in page.rows()] for words, page in lists.items()}
    assert names == {
        "child in care without a designated teacher": ["O’Connor, Eve"],
        "child in care without a social worker": ["Morgan, Carys"],
        "children in care whom no adult has yet reached": [
            "Haddad, Amira", "Morgan, Carys", "O’Connor, Eve",
        ],
        "child in care with no school known": ["O’Connor, Eve"],
        "user who was given nobody to see": ["Rahman, Noor noor@example.org"],
    }  # fmt: skip


def test_each_row_leads_to_the_remedy(cast, browse):
    revoke(list(Grant.objects.filter(user=cast.theo).values_list("pk", flat=True)), by=SYSTEM)
    ada = browse(cast.ada)
    add = f"/settings/users/add/?role=designated_teacher&establishment={cast.brook.pk}"
    children = ada.get("/missing/designated-teacher/")
    assert children.link("Add a designated teacher at Brook Academy for Carys Morgan") == add
    assert children.link("Upload a pupil file") == "/settings/imports/new/?kind=pupils"
    schools = ada.get("/missing/school-teachers/")
    assert [row[:2] for row in schools.rows()] == [["Brook Academy", "100002"]]
    assert schools.link("Add a designated teacher") == add
    workers = ada.get("/missing/social-worker/")
    link = f"/pupils/{cast.carys.pk}/social-worker/"
    assert workers.link("Link a social worker for Carys Morgan") == link
    assert ada.get(f"/pupils/{cast.carys.pk}/").link("Link a social worker") == link
    assert workers.link("Add a new one") == "/settings/users/add/?role=social_worker"
    users = ada.get("/missing/users/")
    assert users.link("Open Noor Rahman") == f"/settings/users/{cast.noor.pk}/"


def test_nobody_is_missing(all_is_well, browse):
    page = browse(all_is_well.ada).get("/")
    assert figures(page) == {}
    assert "Nobody is missing." in page.text
    empty = browse(all_is_well.ada).get("/missing/social-worker/")
    assert "There is nobody here today" in empty.text


def test_a_list_that_there_is_not_is_a_missing_page(cast, browse):
    assert browse(cast.ada).get("/missing/nothing/").status == 404


def test_what_waits_for_a_person_is_told(cast, browse):
    a_world(cast)  # an import that asks something, and a mail that failed
    page = browse(cast.ada).get("/")
    told = figures(page)
    assert told["import that waits for a person"] == "1"
    assert told["e-mail that could not be sent"] == "1"
    assert page.link("e-mail that could not") == "/settings/mail/"


def test_first_steps_where_there_is_nothing_yet(db, browse):
    admin = factories.user(first_name="Only", last_name="Admin")
    factories.grant(admin, LA_SUPER_USER)
    page = browse(admin).get("/")
    assert list(figures(page)) == [
        "Import establishments", "Import pupils", "Add users",
    ]  # fmt: skip
    assert page.link("Import pupils") == "/settings/imports/new/?kind=pupils"
    assert "Nobody is missing" not in page.text
    factories.establishment()
    page = browse(admin).get("/")
    assert "Import establishments Done" in page.text


def test_s35_a_restricted_reader_neither_counts_nor_sees(cast, browse):
    factories.restriction(cast.ada, cast.eve)
    ada = browse(cast.ada)
    told = figures(ada.get("/"))
    assert "child in care without a designated teacher" not in told
    assert told["children in care whom no adult has yet reached"] == "2"
    for lack in ("designated-teacher", "social-worker", "reached-adult", "school"):
        page = ada.get(f"/missing/{lack}/")
        missing = ada.get(f"/missing/{lack}/", after=cast.eve.pk)
        assert b"Eve" not in page.bytes
        assert b"Connor" not in page.bytes + missing.bytes
        assert [row[0] for row in missing.rows()] == [row[0] for row in page.rows()]


def test_s54_one_event_names_the_children_of_a_list(cast, browse, views_of):
    browse(cast.ada).get("/")
    assert views_of(cast.ada) == []
    browse(cast.ada).get("/missing/reached-adult/")
    (event,) = views_of(cast.ada)
    assert event.kind == "missing"
    in_care = {cast.amira.pk, cast.carys.pk, cast.eve.pk}
    assert {int(pk) for pk in event.pupils.split(",")} == in_care


def test_pages_go_on_and_back_by_key(cast, browse):
    for number in range(40):
        factories.episode(factories.pupil(first_name=f"P{number:02}", last_name="Zed"))
    ada = browse(cast.ada)
    first = ada.get("/missing/social-worker/")
    second = ada.get("/missing/social-worker/" + first.link("Next"))
    assert (len(first.rows()), len(second.rows())) == (25, 16)
    assert ada.get("/missing/social-worker/" + second.link("Previous")).rows() == first.rows()


@pytest.mark.parametrize("more", [1, 3])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.episode(factories.pupil())
        factories.user()
    browser = browse(cast.ada)
    with count_queries(32):
        browser.get("/")
    with count_queries(17, events=1):
        browser.get("/missing/social-worker/")
    with count_queries(6):
        browser.get("/missing/users/")
