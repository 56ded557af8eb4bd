"""A password column is never shown, logged, kept readable or handed back (S22)."""

from __future__ import annotations

import io
import tempfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from schoolgate.access.roles import PARENT
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import decisions, runs, steps, stored_files
from schoolgate.intake.models import Import, ImportFile, ImportMend, State
from schoolgate.jobs import worker
from schoolgate.kit.records import Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people import first_passwords
from schoolgate.people.models import FirstPassword, User
from schoolgate.schools import actions as schools
from schoolgate.schools.actions import NewIdentifier
from schoolgate.schools.models import Establishment, IdentifierKind, Organisation
from tests.intake.workbook import table, workbook
from tests.web.files import a_file, apply, fields_of

CANARY = "Canary"
HEADINGS = "First name,Last name,E-mail,Password,Child"
ROWS = (
    "Elizabeth,Dickinson,liz@home.example,Canary-1,K-1",
    "Gwen,Price,gwen@home.example,Canary-unknown-child,K-9",
    f"Long,Word,long@home.example,Canary-{'x' * 200},K-1",
    "Split,Cell,split@home.example,Canary-left,Canary-right,K-1",
    "Short,Row,Canary-short,K-1",
    ",Nameless,none@home.example,Canary-nameless,K-1",
    "Hugh,Price,hugh@home.example,,K-1",
)


class Watch:
    """Looks for the canary wherever it must not be."""

    def __init__(self, caplog, folder) -> None:
        self._caplog, self._folder = caplog, folder
        self.pages: list[Any] = []

    def page(self, page: Any) -> Any:
        """A page that somebody was shown."""
        assert CANARY not in page.bytes.decode(errors="replace")
        assert CANARY not in str(page.response.headers)
        return page

    def look(self, stage: str) -> None:
        """The database, the log and the files at this moment."""
        for where, value in everything():
            assert CANARY.encode() not in value, (stage, where)
        assert CANARY not in self._caplog.text, stage
        for file in self._folder.rglob("*"):
            assert not file.is_file() or CANARY.encode() not in file.read_bytes(), (stage, file)


def everything():
    """Every value of every table, as bytes; what is compressed, unpacked."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    if isinstance(value, bytes | memoryview):
                        yield table, bytes(value)
                        try:
                            yield table, zlib.decompress(bytes(value))
                        except zlib.error:
                            continue
                    else:
                        yield table, str(value).encode()


@pytest.fixture
def watch(caplog, tmp_path, monkeypatch):
    caplog.set_level("DEBUG")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Watch(caplog, tmp_path)


@pytest.fixture
def world(cast):
    """Amira has a synchronisation key, and her parents may sign in."""
    Organisation.objects.update_or_create(defaults={"name": "Here", "parent_access": True})
    Establishment.objects.update(parent_access=True)
    key = NewIdentifier(cast.amira.pk, IdentifierKind.SYNC_KEY, "K-1")
    schools.add_identifiers([key], by=SYSTEM, source=Source.BY_HAND)
    return cast


def upload(browser, *rows: str, headings: str = HEADINGS, file: Any = None) -> int:
    """Upload rows; the import's number."""
    given = file or a_file(*(rows or ROWS), headings=headings)
    page = browser.post("/settings/imports/new/", kind="parents", profile=PARENT.code, file=given)
    return int(page.leads_to.rstrip("/").rpartition("/")[2])


def kept_text() -> str:
    """The one file that is kept, unsealed."""
    with steps.file_of(Import.objects.get()) as path:
        return Path(path).read_bytes().decode()


