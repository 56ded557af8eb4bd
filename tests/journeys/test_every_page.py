"""A walk over every page there is, from the URL resolver, so that a new one cannot be forgotten."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from schoolgate.web.permissions import Permission
from tests.journeys.pages import WIDTHS, faults_of
from tests.journeys.person import Person
from tests.journeys.test_bulk_add import ROWS
from tests.journeys.test_spine import HELEN, MEGAN
from tests.web.routes import FORM_ONLY, Route, routes
from tests.web.test_every_route import TOLD_OF_CARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.jobs.programs import Started

pytestmark = [pytest.mark.chromium, pytest.mark.timeout(600)]

PAGES = [route for route in routes() if route.name not in FORM_ONLY]
# For those who are no LA Super User the start page is their pupils; and a link that does not work
# says the same, whatever it was for.
# "My school" leads to where somebody manages something.
SAME_TITLE = [
    {"home", "pupils"},
    {"invitation", "set-up"},
    # Whoever is between no factors is led back to the beginning.
    {"sign-in", "sign-in-second"},
    # There is a file only while codes have just been made.
    {"account-codes", "account-codes-file"},
    {"sign-in-code", "sign-in-code-enter"},
    # A square leads to the page on which a code is typed, and so does who has shown none.
    {"letter", "letter-opened"},
    {"letter", "letter-password"},
    *({"my-school", other} for other in ("establishments", "school-staff", "school-subjects")),
]


KAREN = "karen.dunmore@home.example"
RUTH, OWEN = (f"{name}@maddenfordhigh.example" for name in ("ruth.calloway", "owen.fairclough"))
# What somebody with this role in a school may open there besides.
IN_SCHOOL = {
    RUTH: {Permission.SIGNED_IN, Permission.SCHOOL, Permission.SUBJECTS, Permission.SCHOOLS},
    OWEN: {Permission.SUBJECTS},
}


@dataclass
class Walk:
    """Somebody who walks over pages, and what they found wrong."""

    person: Person
    values: dict[str, Any]
    own: dict[str, Any]
    faults: list[str] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)

    def visits(self, route: Route) -> None:
        """One page, if it is one: not a file, a list of suggestions or a style sheet."""
        values = {**self.values, **self.own}
        missing = [name for name in route.arguments if name not in values]
        assert not missing, f"Say in VALUES with what {missing} the route {route.name} is visited."
        given = {name: values[name] for name in route.arguments}
        if {"school_id", "user_id"} <= set(route.arguments):
            given["user_id"] = self.values["member_id"]
        if isinstance(differs := self.values.get(route.name), dict):
            given.update(differs)
        address = reverse(route.name, kwargs=given)
        page = self.person.page
        head = page.request.head(address)
        if "text/html" not in head.headers.get("content-type", ""):
            return
        page.goto(address)
        page.evaluate("document.fonts.ready.then(() => true)")
        told = faults_of(page)
        told += [f"the browser complains: {what}" for what in self.person.complaints]
        self.person.complaints.clear()
        title = page.title()
        other = self.titles.setdefault(title, route.name)
        if other != route.name and {other, route.name} not in SAME_TITLE:
            told.append(f"has the title of {other}: {title}")
        self.faults += [f"{route.name} ({address}) {what}" for what in told]


@pytest.fixture(scope="module")
def more_settings() -> dict[str, str]:
    """An identity provider is offered, which never answers."""
    return {
        "SCHOOLGATE_PROVIDERS": "northshire",
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_ISSUER": "http://127.0.0.1:9",
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_CLIENT": "schoolgate",
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_SECRET": "a secret",
    }


@pytest.fixture(scope="module")
def accounts(demonstration: Started, database: Path) -> dict[str, int]:
    """The account elsewhere of each who walks, by their address."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        return {
            name: connection.execute(
                "INSERT INTO sign_in_providerlink"
                " (user_id, provider, issuer, subject, shown, made_at)"
                " SELECT id, 'northshire', 'http://127.0.0.1:9', email, email, recorded_at"
                " FROM people_user WHERE email = ? RETURNING id",
                [name],
            ).fetchone()[0]
            for name in (HELEN, MEGAN, RUTH, OWEN, KAREN)
        }


