"""Import users from file, profile Parent: the upload and the section "Parent relationship" (ITS2,
ITS3)."""

from __future__ import annotations

import pytest

from schoolgate.access.models import Grant
from schoolgate.access.roles import PARENT, PUPIL
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import runs
from schoolgate.intake.models import Import, State
from schoolgate.kit.records import Source
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.actions import NewIdentifier
from schoolgate.schools.models import IdentifierKind
from tests import factories
from tests.web.files import a_file, apply, fields_of

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

NEW = "/settings/imports/new/"
HEADINGS = "First name,Last name,E-mail,Child,Login of child"
ROWS = (
    "Elizabeth,Dickinson,liz@home.example,K-1,amira.h",
    "Robert,Dickinson,rob@home.example,K-1,amira.h",
    "Gwen,Price,gwen@home.example,K-2,ben.o",
    "Hugh,Price,hugh@home.example,K-9,ben.o",
)


@pytest.fixture
def world(cast):
    """Amira and Ben have a synchronisation key and a user name."""
    schools.add_identifiers(
        [
            NewIdentifier(cast.amira.pk, IdentifierKind.SYNC_KEY, "K-1"),
            NewIdentifier(cast.ben.pk, IdentifierKind.SYNC_KEY, "K-2"),
            NewIdentifier(cast.amira.pk, IdentifierKind.USERNAME, "amira.h"),
            NewIdentifier(cast.ben.pk, IdentifierKind.USERNAME, "ben.o"),
        ],
        by=SYSTEM,
        source=Source.BY_HAND,
    )
    return cast


def upload(browser, *rows: str, headings: str = HEADINGS, profile: str = PARENT.code) -> int:
    """Upload rows and let the worker check them; the import's number."""
    file = a_file(*(rows or ROWS), headings=headings)
    page = browser.post(NEW, kind="parents", profile=profile, file=file)
    assert page.status == 302, page.text
    run_id = int(page.leads_to.rstrip("/").rpartition("/")[2])
    runs.check(run_id)
    return run_id


def columns(run_id: int) -> str:
    return f"/settings/imports/{run_id}/columns/"


def test_the_profiles_are_parent_first_then_pupil_then_those_added(world, browse):
    page = browse(world.ada).get(NEW, kind="parents")
    assert "Import users from file" in page.title
    body = page.bytes.decode()
    options = body[body.index('id="id_profile"') :]
    assert options.index(f'value="{PARENT.code}" selected') < options.index(f'"{PUPIL.code}"')
    assert "Synchronisation" not in page.text
    assert "ChildID" in page.text  # the notes on each column


def test_without_a_profile_no_file_is_taken(world, browse):
    page = browse(world.ada).post(NEW, kind="parents", profile="", file=a_file(*ROWS))
    assert "Choose a profile for this import." in page.text
    page = browse(world.ada).post(NEW, kind="parents", profile="la_user", file=a_file(*ROWS))
    assert "Choose a profile for this import." in page.text
    assert not Import.objects.exists()


def test_the_template_has_the_column_of_the_child(world, browse):
    text = browse(world.ada).get("/settings/imports/template/parents.csv").bytes.decode()
    assert text.startswith("First name,Last name")
    assert "ChildID" in text


def test_the_file_leads_to_its_relationship_with_the_best_guess_chosen(world, browse):
    ada = browse(world.ada)
    run_id = upload(ada)
    assert ada.get(f"/settings/imports/{run_id}/").leads_to == columns(run_id)
    page = ada.get(columns(run_id))
    for words in (
        "Parent relationship",
        "Synchronisation field in import file",
        "Matching synchronisation field for child",
        "4 of 4 rows match a child on the register.",
    ):
        assert words in page.text.replace("\xa0", " ")
    given = fields_of(page)
    assert (given["sync_field"], given["match_by"]) == ("4", "username")


def test_counting_tells_how_many_match_and_which_would_be_better(world, browse):
    ada = browse(world.ada)
    run_id = upload(ada)
    page = ada.post(columns(run_id), sync_field="3", match_by="sync_key", step="count")
    text = page.text.replace("\xa0", " ")
    assert "3 of 4 rows match a child" in text
    assert "Another field would match 4 rows: “Login of child” with Username." in text
    # Nothing was kept of it.
    assert Import.objects.get().state == State.NEEDS_PERSON
    page = ada.post(columns(run_id), sync_field="3", match_by="internal_id", step="count")
    assert "0 of 4 rows match a child" in page.text.replace("\xa0", " ")
    page = ada.post(columns(run_id), sync_field="", match_by="", step="count")
    assert "Choose both to see" in page.text


