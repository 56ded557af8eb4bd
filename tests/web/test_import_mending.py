"""Mending cells and answering questions on the pages of an import."""

from __future__ import annotations

import pytest

from schoolgate.access import scope
from schoolgate.access.actions import revoke
from schoolgate.access.models import Grant
from schoolgate.intake import runs
from schoolgate.intake.models import Import, ImportAnswer, ImportMend, State
from schoolgate.people.models import User
from tests import factories
from tests.web.files import apply, fields_of, upload

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

GRACE = "Grace,Okoro,Teacher,grace@abbey.example,,100001,,,,"
FAULTY = ",Blank,Teacher,not-an-address,,100001,,,,"
OTHER = "Quentin,Zephyr,Teacher,dora@abbey.example,,100001,,,,"
ANOTHER = "Wilma,Yates,Teacher,theo@brook.example,,100001,,,,"

NOOR_DIFFERS = "Wilma,Yates,Teacher,noor@example.org,,100001,,,,"


def address_of(run_id: int, rest: str = "") -> str:
    return f"/settings/imports/{run_id}/{rest}"


def page_of(browser, run_id: int):
    return browser.get(address_of(run_id))


def save(browser, run_id: int, page=None, **changed: str):
    """Type these values into the form on the import's page, and send it."""
    fields = fields_of(page or page_of(browser, run_id), "/save/")
    return browser.post(
        address_of(run_id, "save/"),
        **{**fields, **{k.replace("__", "-"): v for k, v in changed.items()}},
    )


def test_several_cells_are_mended_at_once_and_the_file_checked_again(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, FAULTY)
    answer = save(ada, run_id, **{"cell-3-0": "Sam", "cell-3-3": "sam@abbey.example"})
    assert (answer.status, answer.leads_to) == (302, address_of(run_id))
    assert "Being checked" in page_of(ada, run_id).text
    runs.check(run_id)
    page = page_of(ada, run_id)
    assert "Ready to apply" in page.text
    assert "2 cells were mended on the page" in page.text.replace("\u00a0", " ")
    apply(ada, run_id)
    assert User.objects.get(email="sam@abbey.example").first_name == "Sam"


def test_only_what_was_changed_is_a_mend(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, FAULTY)
    save(ada, run_id, **{"cell-3-0": "Sam"})
    assert list(ImportMend.objects.values_list("row", "place", "value")) == [(3, 0, "Sam")]


def test_a_form_with_nothing_changed_says_so_and_checks_nothing(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, FAULTY)
    page = save(ada, run_id)
    assert page.status == 409
    assert "Mend a cell or answer a question first" in page.text
    assert Import.objects.get().state == State.NEEDS_PERSON


def test_a_row_shows_its_cells_its_faults_and_what_the_file_had(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, FAULTY)
    page = ada.get(address_of(run_id, "rows/3/"))
    assert "Enter an email address like name@school.sch.uk." in page.text
    fields = fields_of(page)
    assert fields["cell-3-3"] == "not-an-address"
    ada.post(address_of(run_id, "rows/3/"), **{**fields, "cell-3-3": "sam@abbey.example"})
    runs.check(run_id)
    page = ada.get(address_of(run_id, "rows/3/"))
    assert "The file had: not-an-address" in page.text
    fields = fields_of(page)
    assert ada.post(address_of(run_id, "rows/3/"), **fields, reset="3-3").status == 302
    assert not ImportMend.objects.exists()