@pytest.fixture(scope="module")
def things(demonstration: Started, database: Path) -> dict[str, Any]:
    """What routes can be about: the names of their arguments, and of the routes that differ."""
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:

        def one(query: str) -> tuple[Any, ...]:
            row: tuple[Any, ...] = connection.execute(query).fetchone()
            return row

        restriction, pupil = one("SELECT id, pupil_id FROM access_restriction ORDER BY id")
        grant, user = one(
            "SELECT id, user_id FROM access_grant WHERE role = 'social_worker'"
            " AND pupil_id IS NOT NULL AND ended_at IS NULL ORDER BY id"
        )
        school, subject, category = one(
            "SELECT establishment_id, id, category_id FROM schools_subjectarea"
            " WHERE category_id IS NOT NULL ORDER BY id"
        )
        led, led_class = one(
            "SELECT g.subject_area_id, c.school_class_id FROM access_grant g"
            " JOIN people_user u ON u.id = g.user_id"
            " JOIN schools_classsubject c ON c.subject_area_id = g.subject_area_id"
            f" WHERE u.email = '{OWEN}' AND g.ended_at IS NULL ORDER BY g.id, c.id"
        )
        (school_class,) = one(
            f"SELECT school_class_id FROM schools_classsubject WHERE subject_area_id = {subject}"
            " ORDER BY id"
        )
        (member,) = one("SELECT id FROM people_user WHERE last_name = 'Moule'")
        (mail,) = one("SELECT id FROM outbox_mail WHERE state = 'sent' ORDER BY id")
        (role,) = one("SELECT id FROM access_ownrole WHERE gone_at IS NULL ORDER BY id")
        parent, child = one(
            "SELECT g.id, g.pupil_id FROM access_grant g JOIN people_user u ON u.id = g.user_id"
            f" WHERE u.email = '{KAREN}' ORDER BY g.id"
        )
        paul, other_paul = one(
            "SELECT min(id), max(id) FROM people_user WHERE first_name = 'Paul'"
            " AND last_name = 'Dunmore'"
        )
        (letters,) = one(
            "INSERT INTO people_letterrun (made_at, made_by_id, total, done)"
            f" SELECT recorded_at, id, 1, 0 FROM people_user WHERE email = '{HELEN}' RETURNING id"
        )
        (carer,) = one("SELECT 'licence-' || id FROM access_licencetype ORDER BY id")
        (held,) = one(
            "INSERT INTO access_heldlink (user_id, pupil_id, role, starts_on, asked_at)"
            f" SELECT id, {pupil}, 'licence-parent', '2026-01-01', recorded_at"
            f" FROM people_user WHERE id = {user} RETURNING id"
        )
        (inactive,) = one("SELECT user_id FROM access_denial WHERE ended_at IS NULL ORDER BY id")
    return {
        "pupil_id": pupil,
        "restriction_id": restriction,
        "grant_id": grant,
        "family-facts": {"grant_id": parent, "pupil_id": child},
        "family-remove": {"grant_id": parent, "pupil_id": child},
        "duplicate": {"user_id": paul},
        "merge": {"user_id": paul},
        "other_id": other_paul,
        "run_id": letters,
        "licence": carer,
        "held_id": held,
        "user_id": user,
        "member_id": member,
        "school_id": school,
        "subject_id": subject,
        "category_id": category,
        "class_id": school_class,
        "led": {"subject_id": led, "class_id": led_class},
        "role_id": role,
        "mail_id": mail,
        "passkey_id": 987_654,  # nobody in the demonstration has one: test_passkeys.py looks at it
        "token": "no-such-link",
        "link": "no-such-link",
        "reset": "no-such-link",
        "confirm": "no-such-link",
        "stop": "no-such-link",
        "kind": "users",
        "page": "bulk-add",
        "lack": "designated-teacher",
        "code": "empty-cell",
        "row": 5,
        "provider": "northshire",
        "user-reactivate": {"user_id": inactive},
        "import-findings": {"kind": "fault"},
    }