def look_around(watch: Watch, browser, run_id: int) -> None:
    """Open every page of the import that its state has."""
    run = Import.objects.get(pk=run_id)
    rows = reverse("import-rows", args=[run_id])
    pages = [
        reverse("import", args=[run_id]),
        reverse("import-refused", args=[run_id]),
        *(f"{rows}?outcome={outcome}" for outcome in ("created", "refused")),
        *(
            reverse("import-row", args=[run_id, number])
            for number in run.rows.values_list("row", flat=True)
        ),
        *(
            reverse("import-findings", args=[run_id, kind, code])
            for kind, code in set(run.faults.values_list("kind", "code"))
        ),
    ]
    if run.state in (State.READY, State.NEEDS_PERSON):
        pages.append(reverse("import-columns", args=[run_id]))
    for address in pages:
        page = watch.page(browser.get(address))
        assert page.status == 200 or page.leads_to.endswith("/columns/"), address
    watch.look(f"pages of {run_id}")


def related(watch: Watch, browser, run_id: int) -> None:
    """Choose the parent relationship, and let the worker check."""
    address = f"/settings/imports/{run_id}/columns/"
    page = watch.page(browser.get(address))
    given = {**fields_of(page), "sync_field": "4", "match_by": "sync_key"}
    watch.page(browser.post(address, **{**given, "step": "count"}))
    assert browser.post(address, **given).status == 302
    runs.check(run_id)


def test_s22_from_the_upload_to_the_hash_it_is_nowhere(world, browse, watch):
    ada = browse(world.ada)
    run_id = upload(ada)
    watch.look("uploaded")
    assert ImportFile.objects.get().is_sealed
    runs.check(run_id)
    watch.look("checked")
    look_around(watch, ada, run_id)
    related(watch, ada, run_id)
    codes = set(Import.objects.get().faults.values_list("code", flat=True))
    assert {"too-long", "ragged-row", "unknown-child", "empty-cell", "not-an-address"} <= codes
    look_around(watch, ada, run_id)
    watch.page(apply(ada, run_id))
    assert Import.objects.get().state == State.DONE
    assert FirstPassword.objects.count() == 1
    watch.look("applied")
    page = watch.page(ada.get(f"/settings/imports/{run_id}/"))
    assert "1 first password is being made ready" in page.text
    # In the file it still is, sealed.
    assert "Canary-1" in kept_text()
    assert worker.hash_first_passwords()
    watch.look("hashed")
    look_around(watch, ada, run_id)
    assert CANARY not in kept_text()
    liz = browse(None).post("/sign-in/", name="liz@home.example", password="Canary-1")
    assert liz.leads_to == "/"
    assert not User.objects.get(email="hugh@home.example").has_usable_password()
    watch.look("signed in")


def test_s22_a_column_that_a_person_calls_the_password_is_forgotten_at_once(world, browse, watch):
    ada = browse(world.ada)
    headings = "First name,Last name,E-mail,Word for the start,Child"
    run_id = upload(ada, headings=headings)
    runs.check(run_id)
    address = f"/settings/imports/{run_id}/columns/"
    given = {
        **fields_of(ada.get(address)), "column-3": "Password", "sync_field": "4",
        "match_by": "sync_key",
    }  # fmt: skip
    assert ada.post(address, **given).status == 302
    watch.look("matched")
    runs.check(run_id)
    look_around(watch, ada, run_id)
    # The next file with these headings is known before it is shown.
    again = upload(ada, headings=headings)
    runs.check(again)
    look_around(watch, ada, again)


def test_s22_a_workbook_too(world, browse, watch):
    rows = [tuple(row.split(",")) for row in (HEADINGS, *ROWS[:2])]
    ada = browse(world.ada)
    run_id = upload(ada, file=SimpleUploadedFile("parents.xlsx", workbook(table(*rows))))
    runs.check(run_id)
    related(watch, ada, run_id)
    stored_files.wipe(run_id)
    look_around(watch, ada, run_id)
    assert "Dickinson" in kept_text()
    assert CANARY not in kept_text()


