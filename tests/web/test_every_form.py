"""No mass assignment: a form that is sent more fields than it has does just what it would (S30)."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from schoolgate.intake.models import Import
from schoolgate.kit import bulk
from tests.web.files import a_file
from tests.web.routes import FORMS, ONES_OWN, a_world, routes

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ROUTES = [route for route in routes() if route.name in FORMS]
# Forms that show what they would do before it is saved.
SHOWN_FIRST = {
    "school-staff-act", "school-staff-resend",
    "user-add", "user-edit", "user-pupils-save", "users-invite",
    "school-staff-add", "school-staff-edit", "school-subject", "school-category",
    "school-subject-leaders", "school-subject-remove", "school-classes-set",
}  # fmt: skip
# Forms that are filled in by those who are not signed in.
OF_NOBODY = {
    "sign-in", "set-up", "invitation", "sign-in-code", "forgotten", "reset", "address-stop",
    "letter", "letter-password",
}  # fmt: skip
# What differs between two runs of the same thing: numbers, moments, hashes, and the session.
VOLATILE = {"id", "password", "token_hash", "browser_hash", "code_hash", "session_key",
            "session_data",
            "digest", "previous", "head", "position", "batch_id", "object_id",
            "content"}  # fmt: skip


def every_field() -> dict[str, str]:
    """Every field of every model, with a value that would show."""
    fields = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            for name in {field.name, str(field.column)}:
                fields[name] = "1" if "id" in name else "la_super_user"
    fields.update(is_staff="on", is_superuser="on", is_active="on", _method="delete")
    return fields


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, without what is volatile."""
    state = {}
    for model in apps.get_models():
        columns = [
            field.column
            for field in model._meta.concrete_fields
            if field.column not in VOLATILE and "DateTime" not in field.get_internal_type()
        ]
        if columns:
            names = ", ".join(f'"{name}"' for name in columns)
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT {names} FROM "{model._meta.db_table}"')
                state[model.__name__] = sorted(cursor.fetchall(), key=repr)
    return state


def after(browse, user, address: str, fields: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """What the database holds after the form was sent; it is then as it was before."""
    numbers = sequences()
    with transaction.atomic():
        browse(user).client.post(address, fields)
        state = everything()
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        for sequence, last in numbers:
            cursor.execute("SELECT setval(%s, %s, %s)", [sequence, last or 1, last is not None])
    return state


def sequences() -> list[tuple[str, int | None]]:
    """Where PostgreSQL's numbers stand, which no rollback takes back."""
    if not bulk.on_postgresql():
        return []
    return bulk.select("SELECT sequencename, last_value FROM pg_sequences")


def as_shown(browser, address: str, form: dict[str, Any]) -> dict[str, str]:
    """The marks of a form that is shown before it is saved: what it began with, and the preview."""
    began = browser.get(address).hidden()
    began.pop("step", None)
    if "shown" in began or "seen" in began:
        return began
    asked = browser.post(address, **{**form, **began, "step": "check"})
    return {**began, "shown": asked.hidden()["shown"]}


PUBLIC = {"sign-in", "sign-in-passkey", "set-up", "invitation"}
# Forms that do nothing as they are sent here; a passkey wants a device (test_passkeys.py).
IDLE = {
    "why-ask", "user-why", "pupil-link", "sign-out", "user-reactivate", "account-passkey-add",
    "letter-password",
}  # fmt: skip
OF_LEAVERS = {
    "leavers", "school-staff-leavers", "user-until", "school-staff-until", "school-handover",
}  # fmt: skip


def of_leavers(browser, world, address: str) -> dict[str, Any]:
    """What the pages for those who leave carry when they are sent as they are."""
    school = world.school
    if "leavers" in address:
        given = {"do": "make-inactive", "tick": [world.cast.sara.pk, school.lena.pk]}
        return {**browser.post(address, step="look", **given).hidden(), "step": "save"}
    page = browser.get(address)
    keys = [key for key, _ in page.response.context["form"].fields["what"].choices]
    if "handover" in address:
        asked = browser.post(address, step="look", colleague=school.una.email)
        return {**asked.hidden(), "what": keys, "step": "save"}
    return {**page.hidden(), "what": keys, "last_day": "2099-07-31"}


@pytest.mark.parametrize("route", ROUTES, ids=[route.name for route in ROUTES])
def test_s30_fields_that_a_form_does_not_have_change_nothing(
    cast, browse, with_password, route, settings
):
    settings.MAIL = "smtp://127.0.0.1"
    with_password(cast.dora)
    world = a_world(cast)
    form = dict(FORMS[route.name])
    user = None if route.name in PUBLIC else cast.ada
    if route.name in ONES_OWN:
        user = world.passkey.user
    user = None if route.name in OF_NOBODY else cast.ada
    if route.name == "import-apply":
        form["shown"] = Import.objects.get().plan_digest
    if route.name == "import-undo":
        Import.objects.update(state="done")
    address = world.address(route, pupil=cast.amira.pk)
    if route.name == "user-pupils-save":
        address += f"?remove={cast.amira.pk}"
    if route.name.startswith("users-credentials"):
        page = browse(user).get("/settings/users/credentials/")
        address += f"?how=letter&shown_letter={page.hidden()['shown_letter']}"
    if route.name == "users-invite":
        address += f"?who=ticked&tick={cast.sara.pk}"
    if route.name == "school-staff-act":
        address += f"?do=upgrade&who=ticked&tick={world.school.una.pk}"
    if route.name == "school-subject-leaders":
        address += f"?add={world.school.una.pk}"
    if route.name == "school-classes-set":
        address += f"?tick={world.school.maths_class.pk}&subject={world.school.history.pk}"
    if route.name in SHOWN_FIRST:
        form.update(as_shown(browse(user), address, form))
    if route.name in ("role-edit", "role-remove", "account-details"):
        form.update(browse(user).get(address).hidden())
    if route.name in OF_LEAVERS:
        if "school_id" in route.arguments:
            address = world.address(route, pupil=cast.amira.pk, user=world.school.lena.pk)
        form = of_leavers(browse(user), world, address)
    more = {name: value for name, value in every_field().items() if name not in form}
    if route.name == "import-new":
        form["file"] = a_file("Grace,Okoro,,grace@abbey.example,,,,,,")
    before = everything()
    plain = after(browse, user, address, form)
    if route.name == "import-new":
        form["file"] = a_file("Grace,Okoro,,grace@abbey.example,,,,,,")
    assert after(browse, user, address, {**more, **form}) == plain
    if route.name not in IDLE:
        assert plain != before, "the form as it is does something"
