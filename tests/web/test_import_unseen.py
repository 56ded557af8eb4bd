"""What the page of an import and the file of refused rows tell of children (S35, S54)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from schoolgate.access.roles import LA_SUPER_USER
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import runs
from schoolgate.intake.models import ImportFile
from schoolgate.kit.records import Source
from schoolgate.schools import actions as schools
from schoolgate.schools.actions import NewIdentifier
from schoolgate.schools.models import Pupil, PupilIdentifier
from tests import factories
from tests.web.files import a_file, apply

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

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
    assert lines[1] == f"Row 2: {UNSEEN},,,,,"
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


def test_s35_the_page_of_a_kind_of_finding_tells_nothing_either(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, secrets(cast)["name"])
    findings = f"/settings/imports/{run_id}/findings/question"
    assert "Haddad" in ada.get(f"{findings}/name-differs/").text
    factories.restriction(cast.ada, cast.amira)
    page = ada.get(f"{findings}/unseen-pupil/")
    assert UNSEEN in page.text
    assert "Haddad" not in page.text
    assert "Nothing of this kind is left." in ada.get(f"{findings}/name-differs/").text


def test_s35_the_page_of_an_undo_names_no_child_kept_from_the_reader(cast, browse, views_of):
    ada = browse(cast.ada)
    run_id = upload(ada, row(cast.amira, Year="9"), row(cast.ben, Year="9"))
    apply(ada, run_id)
    changed = [(pupil.pk, "year", "10") for pupil in (cast.amira, cast.ben)]
    schools.change_things(Pupil, changed, by=cast.as_ada)
    undo = f"/settings/imports/{run_id}/undo/"
    assert str(cast.amira) in ada.get(undo).text
    assert views_of(cast.ada)[-1].pupils == f"{cast.amira.pk},{cast.ben.pk}"

    factories.restriction(cast.ada, cast.amira)
    page = ada.get(undo)
    assert str(cast.amira) not in page.text
    assert f"{cast.ben} : its year was changed since" in page.text
    assert views_of(cast.ada)[-1].pupil_id == cast.ben.pk

    ada.post(undo)
    runs.undo(run_id)
    page = ada.get(f"/settings/imports/{run_id}/")
    assert str(cast.amira) not in page.text
    assert str(cast.ben) in page.text


def test_s54_the_lists_of_rows_and_a_row_name_their_children_in_one_event(cast, browse, views_of):
    ada = browse(cast.ada)
    run_id = upload(ada, row(cast.amira, Year="9"), row(cast.ben, First_Name="Zoe", Last_Name="Q"))
    for rest, pupil in (
        ("rows/?outcome=updated", cast.amira),
        ("rows/?outcome=refused", cast.ben),
        ("rows/3/", cast.ben),
        ("findings/question/name-differs/", cast.ben),
    ):
        ada.get(f"/settings/imports/{run_id}/{rest}")
        assert views_of(cast.ada)[-1].pupil_id == pupil.pk, rest
    assert len(views_of(cast.ada)) == 4


def test_s54_the_children_whom_somebody_would_gain_are_in_the_event(cast, browse, views_of):
    from tests.web.files import upload as upload_users

    ada = browse(cast.ada)
    run_id = upload_users(ada, "Grace,Okoro,,grace@abbey.example,,100001,,,,")
    page = ada.get(f"/settings/imports/{run_id}/")
    assert str(cast.amira) in page.text
    (told,) = views_of(cast.ada)
    assert told.pupil_id == cast.amira.pk


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


HEADINGS_OF_USERS = "First Name,Last Name,Email,URN,UPN 1,UPN 2"


def a_colleague():
    """Another LA Super User, without a restriction."""
    bea = factories.user(first_name="Bea", last_name="Lund")
    factories.grant(bea, LA_SUPER_USER)
    return bea


def users_file(browser, *lines: str) -> int:
    """Upload a file of social workers and have it checked; the number of the import."""
    file = a_file(*lines, headings=HEADINGS_OF_USERS, name="staff.csv")
    page = browser.post("/settings/imports/new/", kind="users", role="social_worker", file=file)
    run_id = int(page.leads_to.rstrip("/").rpartition("/")[2])
    runs.check(run_id)
    return run_id


def everything_shown(browser, run_id: int) -> dict[str, str]:
    """All that a reader can open of an import before it is applied, by address."""
    here = f"/settings/imports/{run_id}/"
    front = browser.get(here)
    groups = set(re.findall(rf'href="({here}[a-z]+/[a-z-]+/)"', front.bytes.decode()))
    rows = [f"{here}rows/?outcome={o}" for o in ("created", "updated", "unchanged", "refused")]
    found = {}
    for address in [here, *sorted(groups), *rows, f"{here}columns/"]:
        found[address] = browser.get(address).bytes.decode()
    for n in (2, 3, 4):
        page = browser.get(f"{here}rows/{n}/")
        if page.status == 200:
            found[f"{here}rows/{n}/"] = page.bytes.decode()
    for side in ("people", "children"):
        page = browser.get(f"{here}{side}/")
        if page.status == 200:
            found[f"{here}{side}/"] = page.bytes.decode()
    csv = browser.get(f"{here}refused.csv")
    found["refused.csv"] = csv.bytes.decode("utf-8-sig")
    return found


@pytest.mark.parametrize("whose", ["their own", "a colleague's"])
@pytest.mark.parametrize("file", ["pupils", "former number", "whole file", "users", "faulty user"])
def test_s35_no_page_and_no_file_shows_a_row_of_a_child_kept_from_the_reader(
    cast, browse, whose, file
):
    ada, bea = browse(cast.ada), browse(a_colleague())
    child, uploader = cast.carys, ada if whose == "their own" else bea
    former = NewIdentifier(child.pk, "former_upn", "A801200009991")
    schools.add_identifiers([former], by=SYSTEM, source=Source.IMPORT)
    number = upn(child)
    if file == "pupils":
        twice = {**row(child), "In Care Since": "1 Mai 2020"}
        run_id = upload(uploader, twice, twice, row(cast.ben, In_Care_Since="soon"))
    elif file == "former number":
        mistyped = {"First Name": "Carysia", "Last Name": "Quillon", "UPN": "A12",
                    "Former UPN": "a801200009991", "Date of Birth": "31/31/2014"}  # fmt: skip
        run_id = upload(uploader, mistyped, row(cast.ben, In_Care_Since="soon"))
    elif file == "whole file":
        file_ = a_file(
            f"{child.first_name} Quillon,{number}", f"Ben,{upn(cast.ben)}",
            headings="First Name,UPN", name="pupils.csv",
        )  # fmt: skip
        page = uploader.post("/settings/imports/new/", kind="pupils", role="", file=file_)
        run_id = int(page.leads_to.rstrip("/").rpartition("/")[2])
        runs.check(run_id)
    elif file == "users":
        run_id = users_file(
            uploader, f"Zed,Quillon,zed,100001,{number},", "Yan,Ford,yan@x.example,4,,"
        )
    else:
        run_id = users_file(
            uploader, f"Zed,Quillon,zed@x.example,4,F000000000000,{number.lower()}",
            "Yan,Ford,yan@x.example,4,,",
        )  # fmt: skip
    factories.restriction(cast.ada, child)

    secrets = [number, "A801200009991", "Quillon", child.last_name, "31/31/2014", "1 Mai 2020"]
    if "user" in file:
        secrets = [number, "zed,", "F000000000000"]
    for address, text in everything_shown(ada, run_id).items():
        told = [secret for secret in secrets if secret.casefold() in text.casefold()]
        assert not told, (address, told)
    assert UNSEEN in everything_shown(ada, run_id)["refused.csv"]
    # A colleague without a restriction reads it all.
    texts = everything_shown(bea, run_id).values()
    assert any(number.casefold() in text.casefold() or "a8012" in text for text in texts)


def test_s35_the_file_of_refused_rows_keeps_the_number_of_a_row_that_is_masked(cast, browse):
    twice = row(cast.carys)
    run_id = upload(browse(a_colleague()), row(cast.ben, In_Care_Since="soon"), twice, twice)
    factories.restriction(cast.ada, cast.carys)
    page = browse(cast.ada).get(f"/settings/imports/{run_id}/refused.csv")
    lines = page.bytes.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert "Ben" in lines[1]
    assert lines[2] == f"Row 3: {UNSEEN},,,,"
    assert lines[3] == f"Row 4: {UNSEEN},,,,"


def test_s35_what_is_kept_of_a_deleted_file_is_masked_too(cast, browse):
    twice = row(cast.carys)
    run_id = upload(browse(a_colleague()), twice, twice)
    ImportFile.objects.all().delete()
    factories.restriction(cast.ada, cast.carys)
    for address in ("", "rows/?outcome=refused"):
        page = browse(cast.ada).get(f"/settings/imports/{run_id}/{address}")
        assert page.status == 200
        assert upn(cast.carys) not in page.text
        assert cast.carys.last_name not in page.text
