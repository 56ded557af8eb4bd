"""Files that people upload in these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from django.core.files.uploadedfile import SimpleUploadedFile

from schoolgate.intake import runs
from schoolgate.intake.columns import USERS

if TYPE_CHECKING:
    from tests.web.browsing import Browser, Page

HEADINGS = USERS.template().strip()


def a_file(*rows: str, name: str = "staff.csv", headings: str = HEADINGS) -> SimpleUploadedFile:
    """A CSV of users with these rows."""
    return SimpleUploadedFile(name, "\r\n".join([headings, *rows, ""]).encode(), "text/csv")


def a_stream(*rows: str) -> BinaryIO:
    """The same, as the rooms below take it."""
    return cast("BinaryIO", a_file(*rows))


def upload(
    browser: Browser, *rows: str, kind: str = "users", role: str = "designated_teacher"
) -> int:
    """Upload rows, let the worker check them; the number of the import."""
    page = browser.post("/settings/imports/new/", kind=kind, role=role, file=a_file(*rows))
    assert page.status == 302, page.text
    run_id = int(page.leads_to.rstrip("/").rpartition("/")[2])
    runs.check(run_id)
    return run_id


def apply(browser: Browser, run_id: int) -> Page:
    """Press the button that applies, with what its form holds, and let the worker work."""
    page = browser.get(f"/settings/imports/{run_id}/")
    answer = browser.post(f"/settings/imports/{run_id}/apply/", **hidden_fields(page, "apply"))
    if answer.status == 302:
        runs.apply(run_id)
    return answer


def hidden_fields(page: Page, step: str) -> dict[str, Any]:
    """The hidden fields of the form on an import's page that asks for a step."""
    import re

    form = re.search(rf'<form[^>]*/{step}/".*?</form>', page.bytes.decode(), re.S)
    assert form, f"There is no form to {step} on the page “{page.title}”."
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def fields_of(page: Page, address: str = "") -> dict[str, Any]:
    """What a browser sends of the form that goes to ``address`` (or to its own page)."""
    import html
    import re

    forms = re.findall(r"<form\b([^>]*)>(.*?)</form>", page.bytes.decode(), re.S)
    wanted = [
        body
        for about, body in forms
        if 'method="post"' in about
        and (f'{address}"' in about if address else "action=" not in about)
    ]
    assert wanted, f"There is no form to “{address}” on the page “{page.title}”."
    fields = {}
    for tag in re.findall(r"<input\b[^>]*>", wanted[0]):
        name, value = (re.search(rf'\b{part}="([^"]*)"', tag) for part in ("name", "value"))
        box = re.search(r'type="(radio|checkbox)"', tag)
        if name and (not box or " checked" in tag):
            fields[html.unescape(name[1])] = html.unescape(value[1]) if value else ""
    for name_, options in re.findall(
        r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', wanted[0], re.S
    ):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[name_] = html.unescape(chosen[1]) if chosen else ""
    fields.pop("csrfmiddlewaretoken", None)
    return fields
