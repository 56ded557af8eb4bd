"""Every page that shows children writes one event that names them, or shows nothing (S54, S60)."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from schoolgate.audit.models import Event
from schoolgate.schools.models import Pupil
from tests.web.routes import FORM_ONLY, a_world, routes

# Who may open what, and with what headers, hangs on no database; one walk is long enough.
pytestmark = pytest.mark.one_database

PAGES = [route for route in routes() if route.name not in FORM_ONLY]
IDS = [route.name for route in PAGES]
# Pages that name no child on the register to an LA Super User.
WITHOUT_CHILDREN = {
    "import-columns", "import-findings", "import-row", "import-rows",
    "children", "child", "licences", "licence-add", "licence-edit", "licence-remove",
    "parent-access", "parent-access-schools",
    "roles", "role-add", "role-edit", "role-remove",
    "organisation", "organisation-style", "guide", "guide-page", "accessibility",
    "my-school", "school-staff", "school-staff-act", "school-staff-invitations",
    "school-staff-resend", "school-staff-address", "school-subjects", "school-classes",
    "school-staff-add", "school-staff-edit",
    "school-subject", "school-subject-leaders", "school-category", "school-classes-set",
    "usage", "usage-download", "home", "user-suggest", "pupil-suggest", "user-why",
    "invitation", "mail", "demo-mail", "demo-mail-one",
    "account", "account-details", "account-password", "first-password", "account-factors",
    "account-app",
    "letter", "letter-opened", "letter-password",
    "users-credentials", "users-credentials-ask", "users-credentials-run",
    "users-credentials-letters", "account-app-remove", "account-codes", "account-codes-file",
    "account-sessions",
    "account-confirm", "account-notices",
    "account-passkey-add", "account-passkey",
    "provider-back", "account-providers", "account-provider-add",
    "account-provider-remove",
    "account-address", "address-confirm", "address-stop",
    "sign-in-code", "sign-in-code-enter", "forgotten", "reset",
    "healthz", "sign-in", "sign-in-second", "set-up", "establishments", "users",
    "user-add", "user-edit", "duplicates", "severed",
    "user-connect", "user-restrict",
    "user-sign-in", "user-factor-reset", "school-staff-sign-in", "school-staff-factor-reset",
    "sign-ins", "user-invite", "users-invite", "user-pupils-save", "establishment-suggest",
    "user-make-inactive", "leavers", "school-staff-leavers",
    "user-until", "school-handover", "school-staff-suggest", "school-staff-until",
    "users-ending", "school-staff-ending",
    "user-reactivate", "imports", "import-new", "import-template", "import-undo", "import-refused",
}  # fmt: skip


def named_on(body: bytes) -> set[int]:
    """The pupils whose names are on a page, in either order."""
    text = body.decode(errors="replace")  # a file for Excel is told of in test_usage.py
    return {
        pupil.pk
        for pupil in Pupil.objects.all()
        if f"{pupil.first_name} {pupil.last_name}" in text
        or f"{pupil.last_name}, {pupil.first_name}" in text
    }


@pytest.mark.parametrize("route", PAGES, ids=IDS)
def test_s54_one_event_names_the_children_that_a_page_shows(cast, browse, views_of, route):
    world = a_world(cast)
    page = browse(cast.ada).get(world.address(route, pupil=cast.amira.pk))
    shown = named_on(page.bytes)
    assert bool(shown) is (route.name not in WITHOUT_CHILDREN)
    # A file is told of by an event of its own kind.
    events = views_of(cast.ada) or list(Event.objects.filter(verb="exported").exclude(pupils=""))
    if not shown:
        assert events == []
        return
    (event,) = events
    told = {event.pupil_id} if event.pupil_id else {int(pk) for pk in event.pupils.split(",")}
    assert shown <= told


@pytest.mark.parametrize("table", ["audit_event", "access_grant", "access_restriction"])
def test_s60_an_error_in_audit_or_policy_shows_no_child(cast, browse, table):
    world = a_world(cast)
    browser = browse(cast.ada)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
    for route in PAGES:
        with transaction.atomic():
            page = browser.get(world.address(route, pupil=cast.amira.pk))
            body = page.bytes
            transaction.set_rollback(True)
        assert named_on(body) == set(), route.name
        if route.name not in WITHOUT_CHILDREN:
            assert page.status == 500, route.name
            assert "Something went wrong" in page.text


def test_s60_who_cannot_be_recorded_is_not_signed_in(cast, browse, with_password):
    password = with_password(cast.dora)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event RENAME TO audit_event_gone")
    browser = browse(None)
    with transaction.atomic():
        page = browser.post("/sign-in/", name="dora@abbey.example", password=password)
        transaction.set_rollback(True)
    assert page.status == 500
    assert browser.get("/").leads_to == "/sign-in/"
