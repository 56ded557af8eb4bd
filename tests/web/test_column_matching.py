"""Which column of the file is which of ours (LAC4)."""

from __future__ import annotations

import pytest

from schoolgate.intake import runs
from schoolgate.intake.models import ColumnMatching, Import, State
from schoolgate.people.models import User
from tests.web.files import a_file, apply, fields_of

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

THEIRS = "Forename,Surname,E-mail address,School number,Payroll"
GRACE = "Grace,Okoro,grace@abbey.example,100001,77"


def upload(browser, *rows: str, headings: str = THEIRS) -> int:
    """Upload rows under these headings and let the worker check them; the import's number."""
    page = browser.post(
        "/settings/imports/new/",
        kind="users",
        role="designated_teacher",
        file=a_file(*rows, headings=headings),
    )
    run_id = int(page.leads_to.rstrip("/").rpartition("/")[2])
    runs.check(run_id)
    return run_id


def columns(run_id: int) -> str:
    return f"/settings/imports/{run_id}/columns/"


def test_a_file_with_other_headings_leads_to_its_columns(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    assert ada.get(f"/settings/imports/{run_id}/").leads_to == columns(run_id)
    page = ada.get(columns(run_id))
    assert [row[:2] for row in page.rows()][:2] == [["Forename", "Grace"], ["Surname", "Okoro"]]
    assert fields_of(page) == {
        "column-0": "User First Name",
        "column-1": "User Last Name",
        "column-2": "Email",
        "column-3": "School Reference Number (URN)",
        "column-4": "",
    }


def test_a_column_that_may_be_meant_leads_to_its_columns_too(cast, browse):
    ada = browse(cast.ada)
    headings = "User First Name,User Last Name,Email,School Reference Number (URN),Mobile"
    run_id = upload(ada, "Grace,Okoro,grace@abbey.example,100001,0117 1", headings=headings)
    assert ada.get(f"/settings/imports/{run_id}/").leads_to == columns(run_id)
    shown = Import.objects.get().plan_digest
    page = ada.post(f"/settings/imports/{run_id}/apply/", shown=shown, skip_faulty="on")
    assert page.status == 409
    assert "Say first what these columns of the file hold" in page.text
    assert not User.objects.filter(email="grace@abbey.example").exists()


def test_what_was_chosen_is_checked_and_applied(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    answer = ada.post(columns(run_id), **fields_of(ada.get(columns(run_id))))
    assert answer.leads_to == f"/settings/imports/{run_id}/"
    runs.check(run_id)
    assert Import.objects.get().state == State.READY
    apply(ada, run_id)
    assert User.objects.get(email="grace@abbey.example").last_name == "Okoro"


def test_the_next_file_with_these_headings_is_checked_at_once(cast, browse):
    ada = browse(cast.ada)
    first = upload(ada, GRACE)
    ada.post(columns(first), **fields_of(ada.get(columns(first))))
    second = upload(ada, "Ivo,Klein,ivo@brook.example,100002,78")
    page = ada.get(f"/settings/imports/{second}/")
    assert "Ready to apply" in page.text
    assert page.link("Change which column is which") == columns(second)
    assert "the choices made for an earlier file" in ada.get(columns(second)).text


def test_headings_that_match_are_not_asked_about(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(
        ada, "Grace,Okoro,grace@abbey.example,100001",
        headings="user first name,User Last  Name,EMAIL,School Reference Number (URN)",
    )  # fmt: skip
    assert ada.get(f"/settings/imports/{run_id}/").status == 200


def test_what_must_be_there_is_said_at_the_top(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, "Grace,Okoro,77", headings="Forename,Surname,Payroll")
    page = ada.get(columns(run_id))
    assert "Say which column of your file is Email" in page.text
    page = ada.post(columns(run_id), **fields_of(page))
    assert page.status == 400
    assert "Say which column holds “Email”." in page.text
    assert fields_of(page)["column-0"] == "User First Name"
    assert not ColumnMatching.objects.exists()


def test_one_of_ours_is_chosen_once(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    fields = {**fields_of(ada.get(columns(run_id))), "column-4": "Email"}
    page = ada.post(columns(run_id), **fields)
    assert page.status == 400
    assert "Choose “Email” for one column only: it is chosen for several." in page.text


def test_s30_a_heading_that_is_none_of_ours_is_refused(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    fields = {**fields_of(ada.get(columns(run_id))), "column-4": "role"}
    assert ada.post(columns(run_id), **fields).status == 400
    assert not ColumnMatching.objects.exists()


def test_an_import_that_is_applied_has_no_columns_to_match(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    ada.post(columns(run_id), **fields_of(ada.get(columns(run_id))))
    runs.check(run_id)
    apply(ada, run_id)
    assert ada.get(columns(run_id)).status == 409