@pytest.fixture
def sits_down(
    demonstration: Started, chromium: Browser, accounts: dict[str, int]
) -> Iterator[Callable[..., Walk]]:
    contexts = []

    def sit(name: str | None, values: dict[str, Any]) -> Walk:
        context = chromium.new_context(
            viewport={"width": WIDTHS[0], "height": 900},
            base_url=f"http://localhost:{demonstration.port}",
            locale="en-GB",
            reduced_motion="reduce",
        )
        contexts.append(context)
        person = Person(context.new_page(), WIDTHS[0])
        if name:
            person.signs_in(name)
            person.waits_for({HELEN: "missing", KAREN: "My children"}.get(name, "pupils"))
        # Whoever had a passkey would be asked for it: its page is walked in test_passkeys.py.
        return Walk(person, values, {"link_id": accounts.get(name or "", 0), "passkey_id": 0})

    yield sit
    for context in contexts:
        context.close()


@pytest.mark.parametrize("part", range(4))  # so that they can be walked side by side
def test_every_page_of_an_la_super_user(sits_down, things, tmp_path, part) -> None:
    helen = sits_down(HELEN, dict(things))
    helen.values["import_id"] = an_import_with_mistakes(helen.person, tmp_path)
    for route in PAGES[part::4]:
        if route.permission is not Permission.PUBLIC:
            helen.visits(route)
    assert not helen.faults, "\n".join(helen.faults)
    assert len(helen.titles) > 12  # it did look


def test_every_page_of_a_designated_teacher(sits_down, things) -> None:
    megan = sits_down(MEGAN, things)
    href = megan.person.page.locator("main table a").first.get_attribute("href")
    megan.values = {**things, "pupil_id": int(href.rstrip("/").rpartition("/")[2])}
    for route in PAGES:
        if route.permission is Permission.SIGNED_IN:
            megan.visits(route)
    assert not megan.faults, "\n".join(megan.faults)
    assert len(megan.titles) >= 2  # it did look


@pytest.mark.parametrize("name", [RUTH, OWEN])
def test_every_page_of_somebody_in_a_school(sits_down, things, name) -> None:
    somebody = sits_down(name, things)
    href = somebody.person.page.locator("main table a").first.get_attribute("href")
    somebody.values = {**things, "pupil_id": int(href.rstrip("/").rpartition("/")[2])}
    if name == OWEN:
        somebody.values.update(things["led"])
    for route in PAGES:
        if route.permission in IN_SCHOOL[name] and route.name not in TOLD_OF_CARE:
            somebody.visits(route)
    assert not somebody.faults, "\n".join(somebody.faults)
    assert len(somebody.titles) >= 2  # it did look


def test_every_page_of_a_parent(sits_down, things) -> None:
    karen = sits_down(KAREN, things)
    href = karen.person.page.locator("main a").first.get_attribute("href")
    karen.values = {**things, "pupil_id": int(href.rstrip("/").rpartition("/")[2])}
    for route in PAGES:
        if route.permission is Permission.FAMILY or route.name.startswith("account"):
            karen.visits(route)
    assert not karen.faults, "\n".join(karen.faults)
    assert len(karen.titles) >= 6  # it did look


def test_every_page_of_the_public(sits_down, things) -> None:
    nobody = sits_down(None, things)
    for route in PAGES:
        if route.permission is Permission.PUBLIC:
            nobody.visits(route)
    assert not nobody.faults, "\n".join(nobody.faults)
    assert len(nobody.titles) >= 4  # it did look


def an_import_with_mistakes(helen: Person, folder: Path) -> int:
    """The number of an import that waits for a person."""
    from schoolgate.intake.columns import USERS

    path = folder / "walk.csv"
    path.write_text(
        "\r\n".join([USERS.template().strip(), *(row.format(n="") for row in ROWS), ""]),
        encoding="utf-8",
    )
    helen.opens("/settings/imports/new/?kind=users")
    helen.page.get_by_label("Choose a user role for this import").select_option(
        label="Designated Teacher"
    )
    helen.page.set_input_files("input[type=file]", path)
    helen.presses("Upload and check")
    helen.page.wait_for_url("**/settings/imports/*/")
    number = int(helen.page.url.rstrip("/").rpartition("/")[2])
    helen.page.locator("text=Needs a person").first.wait_for(timeout=60_000)
    return number
