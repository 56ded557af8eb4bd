"""The staff list of a school: who is on it, how they stand, search, filters, sorting, pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.access.roles import DESIGNATED_TEACHER, LEADER, SCHOOL_ADMIN
from schoolgate.audit.actions import SYSTEM
from schoolgate.people import invitations, staff
from schoolgate.people.models import Invitation, StaffRecord, SyncStatus, User
from tests import factories
from tests.web.browsing import masked

EVERYBODY = ["Aziz", "Bevan", "Fischer", "Kerr", "Marsh", "Ojo", "Teague"]


@pytest.fixture
def address(cast) -> str:
    return f"/school/{cast.abbey.pk}/staff/"


def names(page) -> list[str]:
    return [row[1].split(",")[0] for row in page.rows()]


def row_of(page, last_name: str) -> list[str]:
    (row,) = [row for row in page.rows() if row[1].startswith(last_name)]
    return row


def test_on_the_staff_is_who_has_a_post_or_a_role_there(school, browse, address):
    assert names(browse(school.nia).get(address)) == EVERYBODY
    assert names(browse(school.cast.ada).get(address)) == EVERYBODY
    brook = f"/school/{school.cast.brook.pk}/staff/"
    assert names(browse(school.bo).get(brook)) == ["Lund", "Marsh"]


def test_who_is_taken_off_is_on_the_list_no_more(school, browse, address):
    staff.end(
        list(StaffRecord.objects.filter(user=school.una).values_list("pk", flat=True)), by=SYSTEM
    )
    over = timezone.localdate() - timedelta(days=1)
    factories.grant(school.bo, LEADER, subject=school.maths, until=over)
    comes = timezone.localdate() + timedelta(days=9)
    factories.grant(school.cast.noor, LEADER, subject=school.maths, since=comes)
    found = names(browse(school.nia).get(address))
    assert found == sorted({*EVERYBODY, "Rahman"} - {"Kerr"})
    User.objects.filter(pk=school.femi.pk).update(gone_at=timezone.now())
    assert "Ojo" not in names(browse(school.nia).get(address))


def test_roles_subjects_and_sync_status_are_those_here(school, browse, address):
    factories.grant(school.lena, LEADER, subject=school.geography)
    factories.grant(school.una, SCHOOL_ADMIN, school=school.cast.brook)
    page = browse(school.nia).get(address)
    assert row_of(page, "Fischer")[3] == "Leader: Geography, History"
    assert row_of(page, "Bevan")[3] == "School Admin"
    assert row_of(page, "Kerr")[3] == "–"
    assert row_of(page, "Marsh")[3] == "Designated Teacher"
    shown = {row[1].split(",")[0]: row[5] for row in page.rows()}
    assert {name: sync for name, sync in shown.items() if sync != "–"} == {
        "Aziz": "Synchronised", "Kerr": "Unsynchronised",
    }  # fmt: skip
    assert page.bytes.count(b'class="sg-sync__sign"') == 2


@pytest.fixture
def standings(school, with_password) -> None:
    """One of each status: who stands how is in the tests."""
    with_password(school.nia)
    invitations.invite([school.lena.pk, school.tariq.pk, school.cast.dora.pk], by=SYSTEM)
    Invitation.objects.filter(user=school.tariq).update(expires_at=timezone.now())
    deny([school.femi.pk], by=SYSTEM)
    deny([school.cast.theo.pk], by=SYSTEM, establishment_id=school.cast.abbey.pk)


STANDINGS = {
    "active": ["Bevan"],
    "invited": ["Fischer", "Teague"],
    "expired": ["Aziz"],
    "inactive": ["Marsh", "Ojo"],
    "not-invited": ["Kerr"],
}


def test_status_and_its_filter(school, browse, address, standings):
    nia = browse(school.nia)
    assert {status: names(nia.get(address, status=status)) for status in STANDINGS} == STANDINGS
    words = {
        "active": "Active", "invited": "Invited", "expired": "Invitation expired",
        "inactive": "Inactive", "not-invited": "Not invited",
    }  # fmt: skip
    page = nia.get(address)
    shown: dict[str, list[str]] = {words[status]: [] for status in STANDINGS}
    for row in page.rows():
        shown[row[4]].append(row[1].split(",")[0])
    assert shown == {words[status]: found for status, found in STANDINGS.items()}


def test_inactive_at_another_school_is_not_inactive_here(school, browse, address):
    theo, brook = school.cast.theo, school.cast.brook
    deny([theo.pk], by=SYSTEM, establishment_id=brook.pk)
    assert row_of(browse(school.nia).get(address), "Marsh")[4] == "Not invited"
    assert row_of(browse(school.bo).get(f"/school/{brook.pk}/staff/"), "Marsh")[4] == "Inactive"


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"role": "leader"}, ["Fischer"]),
        ({"role": "designated_teacher"}, ["Marsh", "Teague"]),
        ({"role": "school_admin"}, ["Bevan"]),
        ({"role": "teacher"}, ["Aziz"]),
        ({"role": "finance_manager"}, ["Ojo"]),
        ({"role": "social_worker"}, EVERYBODY),
        ({"sync": "synchronised"}, ["Aziz"]),
        ({"sync": "unsynchronised"}, ["Kerr"]),
        ({"sync": "not-syncing"}, []),
        ({"subject": "maths"}, ["Aziz"]),
        ({"subject": "history"}, ["Fischer"]),
        ({"subject": "geography"}, []),
        ({"subject": "art"}, EVERYBODY),
        ({"q": "FISCH"}, ["Fischer"]),
        ({"q": "una@"}, ["Kerr"]),
        ({"q": "lund"}, []),
        ({"q": "o", "role": "finance_manager"}, ["Ojo"]),
    ],
)
def test_search_and_filters(school, browse, address, question, found):
    art = factories.subject(school.cast.brook, "Art")
    subjects = {"maths": school.maths, "history": school.history, "geography": school.geography}
    if name := question.get("subject"):
        question = {"subject": subjects.get(name, art).pk}
    assert names(browse(school.nia).get(address, **question)) == found


def test_a_filter_says_it_is_on_and_is_taken_away(school, browse, address):
    nia = browse(school.nia)
    page = nia.get(address, subject=school.history.pk, sync="", q="fi", sort="-name")
    without = page.link("Remove the filter Subject area: History")
    assert "subject" not in without and "q=fi" in without and "sort=-name" in without
    assert names(nia.get(address + without)) == ["Fischer"]
    nobody = nia.get(address, q="zz", status="active")
    assert "nobody on the staff whom the filters let through has a last name" in nobody.text
    assert nobody.link("clear the search and all filters") == address


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-name", EVERYBODY[::-1]),
        ("email", ["Teague", "Ojo", "Fischer", "Bevan", "Aziz", "Marsh", "Kerr"]),
        ("-email", ["Kerr", "Marsh", "Aziz", "Bevan", "Fischer", "Ojo", "Teague"]),
        ("-signed-in", ["Bevan", "Kerr", "Ojo", "Aziz", "Fischer", "Marsh", "Teague"]),
        ("sync", EVERYBODY),
    ],
)
def test_sorting(school, browse, address, sort, order):
    now = timezone.now()
    User.objects.filter(pk=school.una.pk).update(last_login=now)
    User.objects.filter(pk=school.femi.pk).update(last_login=now - timedelta(days=3))
    assert names(browse(school.nia).get(address, sort=sort)) == order


def test_pages_show_everybody_once(school, browse, address):
    for n in range(40):
        person = factories.user(first_name=f"F{n % 3}", last_name=f"Zed{n % 7}")
        factories.post(person, school.cast.abbey, sync=SyncStatus.NOT_SYNCING)
    nia = browse(school.nia)
    page = nia.get(address, sort="email")
    assert "all 47 on the list" in page.text
    seen = names(page)
    assert len(seen) == 25
    last = nia.get(address + page.link("Next"))
    assert len(seen + names(last)) == 47
    emails = [row[2] for row in (*page.rows(), *last.rows())]
    assert emails == sorted(set(emails))


@pytest.mark.parametrize("more", [0, 2])
@pytest.mark.parametrize("reader", ["nia", "ada"])
def test_query_count(school, browse, count_queries, address, more, reader):
    for _ in range(more):
        person = factories.user(last_name="Kerry")
        factories.post(person, school.cast.abbey)
        factories.grant(person, LEADER, subject=school.history)
    person = school.nia if reader == "nia" else school.cast.ada
    browser = browse(person)
    with count_queries(18 if reader == "nia" else 11):
        browser.get(address, q="ker", sync="unsynchronised")


def test_no_number_on_the_list_tells_who_is_in_care(school, browse, address):
    """Nobody's pupils are counted, whatever their roles."""
    nia = browse(school.nia)
    before = nia.get(address).text
    factories.episode(school.cast.ben)
    factories.grant(school.femi, DESIGNATED_TEACHER, school=school.cast.brook)
    assert nia.get(address).text == before


@pytest.mark.parametrize("name", ["bo", "lena", "tariq", "femi", "una"])
def test_s28_only_who_runs_the_school_opens_it(school, browse, address, name):
    browser = browse(getattr(school, name))
    nothing = browser.get("/there/is/no/such/page/")
    for question in ("", "?q=ker", f"?subject={school.history.pk}", "?sort=-email&status=active"):
        page = browser.get(address + question)
        assert page.status == 404
        assert masked(page.response) == masked(nothing.response)