def test_a_row_that_the_file_does_not_have_is_missing(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    assert ada.get(address_of(run_id, "rows/9/")).status == 404


def test_a_group_is_paged_and_mended_on_its_own_page(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, *[f"Sam,Lee{n},,none-{n},,100001,,,," for n in range(60)])
    group = page_of(ada, run_id).link("Show all 60")
    first = ada.get(group)
    second = ada.get(group + first.link("Next"))
    assert (len(first.rows()), len(second.rows())) == (50, 10)
    answer = ada.post(group, **{**fields_of(first), "cell-2-3": "sam.lee@abbey.example"})
    assert answer.leads_to == group
    assert "Being checked" in ada.get(group).text
    runs.check(run_id)
    assert "59" in ada.get(group).text


def test_a_group_that_is_mended_leads_on(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    page = ada.get(address_of(run_id, "findings/fault/not-an-address/"))
    assert "Nothing of this kind is left." in page.text
    assert ada.get(address_of(run_id, "findings/nonsense/not-an-address/")).status == 404


def test_a_question_is_answered_for_one_row(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, OTHER, ANOTHER)
    page = page_of(ada, run_id)
    assert "Yes, the same person" in page.text
    save(ada, run_id, page, **{"answer-2-name-differs": "yes", "answer-3-name-differs": "no"})
    runs.check(run_id)
    page = page_of(ada, run_id)
    assert "Questions for you" not in page.text
    assert "Names that differ from the one on record, row 2 Yes, the same person" in page.text
    assert "row 3 No, leave this row out" in page.text
    assert Import.objects.get().summary["refused"] == 1


def test_all_questions_of_a_kind_are_answered_at_once_and_taken_back(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, OTHER, ANOTHER)
    page = page_of(ada, run_id)
    assert "Yes, each is the same person" in page.text
    save(ada, run_id, page, **{"answer-all": "name-differs:yes:2"})
    runs.check(run_id)
    assert Import.objects.get().state == State.READY
    page = page_of(ada, run_id)
    fields = {"seen": fields_of(page, "/save/")["seen"], "take-back": "name-differs:0"}
    assert ada.post(address_of(run_id, "save/"), **fields).status == 302
    runs.check(run_id)
    assert Import.objects.get().state == State.NEEDS_PERSON
    assert not ImportAnswer.objects.exists()


def test_a_removed_link_is_restored_by_a_yes(cast, browse):
    revoke([Grant.objects.get(user=cast.dora).pk], by=cast.as_ada)
    ada = browse(cast.ada)
    run_id = upload(ada, "Dora,Teague,,dora@abbey.example,,100001,,,,")
    page = page_of(ada, run_id)
    assert "Links that somebody removed" in page.text
    save(ada, run_id, page, **{"answer-2-removed-before": "yes"})
    runs.check(run_id)
    apply(ada, run_id)
    assert scope.may_see(cast.dora.pk, cast.amira.pk)


def test_s57_what_somebody_else_decided_meanwhile_is_not_overwritten_and_nothing_typed_is_lost(
    cast, browse
):
    ada, other = browse(cast.ada), browse(cast.ada)
    run_id = upload(ada, FAULTY)
    old = page_of(ada, run_id)
    save(other, run_id, **{"cell-2-3": "theirs@abbey"})
    runs.check(run_id)
    page = save(ada, run_id, old, **{"cell-2-3": "mine@abbey.example"})
    assert page.status == 409
    assert "What you typed is kept below" in page.text
    assert fields_of(page, "/save/")["cell-2-3"] == "mine@abbey.example"
    assert [mend.value for mend in ImportMend.objects.all()] == ["theirs@abbey"]
    # Sent again from the page that shows how things stand, it is saved.
    assert save(ada, run_id, page, **{"cell-2-3": "mine@abbey.example"}).status == 302
    assert [mend.value for mend in ImportMend.objects.all()] == ["mine@abbey.example"]


def test_s57_an_answer_to_a_question_that_is_another_by_now_is_refused(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, OTHER)
    old = page_of(ada, run_id)
    User.objects.filter(pk=cast.dora.pk).update(first_name="Nadia", last_name="Poe", last_key="poe")
    # Nothing was asked for: only the data changed, and it is checked anew.
    Import.objects.update(state=State.CHECKING)
    runs.check(run_id)
    page = save(ada, run_id, old, **{"answer-2-name-differs": "yes"})
    assert page.status == 409
    assert not ImportAnswer.objects.exists()


def test_s57_a_yes_to_all_is_no_answer_to_a_question_that_came_up_since(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, OTHER, ANOTHER, "Noor,Rahman,,noor@example.org,,100001,,,,")
    old = page_of(ada, run_id)
    poe = {"first_name": "Nadia", "first_key": "nadia", "last_name": "Poe", "last_key": "poe"}
    User.objects.filter(pk=cast.noor.pk).update(**poe)
    Import.objects.update(state=State.CHECKING)
    runs.check(run_id)
    assert save(ada, run_id, old, **{"answer-all": "name-differs:yes:2"}).status == 409
    assert not ImportAnswer.objects.exists()
    assert save(ada, run_id, **{"answer-all": "name-differs:yes:3"}).status == 302


def test_s42_after_a_mend_or_an_answer_the_old_preview_cannot_be_applied(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE, FAULTY, OTHER)
    old = fields_of(page_of(ada, run_id), "/apply/")
    save(ada, run_id, **{"cell-3-0": "Sam", "cell-3-3": "sam@abbey.example"})
    assert ada.post(address_of(run_id, "apply/"), **old).status == 409
    runs.check(run_id)
    assert ada.post(address_of(run_id, "apply/"), **old).status == 409
    save(ada, run_id, **{"answer-4-name-differs": "yes"})
    runs.check(run_id)
    assert ada.post(address_of(run_id, "apply/"), **old).status == 409
    assert not User.objects.filter(email="grace@abbey.example").exists()
    assert apply(ada, run_id).status == 302
    assert User.objects.filter(email="sam@abbey.example").exists()


def test_s42_what_another_user_changed_is_shown_before_it_is_applied(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, GRACE)
    fields = fields_of(page_of(ada, run_id), "/apply/")
    factories.episode(cast.ben)  # Grace would now see Ben too
    assert ada.post(address_of(run_id, "apply/"), **fields).status == 302
    runs.apply(run_id)
    assert not User.objects.filter(email="grace@abbey.example").exists()
    page = page_of(ada, run_id)
    assert "Look at the preview again: something has changed since it was shown." in page.text
    assert "Access gained: 1 before, 2 now." in page.text
    assert ada.post(address_of(run_id, "apply/"), **fields).status == 409


def test_s30_a_form_reaches_no_cell_that_the_file_does_not_have(cast, browse):
    ada = browse(cast.ada)
    run_id = upload(ada, FAULTY)
    for name in ("cell-2-99", "cell-77-0", "cell-1-0"):
        assert save(ada, run_id, **{name: "x", "was" + name[4:]: ""}).status == 409
    assert not ImportMend.objects.exists()


@pytest.mark.parametrize("more", [1, 3])
def test_query_count_of_a_group(cast, browse, count_queries, more):
    ada = browse(cast.ada)
    run_id = upload(ada, *[f"Sam,Lee{n},,none-{n},,100001,,,," for n in range(more)])
    with count_queries(17):
        ada.get(address_of(run_id, "findings/fault/not-an-address/"))


@pytest.mark.parametrize("more", [1, 3])
def test_query_count_of_the_page_with_faults_and_questions(cast, browse, count_queries, more):
    ada = browse(cast.ada)
    faulty = [f"Sam,Lee{n},,none-{n},,100001,,,," for n in range(more)]
    run_id = upload(ada, GRACE, *faulty, *[OTHER, ANOTHER, NOOR_DIFFERS][:more])
    with count_queries(38, events=1):
        page_of(ada, run_id)