def test_what_was_chosen_is_checked_applied_and_remembered(world, browse):
    ada = browse(world.ada)
    run_id = upload(ada)
    given = {**fields_of(ada.get(columns(run_id))), "sync_field": "3", "match_by": "sync_key"}
    assert ada.post(columns(run_id), **given).leads_to == f"/settings/imports/{run_id}/"
    runs.check(run_id)
    page = ada.get(f"/settings/imports/{run_id}/")
    assert "Children who were not found" in page.text
    apply(ada, run_id)
    links = Grant.objects.filter(role=PARENT.code, pupil__in=[world.amira, world.ben])
    assert links.count() == 3
    again = upload(ada)
    page = ada.get(f"/settings/imports/{again}/")
    assert page.status == 200  # it does not ask again
    assert fields_of(ada.get(columns(again)))["sync_field"] == "3"


def test_the_better_choice_is_one_click(world, browse):
    ada = browse(world.ada)
    run_id = upload(ada)
    given = {**fields_of(ada.get(columns(run_id))), "sync_field": "3", "match_by": "sync_key"}
    assert ada.post(columns(run_id), **given, use="4:username").leads_to.endswith(f"/{run_id}/")
    runs.check(run_id)
    options = Import.objects.get(pk=run_id).options
    assert (options["sync_field"], options["match_by"]) == ("Login of child", "username")


@pytest.mark.parametrize(
    "chosen",
    [
        {"sync_field": "", "match_by": "sync_key"},
        {"sync_field": "99", "match_by": "sync_key"},
        {"sync_field": "3", "match_by": "upn"},
        {"sync_field": "3", "match_by": ""},
    ],
)
def test_a_choice_that_is_none_is_refused_and_nothing_is_kept(world, browse, chosen):
    ada = browse(world.ada)
    run_id = upload(ada)
    page = ada.post(columns(run_id), **{**fields_of(ada.get(columns(run_id))), **chosen})
    assert page.status == 400
    assert "Choose under Parent relationship" in page.text
    run = Import.objects.get()
    assert run.state == State.NEEDS_PERSON
    assert run.options.get("headings") == {}


def test_where_no_child_is_there_it_says_to_import_them_first(world, browse):
    ada = browse(world.ada)
    run_id = upload(ada, "Gwen,Price,gwen@home.example,nobody,noone")
    page = ada.get(columns(run_id))
    assert "Import the children first" in page.text
    assert fields_of(page)["sync_field"] == "3"  # told by its heading


def test_a_mended_cell_counts_as_mended(world, browse):
    ada = browse(world.ada)
    run_id = upload(ada)
    given = {**fields_of(ada.get(columns(run_id))), "sync_field": "3", "match_by": "sync_key"}
    ada.post(columns(run_id), **given)
    runs.check(run_id)
    row = f"/settings/imports/{run_id}/rows/5/"
    ada.post(row, **{**fields_of(ada.get(row)), "cell-5-3": "K-2"})
    runs.check(run_id)
    page = ada.get(columns(run_id))
    assert "4 of 4 rows match" in page.text.replace("\xa0", " ")


def test_s35_counts_are_told_of_all_children_and_no_child_is_named(world, browse):
    """Whoever may not see Amira is told how many rows match, and not which."""
    factories.restriction(world.ada, world.amira)
    ada = browse(world.ada)
    run_id = upload(ada)
    page = ada.get(columns(run_id))
    assert "4 of 4 rows match" in page.text.replace("\xa0", " ")
    assert "amira.h" not in page.text
    assert "Elizabeth" not in page.text


def test_children_come_as_users_of_the_profile_pupil(world, browse):
    ada = browse(world.ada)
    headings = "First name,Last name,User name,Key"
    row = f"{world.amira.first_name},{world.amira.last_name},amira,K-1"
    run_id = upload(ada, row, headings=headings, profile=PUPIL.code)
    ada.post(columns(run_id), **fields_of(ada.get(columns(run_id))))
    runs.check(run_id)
    apply(ada, run_id)
    assert Grant.objects.get(role=PUPIL.code).pupil == world.amira
    page = ada.get(f"/settings/imports/{run_id}/rows/?outcome=created")
    assert f"/settings/users/{User.objects.get(username='amira').pk}/" in page.bytes.decode()


def test_the_list_of_imports_leads_to_it(world, browse):
    page = browse(world.ada).get("/settings/imports/")
    assert "Import parents" in page.text
    assert "?kind=parents" in page.bytes.decode()


def test_only_a_super_user_comes_there(world, browse):
    run_id = upload(browse(world.ada))
    assert browse(world.dora).get(columns(run_id)).status == 404
    assert browse(world.dora).post(columns(run_id), step="count").status == 404
