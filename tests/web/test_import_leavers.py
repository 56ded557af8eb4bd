"""A file of leavers on its pages: what would be lost, the brakes, the word, and undo (NEW8)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from schoolgate.access.models import Denial
from schoolgate.access.roles import DESIGNATED_TEACHER, SOCIAL_WORKER
from schoolgate.audit.models import Event
from schoolgate.intake import runs
from schoolgate.intake.models import Import
from tests import factories
from tests.web.files import a_file, apply, hidden_fields

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

HEADINGS = "Email,User Name,User First Name,User Last Name"


def upload(browser, *users):
    file = a_file(*(f"{user.email},,," for user in users), headings=HEADINGS, name="leavers.csv")
    page = browser.post("/settings/imports/new/?kind=leavers", kind="leavers", file=file)
    assert page.status == 302, page.text
    run_id = int(page.leads_to.rstrip("/").rpartition("/")[2])
    runs.check(run_id)
    return run_id


def denied():
    live = Denial.objects.filter(ended_at=None, establishment=None)
    return set(live.values_list("user__first_name", flat=True))


def workers(count):
    made = [factories.user(first_name=f"Wren{n}") for n in range(count)]
    for user in made:
        factories.grant(user, SOCIAL_WORKER, pupil=factories.pupil())
    return made


def test_from_the_upload_to_the_undo(cast, browse, views_of):
    ada = browse(cast.ada)
    assert "Make leavers inactive" in ada.get("/settings/imports/new/?kind=leavers").text
    assert "People to make inactive" in ada.get("/settings/imports/new/").text
    run_id = upload(ada, cast.sara, cast.liam)

    page = ada.get(f"/settings/imports/{run_id}/")
    assert "0 gained, 7 lost" in page.text
    people = {row[0].split()[0]: row[1:] for row in page.rows()}
    assert people["Sara"][:2] == ["Social Worker: 2 children linked", "None"]
    assert people["Sara"][2].startswith("2 lost by Sara Lindqvist")
    assert people["Liam"] == ["LA User: 1 child assigned first", "None", "Every pupil"]
    assert "2 people are inactive" in page.text
    assert cast.amira.pk in told_last(views_of, cast.ada)
    assert Denial.objects.count() == 0

    assert apply(ada, run_id).status == 302
    assert denied() == {"Sara", "Liam"}
    done = ada.get(f"/settings/imports/{run_id}/")
    rows = ada.get(done.link("Show who was made inactive")).rows()
    assert [row[1:] for row in rows] == [
        [str(cast.sara), cast.sara.email], [str(cast.liam), cast.liam.email],
    ]  # fmt: skip

    undo = ada.get(f"/settings/imports/{run_id}/undo/")
    assert "2 people who were made inactive could sign in again" in undo.text
    ada.post(f"/settings/imports/{run_id}/undo/")
    runs.undo(run_id)
    assert denied() == set()
    assert "This import was taken back" in ada.get(f"/settings/imports/{run_id}/").text


def told_last(views_of, user):
    event = views_of(user)[-1]
    return {event.pupil_id, *(int(pk) for pk in event.pupils.split(",") if pk)}


def test_the_lists_of_what_is_lost(cast, browse, views_of):
    ada = browse(cast.ada)
    run_id = upload(ada, cast.sara, cast.theo)
    address = f"/settings/imports/{run_id}/access/"

    page = ada.get(address)
    one = ada.get(page.link("2 lost by Sara Lindqvist"))
    assert one.rows() == [[str(cast.amira), "Lost"], [str(cast.eve), "Lost"]]

    page = ada.get(f"{address}pupils/")
    assert [(row[0].split()[0], row[1]) for row in page.rows()] == [
        ("Amira", "Nobody"), ("Carys", "Nobody"), ("Eve", "Nobody"),
    ]  # fmt: skip
    one = ada.get(f"{address}pupils/{page.link('2 people lost by Amira')}")
    assert {tuple(row) for row in one.rows()} == {
        (str(cast.sara), "Lost"), (str(cast.theo), "Lost"),
    }  # fmt: skip

    alone = ada.get(page.link("Left with nobody"))
    assert "2 pupils would be left with nobody" in alone.text
    assert alone.link(str(cast.eve)) == f"/pupils/{cast.eve.pk}/"
    assert told_last(views_of, cast.ada) - {None} == {cast.carys.pk, cast.eve.pk}
    assert str(cast.amira) not in alone.text  # Dora stays
    assert str(cast.eve) in ada.get(f"/settings/imports/{run_id}/").text


def test_s35_a_child_kept_from_the_reader_is_not_named_anywhere(cast, browse):
    factories.restriction(cast.ada, cast.eve)
    ada = browse(cast.ada)
    run_id = upload(ada, cast.sara)
    for rest in (
        "", "access/", "access/?person=2", "access/pupils/", "access/pupils/?alone=yes",
        f"access/pupils/?pupil={cast.eve.pk}", "rows/?outcome=updated", "rows/2/",
    ):  # fmt: skip
        page = ada.get(f"/settings/imports/{run_id}/{rest}")
        assert cast.eve.last_name.encode() not in page.bytes, rest


def test_the_children_left_with_nobody_are_paged(cast, browse):
    teacher = factories.user(first_name="Tess")
    factories.grant(teacher, DESIGNATED_TEACHER, school=cast.brook)
    for _ in range(60):
        factories.grant(cast.noor, SOCIAL_WORKER, pupil=factories.pupil(first_name="Alone"))
    ada = browse(cast.ada)
    run_id = upload(ada, cast.noor)
    page = ada.get(f"/settings/imports/{run_id}/")
    assert page.text.count("Alone Pupil") == 10 + 5
    first = ada.get(page.link("All of them"))
    second = ada.get(f"/settings/imports/{run_id}/access/pupils/{first.link('Next')}")
    assert [one.text.count("Alone Pupil") for one in (first, second)] == [50, 10]


def test_the_brakes_ask_for_a_tick_and_a_reason(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, *workers(6))
    address = f"/settings/imports/{run_id}/"
    page = ada.get(address)
    assert "Needs a person" in page.text
    assert "6 of 7 active Social Workers" in page.text
    hidden = hidden_fields(page, "apply")

    for given, error in (
        ({}, "Tick this once you have looked at who they are."),
        ({"is_right": "on"}, "Enter why it is right that so many go at once."),
        ({"over_brakes": "They left"}, "Tick this once you have looked at who they are."),
        ({"is_right": "on", "over_brakes": "x" * 501}, "Shorten the reason to 500 characters"),
    ):
        refused = ada.post(f"{address}apply/", **hidden, **given)
        assert (refused.status, error in refused.text) == (400, True), given
        assert given.get("over_brakes", "") in refused.bytes.decode()  # nothing typed is lost
    assert denied() == set()

    word = {"is_right": "on", "over_brakes": "The agency’s contract ended"}
    assert ada.post(f"{address}apply/", **hidden, **word).status == 302
    runs.apply(run_id)
    assert len(denied()) == 6
    done = ada.get(address).text
    assert f"{cast.ada} gave the word: The agency’s contract ended" in done
    assert Event.objects.filter(verb="let through", object_id=run_id).count() == 1
    assert "Gave the word for what the brakes held" in ada.get("/settings/events/").text


def test_a_word_for_another_preview_is_refused(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, *workers(6))
    page = ada.get(f"/settings/imports/{run_id}/")
    hidden = hidden_fields(page, "apply")
    Import.objects.filter(pk=run_id).update(plan_digest="another")

    word = {"is_right": "on", "over_brakes": "They left"}
    stale = ada.post(f"/settings/imports/{run_id}/apply/", **hidden, **word)

    assert (stale.status, denied()) == (409, set())
    assert "checked anew" in stale.text


def test_a_double_submit_is_harmless(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, cast.sara)
    hidden = hidden_fields(ada.get(f"/settings/imports/{run_id}/"), "apply")
    answers = [ada.post(f"/settings/imports/{run_id}/apply/", **hidden).status for _ in range(2)]
    runs.apply(run_id)
    assert answers[0] == 302
    assert Denial.objects.filter(user=cast.sara).count() == 1


@pytest.mark.parametrize("rest", ["", "access/", "access/pupils/", "access/pupils/?alone=yes"])
def test_pages_take_the_same_number_of_queries_for_one_leaver_and_for_three(cast, browse, rest):
    ada = browse(cast.ada)
    counts = []
    for count in (1, 3):
        run_id = upload(ada, *workers(count))
        ada.get(f"/settings/imports/{run_id}/{rest}")
        with CaptureQueriesContext(connection) as seen:
            assert ada.get(f"/settings/imports/{run_id}/{rest}").status == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("who", ["liam", "dora", "noor"])
def test_nobody_but_an_la_super_user_finds_it(cast, browse, who):
    run_id = upload(browse(cast.ada), cast.sara)
    browser = browse(getattr(cast, who))
    for rest in ("", "access/pupils/?alone=yes"):
        assert browser.get(f"/settings/imports/{run_id}/{rest}").status == 404
    assert browser.post(f"/settings/imports/{run_id}/apply/", shown="x").status == 404
