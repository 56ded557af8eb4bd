"""What the page of an import and the file of refused rows tell of children (S35, S54)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.intake import runs
from schoolgate.schools.models import PupilIdentifier
from tests import factories
from tests.web.files import a_file

UNSEEN = "This row is about a pupil whom you may not see; ask another LA Super User."
SINCE = timezone.localdate() - timedelta(days=300)


def upload(browser, *rows: dict[str, str]) -> int:
    """Upload rows of a pupil file, let the worker check them; the number of the import."""
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    lines = [",".join(row.get(heading, "") for heading in headings) for row in rows]
    file = a_file(*lines, headings=",".join(headings), name="pupils.csv")
    page = browser.post("/settings/imports/new/", kind="pupils", role="", file=file)
    assert page.status == 302, page.text
    run_id = int(page.leads_to.rstrip("/").rpartition("/")[2])
    runs.check(run_id)
    return run_id


def upn(pupil) -> str:
    return PupilIdentifier.objects.get(pupil=pupil, kind="upn", ended_at=None).value


def row(pupil, **cells: str) -> dict[str, str]:
    """A row for the pupil, of another name or with other cells."""
    named = {"First Name": pupil.first_name, "Last Name": pupil.last_name, "UPN": upn(pupil)}
    return {**named, **{key.replace("_", " "): value for key, value in cells.items()}}


def secrets(cast) -> dict[str, dict[str, str]]:
    """Rows each of which is answered with something of Amira that is not in the file."""
    return {
        "name": row(cast.amira, First_Name="Zoe", Last_Name="Quill"),
        "born": {**row(cast.amira), "Date of Birth": "2013-01-02"},
        "namesake": {
            "First Name": "Amira", "Last Name": "Haddad", "Date of Birth": "2014-05-30",
            "UPN": factories.a_upn(),
        },
        "care": {**row(cast.amira), "In Care Since": f"{SINCE:%Y-%m-%d}"},
    }  # fmt: skip


@pytest.mark.parametrize("secret", ["name", "born", "namesake", "care"])
def test_s35_nothing_is_told_of_a_child_kept_from_the_reader(cast, browse, views_of, secret):
    ada = browse(cast.ada)
    run_id = upload(ada, secrets(cast)[secret])
    before = ada.get(f"/settings/imports/{run_id}/")
    assert UNSEEN not in before.text
    (told,) = views_of(cast.ada)[-1:]
    assert (told.kind, told.object_id, told.pupil_id) == ("import", run_id, cast.amira.pk)

    factories.restriction(cast.ada, cast.amira)
    shown = len(views_of(cast.ada))
    page = ada.get(f"/settings/imports/{run_id}/")
    assert UNSEEN in page.text
    assert "Pupils whom you may not see" in page.text
    (cells,) = [cells for cells in page.rows() if UNSEEN in cells]
    assert cells == ["2", "–", "(empty)", UNSEEN]
    assert "Haddad" not in page.text
    assert "30 May 2014" not in page.text
    assert len(views_of(cast.ada)) == shown


def test_s35_the_file_of_refused_rows_tells_nothing_either(cast, browse, views_of):
    ada = browse(cast.ada)
    run_id = upload(
        ada,
        {**row(cast.amira, First_Name="Zoe", Last_Name="Quill"), "Date of Birth": "2013-01-02",
         "In Care Until": "2020-01-02"},
        row(cast.ben, First_Name="Yan", Last_Name="Quill"),
    )  # fmt: skip
    factories.restriction(cast.ada, cast.amira)
    page = ada.get(f"/settings/imports/{run_id}/refused.csv")
    lines = page.bytes.decode("utf-8-sig").splitlines()
    assert lines[1].startswith(f"{UNSEEN},Zoe,Quill,")
    assert "Ben Fielding" in lines[2]
    assert "Haddad" not in "".join(lines)
    (told,) = views_of(cast.ada)
    assert (told.kind, told.object_id, told.pupil_id) == ("import", run_id, cast.ben.pk)


def test_s35_a_user_file_tells_nothing_of_where_a_child_is(cast, browse, views_of):
    from tests.web.files import upload as upload_users

    ada = browse(cast.ada)
    rows = [
        f"Grace,Okoro,,grace@abbey.example,,100001,{upn(cast.amira)},,,",  # on roll there
        f"Ivo,Klein,,ivo@brook.example,,100002,{upn(cast.ben)},,,",  # elsewhere
    ]
    run_id = upload_users(ada, *rows)
    assert UNSEEN not in ada.get(f"/settings/imports/{run_id}/").text
    seen = set(views_of(cast.ada)[-1].pupils.split(","))
    assert {str(cast.amira.pk), str(cast.ben.pk)} <= seen
    for child in (cast.amira, cast.ben):
        factories.restriction(cast.ada, child)
    page = ada.get(f"/settings/imports/{run_id}/")
    assert page.text.count(UNSEEN) == 2
    for child in (cast.amira, cast.ben):
        assert upn(child) not in page.text


def test_s54_one_event_names_all_children_of_the_page(cast, browse, views_of):
    ada = browse(cast.ada)
    run_id = upload(ada, *[row(p, First_Name="Zoe", Last_Name="Quill") for p in cast.pupils])
    ada.get(f"/settings/imports/{run_id}/")
    (told,) = views_of(cast.ada)
    assert told.pupils == ",".join(str(p.pk) for p in cast.pupils)


def test_query_count_of_the_page_does_not_grow_with_children(cast, browse):
    ada = browse(cast.ada)
    counts = []
    for pupils in (cast.pupils[:1], cast.pupils):
        rows = [row(p, First_Name="Zoe", Last_Name="Quill") for p in pupils]
        run_id = upload(ada, *rows)
        with CaptureQueriesContext(connection) as queries:
            ada.get(f"/settings/imports/{run_id}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
