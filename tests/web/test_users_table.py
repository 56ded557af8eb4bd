"""The table of users: search, filters, sorting and pages, all in its address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.actions import deny
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_USER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, User
from schoolgate.web.search import called
from tests import factories

USERS = "/settings/users/"
EVERYBODY = ["Lindqvist", "Marsh", "Novak", "Osei", "Rahman", "Teague"]


def names(page) -> list[str]:
    return [row[1].split(",")[0] for row in page.rows()]


@pytest.mark.parametrize(
    ("role", "found"),
    [
        ("designated_teacher", ["Marsh", "Teague"]),
        ("la_user", ["Novak"]),
        ("la_super_user", ["Osei"]),
        ("social_worker", ["Lindqvist"]),
        ("", EVERYBODY),
        ("queen", EVERYBODY),
    ],
)
def test_filter_by_role(cast, browse, role, found):
    assert names(browse(cast.ada).get(USERS, role=role)) == found


def test_a_pupil_assigned_is_no_role(cast, browse):
    role = cast.liam.grants.get(pupil=None)
    role.ended_at = timezone.now()
    role.save()
    assert names(browse(cast.ada).get(USERS, role="la_user")) == []


def test_filter_by_status(cast, browse, with_password):
    with_password(cast.ada)
    invitations.invite([cast.liam.pk, cast.sara.pk, cast.theo.pk], by=SYSTEM)
    Invitation.objects.filter(user=cast.sara).update(expires_at=timezone.now())
    deny([cast.theo.pk], by=SYSTEM)
    ada = browse(cast.ada)
    statuses = ("active", "invited", "expired", "inactive", "not-invited")
    assert {status: names(ada.get(USERS, status=status)) for status in statuses} == {
        "active": ["Osei"],
        "invited": ["Novak"],
        "expired": ["Lindqvist"],
        "inactive": ["Marsh"],
        "not-invited": ["Rahman", "Teague"],
    }
    shown = {row[1].split(",")[0]: row[5] for row in ada.get(USERS).rows()}
    assert shown == {
        "Lindqvist": "Invitation expired", "Marsh": "Inactive", "Novak": "Invited",
        "Osei": "Active", "Rahman": "Not invited", "Teague": "Not invited",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("100001", ["Marsh", "Teague"]),
        ("brook", ["Marsh", "Rahman"]),
        ("Abbey Primary School, Bristol (URN 100001)", ["Marsh", "Teague"]),
        ("nowhere", []),
    ],
)
def test_filter_by_establishment_held_or_worked_at(cast, browse, place, found):
    User.objects.filter(pk=cast.noor.pk).update(workplace=cast.brook)
    assert names(browse(cast.ada).get(USERS, establishment=place)) == found


def test_filters_and_search_together_and_taken_away_again(cast, browse):
    ada = browse(cast.ada)
    page = ada.get(USERS, role="designated_teacher", q="tea", sort="-name")
    assert names(page) == ["Teague"]
    assert "1 user " in page.text
    without = page.link("Remove the filter Role: Designated Teacher")
    assert names(ada.get(USERS + without)) == ["Teague"]
    assert "role" not in without
    assert "q=tea" in without and "sort=-name" in without
    nobody = ada.get(USERS, role="la_user", q="tea")
    assert "nobody whom the filters let through has a last name" in nobody.text
    assert nobody.link("clear the search and all filters") == USERS


def test_the_table_of_an_organisation_without_users_says_how_to_begin(cast, browse):
    """Only a search or a filter can leave nobody: whoever looks is there."""
    page = browse(cast.ada).get(USERS, status="expired")
    assert "the filters let nobody through" in page.text


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", EVERYBODY),
        ("-name", EVERYBODY[::-1]),
        ("email", ["Osei", "Teague", "Novak", "Rahman", "Lindqvist", "Marsh"]),
        ("-email", ["Marsh", "Lindqvist", "Rahman", "Novak", "Teague", "Osei"]),
        ("password", EVERYBODY),
    ],
)
def test_sorting(cast, browse, sort, order):
    assert names(browse(cast.ada).get(USERS, sort=sort)) == order


def test_headings_say_how_the_table_is_sorted_and_lead_to_the_other_way(cast, browse):
    ada = browse(cast.ada)
    page = ada.get(USERS, sort="email", role="designated_teacher", after="5")
    assert page.bytes.count(b'aria-sort="ascending"') == 1
    assert page.bytes.count(b'aria-sort="none"') == 2
    turned = page.link("E-mail or user name")
    assert "sort=-email" in turned and "role=designated_teacher" in turned
    assert "after" not in turned
    assert names(ada.get(USERS + turned)) == ["Marsh", "Teague"]
    assert b'aria-sort="descending"' in ada.get(USERS + turned).bytes


@pytest.fixture
def many(cast) -> list[User]:
    """Forty more: some without e-mail address, some have signed in at the same moment."""
    made = []
    now = timezone.now()
    for n in range(40):
        by_name = n % 5 == 0
        user = factories.user(
            first_name=f"F{n % 3}",
            last_name=f"Zed{n % 7}",
            email="" if by_name else None,
            username=f"zed.{n}" if by_name else "",
        )
        if n % 4:
            User.objects.filter(pk=user.pk).update(last_login=now - timedelta(days=n % 6))
        made.append(user)
    return made


@pytest.mark.parametrize("way", ["name", "-name", "email", "-email", "signed-in", "-signed-in"])
def test_pages_in_every_order_show_everybody_once_and_lead_back(cast, browse, many, way):
    ada = browse(cast.ada)
    page, seen, pages = ada.get(USERS, sort=way), [], []
    while True:
        pages.append([row[1] + row[2] for row in page.rows()])
        seen += pages[-1]
        if ">Next<" not in page.bytes.decode():
            break
        page = ada.get(USERS + page.link("Next"))
    assert len(seen) == len(set(seen)) == 46
    assert len(pages) == 2
    back = ada.get(USERS + page.link("Previous"))
    assert [row[1] + row[2] for row in back.rows()] == pages[0]


def test_who_has_never_signed_in_comes_last(cast, browse, many):
    for way in ("signed-in", "-signed-in"):
        ada = browse(cast.ada)
        page = ada.get(USERS, sort=way)
        last = ada.get(USERS + page.link("Next"))
        days = [row[7] for row in (*page.rows(), *last.rows())]
        assert "Never" in days
        assert set(days[days.index("Never") :]) == {"Never"}


@pytest.mark.parametrize("more", [0, 2])
@pytest.mark.parametrize("sort", ["name", "-email", "signed-in"])
def test_query_count_with_search_and_filters(cast, browse, count_queries, more, sort):
    for _ in range(more):
        factories.grant(
            factories.user(last_name="Teale", workplace=cast.abbey),
            DESIGNATED_TEACHER,
            school=cast.abbey,
        )
    browser = browse(cast.ada)
    question = {"role": "designated_teacher", "establishment": "100001", "q": "tea", "sort": sort}
    with count_queries(18 if sort == "name" else 17):
        browser.get(USERS, **question)


def test_s35_a_count_tells_of_no_child_whom_the_reader_may_not_see(cast, browse):
    factories.restriction(cast.ada, cast.eve)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.eve)
    rows = {row[1].split(",")[0]: row[6] for row in browse(cast.ada).get(USERS).rows()}
    assert rows["Lindqvist"] == "1 seen by Sara Lindqvist"
    assert rows["Rahman"] == "0 seen by Noor Rahman"
    assert "Sees 1 pupil" in browse(cast.ada).get(f"{USERS}{cast.sara.pk}/").text


def test_the_number_leads_to_selecting_or_to_the_list(cast, browse):
    page = browse(cast.ada).get(USERS)
    by_hand = f"{USERS}{cast.sara.pk}/pupils/select/"
    assert page.link("2 seen by Sara") == by_hand
    assert page.link("1 seen by Dora") == f"{USERS}{cast.dora.pk}/pupils/"
    assert page.link("Every pupil seen by Liam") == f"{USERS}{cast.liam.pk}/pupils/select/"
    factories.grant(cast.dora, LA_USER)
    page = browse(cast.ada).get(USERS)
    assert page.link("Every pupil seen by Dora") == f"{USERS}{cast.dora.pk}/pupils/select/"


@pytest.mark.parametrize("name", ["dora", "sara", "liam", "noor"])
def test_s29_search_filters_and_suggestions_do_not_exist_for_others(cast, browse, name):
    browser = browse(getattr(cast, name))
    nothing = browser.get("/there/is/no/such/page/").bytes
    for address in (
        f"{USERS}?q=mar",
        f"{USERS}?role=designated_teacher&establishment=100002",
        f"{USERS}?sort=-email&status=active",
        "/settings/establishments/suggest/?q=bro",
        f"{USERS}{cast.theo.pk}/pupils/select/?q=mor",
    ):
        answer = browser.get(address)
        assert answer.status == 404
        assert b"Brook" not in answer.bytes and b"Morgan" not in answer.bytes
        assert len(answer.bytes) == len(nothing)


def test_a_search_by_name_turns_up_everybody_once_forwards_and_backwards(cast, browse):
    for n in range(70):
        factories.user(first_name=f"Mar{n % 7}", last_name="Teak" if n % 3 else "Marsh")
        factories.user(first_name="Una", last_name=f"Zed{n}", email=f"mar{n}@example.org")
    factories.user(first_name="Ida", last_name="Zed", email="", username="marvel")
    for wanted in ("mar", "Mar Teak", "teak, mar3", "marsh", "mar1", "x"):
        right = set(called(User.objects.filter(gone_at=None), wanted).values_list("pk", flat=True))
        for sort in ("", "-name"):
            browser, address = browse(cast.ada), "/settings/users/"
            page = browser.get(address, q=wanted, **({"sort": sort} if sort else {}))
            seen, pages = [], []
            while True:
                rows = [row.user.pk for row in page.response.context["rows"]]
                pages.append(rows)
                seen += rows
                following = page.response.context["page"].following
                if not following:
                    break
                page = browser.get(address + following)
            assert len(seen) == len(set(seen))
            assert set(seen) == right, (wanted, sort)
            while previous := page.response.context["page"].previous:
                page = browser.get(address + previous)
                pages.pop()
                assert [row.user.pk for row in page.response.context["rows"]] == pages[-1]
            assert len(pages) == 1


def test_those_of_the_name_stand_before_those_of_the_address(cast, browse):
    factories.user(first_name="Zoe", last_name="Marlow", email="zoe@example.org")
    factories.user(first_name="Abe", last_name="Abbot", email="marigold@example.org")
    page = browse(cast.ada).get("/settings/users/", q="mar")
    names = [str(row.user) for row in page.response.context["rows"]]
    assert names == ["Zoe Marlow", "Theo Marsh", "Abe Abbot"]