def test_s22_a_password_cannot_be_mended(world, browse, watch):
    ada = browse(world.ada)
    run_id = upload(ada)
    runs.check(run_id)
    related(watch, ada, run_id)
    page = ada.get(f"/settings/imports/{run_id}/rows/2/")
    assert "cell-2-3" not in page.bytes.decode()
    assert "Not shown: this is a password" in page.text
    run = Import.objects.get()
    assert steps.cells_of(run, decisions.decided_of(run), {2})[2][3] == ""
    sent = {**fields_of(page), "cell-2-3": "Canary-typed", "was-2-3": ""}
    page = ada.post(f"/settings/imports/{run_id}/rows/2/", **sent)
    assert "Mend row 2 in the file itself" in page.text
    watch.page(page)
    assert not ImportMend.objects.exists()
    with pytest.raises(Refusal, match="Mend row 5 in the file itself"):
        decisions.mend(run_id, by=world.as_ada, cells={(5, 4): "Canary-typed"})
    with pytest.raises(Refusal, match="Choose another column for “Phone”"):
        decisions.match_columns(run_id, by=world.as_ada, headings={"Password": "Phone"})


def test_s22_one_that_slipped_beside_its_heading_is_not_what_a_row_is_called_by(
    world, browse, watch
):
    ada = browse(world.ada)
    run_id = upload(
        ada, "Ann,Day,Canary-short,K-1", headings="First name,Last name,User name,Password,Child"
    )
    runs.check(run_id)
    related(watch, ada, run_id)
    look_around(watch, ada, run_id)
    assert Import.objects.get().rows.count() == 1


def test_s22_cancelled_nothing_is_left(world, browse, watch):
    ada = browse(world.ada)
    run_id = upload(ada)
    runs.check(run_id)
    ada.post(f"/settings/imports/{run_id}/cancel/")
    assert not ImportFile.objects.exists()
    watch.look("cancelled")


def test_s22_after_a_day_it_is_taken_out_and_the_import_says_so(clock, world, browse, watch):
    ada = browse(world.ada)
    run_id = upload(ada)
    runs.check(run_id)
    related(watch, ada, run_id)
    clock.wait(hours=23, minutes=59)
    assert stored_files.wipe_due() == 0
    clock.wait(minutes=2)
    assert stored_files.wipe_due() == 1
    assert stored_files.wipe_due() == 0
    assert "Elizabeth" in kept_text()
    assert CANARY not in kept_text()
    # What was shown gave passwords: it is shown again before anything is done.
    ada = browse(world.ada)
    apply(ada, run_id)
    run = Import.objects.get()
    assert run.state == State.NEEDS_PERSON
    page = ada.get(f"/settings/imports/{run_id}/")
    assert "they have been taken out of what is kept here" in page.text
    rows = list(run.rows.order_by("row").values_list("row", "outcome"))
    # Row 4 was refused for the length of its password alone.
    assert [n for n, outcome in rows if outcome == "created"] == [2, 4, 8]
    assert [n for n, _ in rows] == list(range(2, 9))
    apply(ada, run_id)
    assert Import.objects.get().state == State.DONE
    assert not FirstPassword.objects.exists()
    look_around(watch, ada, run_id)


def test_s22_undone_before_it_was_hashed_it_is_wiped(world, browse, watch):
    ada = browse(world.ada)
    run_id = upload(ada, ROWS[0])
    runs.check(run_id)
    related(watch, ada, run_id)
    apply(ada, run_id)
    assert FirstPassword.objects.exists()
    runs.undo(run_id, by=world.as_ada)
    assert not FirstPassword.objects.exists()
    assert stored_files.wipe_due() == 1
    watch.look("undone")
    assert not first_passwords.hash_some()


def test_s22_a_file_that_cannot_be_read_is_deleted_after_a_day(clock, world, watch):
    torn = io.BytesIO(f'{HEADINGS}\r\nAnn,Day,a@home.example,"Canary-torn,K-1\r\n'.encode())
    run = runs.receive(
        kind="parents", role=PARENT.code, filename="torn.csv", content=torn, by=world.as_ada
    )
    runs.check(run.pk)
    watch.look("unreadable")
    clock.wait(days=1, minutes=1)
    assert stored_files.wipe_due() == 1
    assert not ImportFile.objects.exists()
