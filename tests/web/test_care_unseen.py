"""Whoever sees children by the register alone learns nothing of care, nor of who works with them.

Every page that Nia, Lena, Tariq and Una may open is asked for in every way, once
while Amira is in care and Sara is linked to her, and once when it is all the other way round: the
bytes are the same.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from schoolgate.access.actions import revoke
from schoolgate.access.models import Grant
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    LEADER,
    SCHOOL_ADMIN,
    SOCIAL_WORKER,
)
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Ending
from schoolgate.schools.actions import end_records
from schoolgate.schools.models import CareEpisode
from schoolgate.web.permissions import Permission
from tests import factories
from tests.web.browsing import masked
from tests.web.routes import FORM_ONLY, FORMS, Route, a_world, routes

# Compares pages with pages, byte by byte: what the database is makes no difference to that.
pytestmark = pytest.mark.one_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.cast import Cast
    from tests.web.routes import World

BY_REGISTER = ["nia", "lena", "tariq", "una"]
IN_SCHOOL = (Permission.SIGNED_IN, Permission.SCHOOL, Permission.SCHOOLS, Permission.SUBJECTS)
PAGES = sorted((r for r in routes() if r.permission in IN_SCHOOL), key=lambda r: r.name)
# What an address may be made to ask: filters that others have, orders, places, days, words.
QUESTIONS: list[dict[str, Any]] = [
    {}, {"care": "now"}, {"care": "not"}, {"care": "x"}, {"in_care": "1"}, {"sort": "care"},
    {"sort": "pupils"}, {"order": "-pupils"}, {"role": "designated_teacher"},
    {"role": "social_worker"}, {"role": "leader"}, {"status": "active"}, {"status": "inactive"},
    {"sync": "synchronised"}, {"q": "Had"}, {"q": "Amira Haddad"}, {"q": "Lind"}, {"q": "Tea"},
    {"q": "care"}, {"on": "2026-06-01"}, {"every": ""}, {"after": "1"}, {"before": "999999"},
]  # fmt: skip
ABOUT_ONE: list[dict[str, Any]] = [{}, {"on": "2026-06-01"}, {"every": ""}, {"care": "now"}]
_NUMBERS = re.compile(r"\d+")


def turned_round(cast: Cast) -> None:
    """Amira and Eve leave care, Ben and Dylan come into it, and other people work with them."""
    live = CareEpisode.objects.filter(pupil__in=[cast.amira, cast.eve], ended_at__isnull=True)
    end_records(CareEpisode, list(live.values_list("pk", flat=True)), how=Ending.REMOVED, by=SYSTEM)
    for pupil in (cast.ben, cast.dylan):
        factories.episode(pupil, since=timezone.localdate() - timedelta(days=77))
        factories.grant(cast.sara, SOCIAL_WORKER, pupil=pupil)
        factories.restriction(cast.dora, pupil)
    factories.episode(cast.carys, since=timezone.localdate() + timedelta(days=9))
    linked = Grant.objects.filter(user=cast.sara, pupil=cast.amira, ended_at__isnull=True)
    revoke(list(linked.values_list("pk", flat=True)), by=SYSTEM)
    factories.restriction(cast.theo, cast.amira)


def addresses(world: World, page: Route) -> Iterator[str]:
    """The page for each child at Abbey, and for each of these users."""
    cast, school = world.cast, world.school
    pupils = [cast.amira, cast.ben, cast.dylan, cast.carys]
    users = [school.lena, cast.dora, cast.sara]
    for pupil in pupils if "pupil_id" in page.arguments else pupils[:1]:
        for user in users if "user_id" in page.arguments else users[:1]:
            yield world.address(page, pupil=pupil.pk, user=user.pk)


def all_told(client: Client, world: World, pages: list[Route]) -> dict[str, tuple[Any, ...]]:
    """Every answer: to every question, to empty forms and to forms that are right."""
    told, key = {}, client.cookies[settings.SESSION_COOKIE_NAME].value
    for page in pages:
        for address in addresses(world, page):
            if page.name not in FORM_ONLY:
                one_thing = {"pupil_id", "user_id"} & set(page.arguments)
                for question in ABOUT_ONE if one_thing else QUESTIONS:
                    told[f"{address} {question}"] = _told(client.get(address, question))
            for form in ({}, FORMS[page.name]) if page.name in FORMS else ():
                with transaction.atomic():
                    told[f"{address} sent {form}"] = _told(client.post(address, form))
                    transaction.set_rollback(True)
                client.cookies[settings.SESSION_COOKIE_NAME] = key  # as the key that was undone
    assert client.get("/account/").status_code == 200, "signed out: the rest is no answer"
    return told


def _told(answer: Any) -> tuple[Any, ...]:
    leads_to = _NUMBERS.sub("", answer.headers.get("Location", ""))
    return answer.status_code, leads_to, masked(answer)


@pytest.mark.timeout(600)  # every page, asked in every way, twice
@pytest.mark.parametrize("name", BY_REGISTER)
def test_s29_care_changes_no_byte_for_those_who_see_the_register_alone(cast, browse, name):
    world = a_world(cast)
    reader = getattr(world.school, name)
    pages = [page for page in PAGES if world.may_open(page, reader)]
    client = browse(reader).client
    before = all_told(client, world, pages)
    turned_round(cast)
    after = all_told(client, world, pages)
    assert [asked for asked in before if before[asked] != after[asked]] == []
    assert any(status == 200 for status, *_ in before.values())


def test_s29_whom_leavers_leave_with_nobody_says_nothing_of_care(cast, browse):
    world = a_world(cast)
    school, nia = world.school, browse(world.school.nia).client
    leavers = [school.lena.pk, school.tariq.pk, cast.theo.pk, cast.dora.pk]

    def asked() -> list[bytes]:
        told = []
        for deed in ("make-inactive", "take-off", "delete"):
            form = {"tick": leavers, "who": "ticked", "do": deed, "step": "look"}
            told.append(masked(nia.post(f"/school/{cast.abbey.pk}/staff/leavers/", form)))
            address = f"/school/{cast.abbey.pk}/staff/act/"
            for do in ("deactivate", "delete"):
                told.append(masked(nia.get(address, {"do": do, "who": "ticked", "tick": leavers})))
        return told

    before = asked()
    turned_round(cast)
    assert asked() == before
    assert b"left with nobody" in before[0]


@pytest.mark.parametrize("name", ["nia", "lena", "tariq"])
def test_s29_care_its_dates_and_its_people_are_on_no_page_of_theirs(cast, browse, name):
    world = a_world(cast)
    factories.episode(cast.ben, since=timezone.localdate() - timedelta(days=77))
    reader = getattr(world.school, name)
    client = browse(reader).client
    canaries = [b"In care", b"in care", b'name="care"', b"Sara", b"Lindqvist", b"social-worker"]
    for page in (page for page in PAGES if world.may_open(page, reader)):
        if page.name in FORM_ONLY or "user_id" in page.arguments:
            continue
        for address in addresses(world, page):
            told = masked(client.get(address))
            assert [canary for canary in canaries if canary in told] == [], address


def test_the_register_is_all_that_a_school_admin_reads_of_a_child(school, browse):
    amira = school.cast.amira
    for reader in (school.nia, school.lena):
        page = browse(reader).get(f"/pupils/{amira.pk}/")
        upn = amira.identifiers.get().value
        told = page.text[page.text.index("Amira Haddad") :].partition("Guide Accessibility")[0]
        assert told.strip() == (
            f"Amira Haddad UPN {upn} School Abbey Primary School URN 100001"
            " Year and class Year 6, class 6B"
        )


def test_who_sees_the_child_is_a_missing_page_for_them(school, browse):
    cast = school.cast
    for reader in (school.nia, school.lena):
        browser = browse(reader)
        missing = browser.client.get("/pupils/987654/who/")
        for question in ({}, {"on": "2026-06-01"}, {"every": ""}):
            answer = browser.client.get(f"/pupils/{cast.amira.pk}/who/", question)
            assert (answer.status_code, masked(answer)) == (404, masked(missing))


def names(page: Any) -> list[str]:
    return [row[0] for row in page.rows()]


def test_whoever_holds_both_is_told_child_by_child(school, browse):
    cast = school.cast
    factories.episode(cast.ben, since=timezone.localdate() - timedelta(days=77))
    factories.grant(cast.sara, LEADER, subject=school.history)  # Amira (linked to her) and Ben
    browser = browse(cast.sara)
    assert names(browser.get("/pupils/")) == [
        "Fielding, Ben", "Haddad, Amira In care", "O’Connor, Eve In care",
    ]  # fmt: skip
    assert "In care since" in browser.get(f"/pupils/{cast.amira.pk}/").text
    assert "care" not in browser.get(f"/pupils/{cast.ben.pk}/").text
    assert browser.get(f"/pupils/{cast.ben.pk}/who/").status == 404
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.ben)
    assert "Fielding, Ben In care" in names(browser.get("/pupils/"))
    assert "In care since" in browser.get(f"/pupils/{cast.ben.pk}/").text


def test_a_role_of_ones_own_that_shows_the_register_tells_no_more(cast, browse):
    factories.grant(cast.noor, factories.own_role(shows="the register"), pupil=cast.amira)
    factories.grant(
        cast.sara, factories.own_role(name="Guardian", shows="everything"), pupil=cast.ben
    )
    factories.episode(cast.ben)
    noor, sara = browse(cast.noor), browse(cast.sara)
    assert names(noor.get("/pupils/")) == ["Haddad, Amira"]
    assert "care" not in noor.get(f"/pupils/{cast.amira.pk}/").text
    assert noor.get(f"/pupils/{cast.amira.pk}/who/").status == 404
    assert "Fielding, Ben In care" in names(sara.get("/pupils/"))


def test_a_designated_teacher_who_is_school_admin_reads_no_past_care(school, browse):
    cast = school.cast
    factories.grant(cast.dora, SCHOOL_ADMIN, school=cast.abbey)
    browser = browse(cast.dora)
    assert names(browser.get("/pupils/")) == [
        "Fielding, Ben", "Haddad, Amira In care", "Price, Dylan",
    ]  # fmt: skip
    # Dylan left care a month ago.
    assert "care" not in browser.get(f"/pupils/{cast.dylan.pk}/").text
    factories.episode(cast.amira, since=cast.amira.date_of_birth, until=cast.amira.date_of_birth)
    assert "30 May 2014 until" not in browser.get(f"/pupils/{cast.amira.pk}/").text


def test_who_saw_a_child_on_a_past_day_is_for_those_told_of_past_care(cast, browse):
    factories.grant(cast.noor, DESIGNATED_TEACHER, school=cast.abbey)
    address = f"/pupils/{cast.amira.pk}/"
    for reader, status in ((cast.noor, 404), (cast.dora, 404), (cast.sara, 200), (cast.ada, 200)):
        browser = browse(reader)
        assert browser.get(f"{address}who/", on="2026-06-01").status == status
        for page in (browser.get(address), browser.get(f"{address}who/")):
            assert page.status == 200
            assert ('name="on"' in page.bytes.decode()) is (status == 200)


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(school, browse, count_queries, more):
    for _ in range(more):
        pupil = factories.pupil()
        factories.enrolment(pupil, school.cast.abbey)
        factories.episode(pupil)
    browser = browse(school.nia)
    with count_queries(23, events=1):
        browser.get("/pupils/")
