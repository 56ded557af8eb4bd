"""Settings > Imports: the upload, and one import from its check to its undo."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from schoolgate.access import scope
from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.intake import runs
from schoolgate.intake.models import Import, State
from schoolgate.kit.dates import in_words
from schoolgate.outbox.models import Mail
from schoolgate.people.models import User
from tests import factories
from tests.web.files import a_file, a_stream, apply, fields_of, hidden_fields, upload

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

GRACE = "Grace,Okoro,Teacher,grace@abbey.example,,100001,,,,"
IVO = "Ivo,Klein,Teacher,ivo@brook.example,,100002,,,,"
FAULTY = ",Blank,Teacher,not-an-address,,100001,,,,"


def page_of(browser, run_id: int):
    return browser.get(f"/settings/imports/{run_id}/")


def test_the_form_offers_kinds_roles_templates_and_notes(cast, browse):
    page = browse(cast.ada).get("/settings/imports/new/", kind="users")
    assert "Choose a user role for this import" in page.text
    for role in ("Designated Teacher", "LA User", "LA Super User", "Social Worker"):
        assert f">{role}</option>" in page.bytes.decode()
    assert page.link("Download the template for Users") == "/settings/imports/template/users.csv"
    assert "User First Name must be filled" in page.text


def test_the_template_has_the_headings_exactly(cast, browse):
    page = browse(cast.ada).get("/settings/imports/template/users.csv")
    upn = "Pupil Reference Number (UPN)"
    assert page.bytes.decode() == (
        "User First Name,User Last Name,Job Title,Email,Phone,School Reference Number (URN),"
        f"{upn},{upn},{upn},{upn}\r\n"
    )
    assert browse(cast.ada).get("/settings/imports/template/nothing.csv").status == 404


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"role": ""}, "Choose a user role for this import."),
        ({"kind": ""}, "Choose what the file holds."),
        ({"kind": "spies"}, "Choose what the file holds."),
        ({"role": "spy"}, "Choose a user role for this import."),
        ({"file": None}, "Choose a file."),
        ({"file": "empty"}, "Choose another file: this one is empty."),
    ],
)
def test_mistakes_are_named(cast, browse, change, sentence):
    fields = {"kind": "users", "role": "designated_teacher", "file": a_file(GRACE), **change}
    if fields["file"] is None:
        del fields["file"]
    elif fields["file"] == "empty":
        fields["file"] = a_file()
        fields["file"].file.truncate(0)
        fields["file"].size = 0
    page = browse(cast.ada).post("/settings/imports/new/", **fields)
    assert sentence in page.text
    assert page.title.startswith("Error: ")
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook (.xls) or one with a password"),
        (
            b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "an OpenDocument file (.ods)",
        ),
    ],
)
def test_a_file_of_another_kind_is_sent_back_at_once_and_the_role_stays(cast, browse, start, what):
    file = SimpleUploadedFile("staff.csv", start)
    page = browse(cast.ada).post(
        "/settings/imports/new/?kind=users", kind="users", role="social_worker", file=file
    )
    assert f"Save it as CSV or XLSX and upload that: this file is {what}." in page.text
    assert '<option value="social_worker" selected>' in page.bytes.decode()
    assert not Import.objects.exists()


def test_bulk_add_asks_for_no_kind_and_can_know_the_role(cast, browse):
    page = browse(cast.ada).get("/settings/imports/new/", kind="users", role="social_worker")
    assert page.title.startswith("Bulk add users")
    assert b'type="radio"' not in page.bytes
    assert '<option value="social_worker" selected>' in page.bytes.decode()
    assert "What each role sees" in page.text


def test_while_it_waits_the_page_asks_again(cast, browse):
    ada = browse(cast.ada)
    page = ada.post(
        "/settings/imports/new/", kind="users", role="designated_teacher", file=a_file(GRACE)
    )
    waiting = ada.get(page.leads_to)
    assert "Being checked" in waiting.text
    assert b'hx-trigger="every 1s"' in waiting.bytes
    assert f'content="2; url={page.leads_to}"' in waiting.bytes.decode()
    run_id = Import.objects.get().pk
    runs.check(run_id)
    again = ada.client.get(page.leads_to, headers={"HX-Request": "true"})
    assert again.headers["HX-Refresh"] == "true"


def test_a_good_file_from_check_to_undo(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, IVO)
    page = page_of(ada, run_id)
    assert "staff.csv Ready to apply" in page.text
    assert "2 created" in page.text
    assert "2 gained, 0 lost" in page.text
    assert [row[0] for row in page.rows()] == ["Grace Okoro New, row 2", "Ivo Klein New, row 3"]
    assert ["Amira Haddad" in row[2] for row in page.rows()] == [True, False]
    assert not User.objects.filter(email="grace@abbey.example").exists()

    assert apply(ada, run_id).status == 302
    page = page_of(ada, run_id)
    assert "staff.csv Done" in page.text
    grace = User.objects.get(email="grace@abbey.example")
    assert scope.may_see(grace.pk, cast.amira.pk)
    rows = ada.get(f"/pupils/{cast.amira.pk}/").rows()
    assert ["Grace Okoro Not signed in yet", "File staff.csv"] in [[r[0], r[3]] for r in rows]

    assert f"Undo import {run_id}?" in ada.get(f"/settings/imports/{run_id}/undo/").text
    ada.post(f"/settings/imports/{run_id}/undo/")
    runs.undo(run_id)
    page = page_of(ada, run_id)
    assert "Nothing of it was kept." in page.text
    assert not scope.may_see(grace.pk, cast.amira.pk)


def test_faults_are_grouped_and_the_good_rows_can_be_applied(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, FAULTY)
    page = page_of(ada, run_id)
    assert "Needs a person" in page.text
    assert "E-mail addresses to correct 1" in page.text
    assert ["Row 3", "Email", "Row 3, Email"] in [row[:3] for row in page.rows()]
    assert fields_of(page, "/save/")["cell-3-3"] == "not-an-address"
    assert "Apply the 1 good row" in page.text.replace("\u00a0", " ")
    apply(ada, run_id)
    assert Import.objects.get(pk=run_id).state == State.DONE
    assert User.objects.filter(email="grace@abbey.example").exists()


def test_only_the_first_few_of_a_group_are_shown(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, *[FAULTY] * 30)
    page = page_of(ada, run_id)
    assert "These are the first 5. Show all 30" in page.text
    assert len(page.rows()) == 15
    assert "There is nothing to apply: no row is good as it stands." in page.text


def test_the_refused_rows_come_back_as_a_file(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, FAULTY)
    page = ada.get(f"/settings/imports/{run_id}/refused.csv")
    assert page.status == 200
    assert "attachment" in page.response.headers["Content-Disposition"]
    lines = page.bytes.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("What to mend,User First Name")
    assert len(lines) == 2
    assert "not-an-address" in lines[1]
    assert Event.objects.filter(verb="exported", object_id=run_id).exists()


def test_s42_what_was_not_shown_is_not_applied(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    shown = hidden_fields(page_of(ada, run_id), "apply")
    factories.episode(cast.ben)  # Grace would now see Ben too
    runs.recheck(run_id, by=cast.as_ada)
    runs.check(run_id)
    page = ada.post(f"/settings/imports/{run_id}/apply/", **shown)
    assert page.status == 409
    assert "it has been checked anew since you saw it" in page.text
    assert Import.objects.get(pk=run_id).state == State.READY


def test_cancelling_writes_nothing(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    ada.post(f"/settings/imports/{run_id}/cancel/")
    page = page_of(ada, run_id)
    assert "nothing of it was written" in page.text
    assert not User.objects.filter(email="grace@abbey.example").exists()
    assert ada.post(f"/settings/imports/{run_id}/cancel/").status == 409


def test_the_page_of_an_undo_tells_what_it_would_take_back_and_keep(cast, browse, with_password):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, IVO)
    undo = f"/settings/imports/{run_id}/undo/"
    assert "only one that is done can be undone" in ada.get(undo).text
    apply(ada, run_id)
    page = ada.get(undo)
    assert "2 users who were made would be gone" in page.text
    assert "Nothing: nobody has changed or used anything of it since." in page.text
    grace = User.objects.get(email="grace@abbey.example")
    password = with_password(grace)
    browse(None).post("/sign-in/", name=grace.email, password=password)
    page = ada.get(undo)
    assert "1 user who was made would be gone" in page.text
    assert "Grace Okoro : they have signed in since" in page.text
    assert User.objects.filter(email="ivo@brook.example", gone_at=None).exists()


def test_nobody_is_invited_whose_page_did_not_ask(cast, browse):
    ada = browse(cast.ada)
    apply(ada, upload(ada, GRACE))  # with the hidden fields only
    assert User.objects.filter(email="grace@abbey.example").exists()
    assert not Mail.objects.exists()


def test_the_report_tells_of_the_invitations(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, IVO)
    fields = fields_of(page_of(ada, run_id), "/apply/")
    assert fields["invite"] == "now"
    tomorrow = timezone.localdate() + timedelta(days=1)
    for day, sentence in (
        ("", "Enter the day on which the invitations should go out."),
        ("22/11/2020", "Enter a day that is still to come."),
        ("soon", "Enter the day as 21/11/2026, in place of “soon”."),
    ):
        page = ada.post(
            f"/settings/imports/{run_id}/apply/", **{**fields, "invite": "later", "invite_on": day}
        )
        assert (page.status, sentence in page.text) == (400, True)
    later = {"invite": "later", "invite_on": f"{tomorrow:%d/%m/%Y}"}
    ada.post(f"/settings/imports/{run_id}/apply/", **{**fields, **later})
    runs.apply(run_id)
    assert f"0 sent, 2 waiting (to go out on {in_words(tomorrow)})" in page_of(ada, run_id).text


def test_the_list_is_narrowed_by_kind_and_state(cast, browse):
    ada = browse(cast.ada)
    upload(ada, GRACE)
    assert len(ada.get("/settings/imports/", kind="users", state="ready").rows()) == 1
    page = ada.get("/settings/imports/", state="done")
    assert "there is none like this" in page.text
    assert len(ada.get("/settings/imports/", state="nonsense").rows()) == 1


def test_what_an_undo_kept_is_listed(cast, browse, with_password):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    apply(ada, run_id)
    grace = User.objects.get(email="grace@abbey.example")
    password = with_password(grace)
    browse(None).post("/sign-in/", name=grace.email, password=password)
    ada.post(f"/settings/imports/{run_id}/undo/")
    runs.undo(run_id)
    page = page_of(ada, run_id)
    assert "What was kept" in page.text
    assert page.link("Grace Okoro") == f"/settings/users/{grace.pk}/"


def test_the_list_says_who_when_and_what_came_of_it(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, FAULTY)
    apply(ada, run_id)
    (row,) = ada.get("/settings/imports/").rows()
    assert row[0] == "staff.csv Users: Designated Teacher"
    assert row[1].startswith("Ada Osei")
    assert row[2:] == ["1 created, 0 updated, 0 unchanged, 1 refused", "Done"]


def test_a_failed_import_says_why_and_can_be_checked_again(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    Import.objects.filter(pk=run_id).update(state=State.FAILED, problem="Upload it again.")
    page = page_of(ada, run_id)
    assert "Upload it again." in page.text
    assert ada.post(f"/settings/imports/{run_id}/recheck/").status == 302
    assert Import.objects.get(pk=run_id).state == State.CHECKING


def test_rights_lost_while_waiting_stop_the_apply(cast, browse):
    boss = factories.user(first_name="Bo", last_name="Second")
    from schoolgate.access.roles import LA_SUPER_USER

    factories.grant(boss, LA_SUPER_USER)
    run_id = upload(browse(boss), GRACE)
    browser = browse(boss)
    fields = hidden_fields(page_of(browser, run_id), "apply")
    browser.post(f"/settings/imports/{run_id}/apply/", **fields)
    deny([boss.pk], by=SYSTEM)
    runs.apply(run_id)
    assert Import.objects.get(pk=run_id).state == State.FAILED
    assert not User.objects.filter(email="grace@abbey.example").exists()


def test_a_name_of_a_file_cannot_inject_markup(cast, browse):
    ada = browse(cast.ada)
    ada.post(
        "/settings/imports/new/",
        kind="users",
        role="designated_teacher",
        file=a_file(GRACE, name='"><script>alert(1)</script>.csv'),
    )
    run_id = Import.objects.get().pk
    runs.check(run_id)
    for address in ("/settings/imports/", f"/settings/imports/{run_id}/"):
        assert b"<script>alert" not in ada.get(address).bytes


@pytest.mark.parametrize("more", [1, 3])
def test_query_count_of_the_list(cast, browse, count_queries, more):
    for _ in range(more):
        runs.receive(
            kind="users", role="designated_teacher", filename="a.csv",
            content=a_stream(GRACE), by=cast.as_ada,
        )  # fmt: skip
    browser = browse(cast.ada)
    with count_queries(7):
        browser.get("/settings/imports/")
