"""Selecting the pupils of a user in two panes (LAC10)."""

from __future__ import annotations

import re

import pytest

from schoolgate.access.actions import deny, revoke
from schoolgate.access.models import Grant
from schoolgate.access.roles import LA_USER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending
from schoolgate.web.views.user_pupils import MOST
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def panes(page) -> tuple[list[str], list[str]]:
    """Who is available and who is selected, by last name."""
    body = page.bytes.decode()
    left, right = body.split('id="selected"')
    find = r'<label class="govuk-label govuk-checkboxes__label"[^>]*>(\w[\w’]*), '
    return re.findall(find, left), re.findall(find, right)


def at(user) -> str:
    return f"/settings/users/{user.pk}/pupils/select/"


def moved(browser, page_or_address, user, **query):
    """Press one of the buttons of the page at this address, and see where it leads."""
    kept = page_or_address.hidden() if hasattr(page_or_address, "hidden") else {}
    answer = browser.client.get(at(user), {**kept, **query})
    assert answer.status_code == 302
    return browser.get(answer.headers["Location"])


def saved(browser, page, **more):
    """Continue to the preview, and press Save there; the preview and the answer."""
    preview = browser.get(page.link("Continue"))
    return preview, save(browser, preview, **more)


def save(browser, preview, **more):
    action = re.search(r'<form method="post" action="([^"]*select|[^"]*save[^"]*)"', text(preview))
    assert action
    where = action[1].replace("&amp;", "&")
    return browser.post(where, **{**preview.hidden(), "step": "save", **more})


def text(page) -> str:
    return page.bytes.decode()


def test_the_panes_hold_everybody_once(cast, browse, views_of):
    page = browse(cast.ada).get(at(cast.sara))
    assert panes(page) == (["Fielding", "Morgan", "Price"], ["Haddad", "O’Connor"])
    (event,) = views_of(cast.ada)
    assert {int(pk) for pk in event.pupils.split(",")} == {p.pk for p in cast.pupils}


def test_search_in_each_pane(cast, browse):
    page = browse(cast.ada).get(at(cast.sara), q="mor", s="o’c")
    assert panes(page) == (["Morgan"], ["O’Connor"])
    page = browse(cast.ada).get(at(cast.sara), q="zzz")
    assert "none of these pupils has a last name or UPN that begins with “zzz”" in page.text


def test_adding_and_removing_is_kept_through_searches_and_saved_at_once(cast, browse):
    ada = browse(cast.ada)
    page = ada.get(at(cast.sara))
    page = moved(ada, page, cast.sara, do="add", tick=[cast.ben.pk, cast.carys.pk])
    assert panes(page) == (["Price"], ["Fielding", "Haddad", "Morgan", "O’Connor"])
    page = moved(ada, page, cast.sara, do="search", q="pri")
    page = moved(ada, page, cast.sara, do="remove", untick=[cast.amira.pk, cast.carys.pk])
    assert "1 pupil to add, 1 pupil to remove." in page.text
    assert seen_by(cast.sara) == "Amira Eve"

    preview, answer = saved(ada, page)
    assert ["Fielding, Ben", "Not linked", "Linked"] in preview.rows()
    assert ["Haddad, Amira", "Linked", "Not linked"] in preview.rows()
    for words in ("They would gain 1 child. Fielding, Ben", "They would lose 1 child. Haddad"):
        assert words in preview.text
    assert answer.leads_to == f"/settings/users/{cast.sara.pk}/"
    assert seen_by(cast.sara) == "Ben Eve"
    gone = Grant.objects.get(user=cast.sara, pupil=cast.amira)
    assert gone.ended_how == Ending.REMOVED
    last = Event.objects.latest("pk").batch_id
    assert Event.objects.filter(batch_id=last).count() == 3  # and the role that waited


def test_nothing_ticked_is_said(cast, browse):
    ada = browse(cast.ada)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="add")
    assert "Tick one pupil or more first" in page.text
    assert 'role="button" data-module="govuk-button">Continue' not in text(page)


def test_the_back_button_of_the_preview_keeps_the_selection(cast, browse):
    ada = browse(cast.ada)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="add", tick=[cast.ben.pk])
    preview = ada.get(page.link("Continue"))
    answer = save(ada, preview, step="change")
    assert "Fielding" in panes(ada.get(answer.leads_to))[1]


def test_assigning_to_an_la_user_changes_the_order_and_no_access(cast, browse):
    ada = browse(cast.ada)
    page = ada.get(at(cast.liam))
    assert panes(page)[1] == ["Fielding"]
    page = moved(ada, page, cast.liam, do="add", tick=[cast.eve.pk])
    preview, _ = saved(ada, page)
    assert "They see every pupil, as before." in preview.text
    assert "those assigned to them come first" in preview.text
    first = browse(cast.liam).get("/").rows()[:2]
    assert [row[0].split(",")[0] for row in first] == ["Fielding", "O’Connor"]


def test_a_role_without_pupils_is_kept(cast, browse):
    ada = browse(cast.ada)
    both = [cast.amira.pk, cast.eve.pk]
    waiting = Grant.objects.get(user=cast.sara, pupil=None)
    revoke([waiting.pk], by=SYSTEM)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="remove", untick=both)
    saved(ada, page)
    (kept,) = Grant.objects.filter(user=cast.sara, ended_at=None)
    assert (kept.role, kept.pupil_id) == (SOCIAL_WORKER.code, None)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="add", tick=[cast.ben.pk])
    saved(ada, page)
    kept.refresh_from_db()
    assert kept.ended_how == Ending.REPLACED
    assert seen_by(cast.sara) == "Ben"


def test_a_link_that_a_person_removed_is_asked_about(cast, browse):
    ada = browse(cast.ada)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="remove", untick=[cast.amira.pk])
    saved(ada, page)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="add", tick=[cast.amira.pk])
    preview, answer = saved(ada, page)
    assert "somebody has removed Amira Haddad from Sara Lindqvist" in preview.text
    assert "Tick “Yes, Amira Haddad is to be theirs again”" in answer.text
    assert seen_by(cast.sara) == "Eve"
    save(ada, answer, yes=[f"removed-{cast.amira.pk}"])
    assert seen_by(cast.sara) == "Amira Eve"


def test_s35_who_is_kept_from_the_reader_is_not_there(cast, browse, views_of):
    factories.restriction(cast.ada, cast.amira)
    factories.restriction(cast.ada, cast.carys)
    ada = browse(cast.ada)
    page = ada.get(at(cast.sara))
    assert panes(page) == (["Fielding", "Price"], ["O’Connor"])
    sneaky = f"{cast.carys.pk}.{cast.ben.pk}"
    page = ada.get(at(cast.sara), add=sneaky, remove=str(cast.amira.pk))
    assert "1 pupil to add, 0 pupils to remove." in page.text
    preview, _ = saved(ada, page)
    assert "Morgan" not in preview.text and "Haddad" not in preview.text
    assert seen_by(cast.sara) == "Amira Ben Eve"
    told = {event.pupil_id for event in views_of(cast.ada)} | {
        int(pk) for event in views_of(cast.ada) for pk in event.pupils.split(",") if pk
    }
    assert not told & {cast.amira.pk, cast.carys.pk}


def test_s57_a_selection_made_while_another_changes_it_is_shown_again(cast, browse):
    slow, quick = browse(cast.ada), browse(cast.ada)
    page = moved(slow, slow.get(at(cast.sara)), cast.sara, do="add", tick=[cast.ben.pk])
    preview = slow.get(page.link("Continue"))
    other = moved(quick, quick.get(at(cast.sara)), cast.sara, do="add", tick=[cast.carys.pk])
    saved(quick, other)
    answer = save(slow, preview)
    assert "something has changed since you looked" in answer.text
    assert seen_by(cast.sara) == "Amira Carys Eve"
    save(slow, answer)
    assert seen_by(cast.sara) == "Amira Ben Carys Eve"


def test_two_who_add_the_same_pupil_make_one_link(cast, browse):
    ada = browse(cast.ada)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="add", tick=[cast.ben.pk])
    preview = ada.get(page.link("Continue"))
    factories.grant(cast.sara, SOCIAL_WORKER, pupil=cast.ben)
    answer = save(ada, preview)
    assert "Nothing has been chosen that is different" in answer.text
    assert Grant.objects.filter(user=cast.sara, pupil=cast.ben).count() == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dora", "the pupils who are in care now and on roll now at Abbey Primary School."),
        ("ada", "Ada Osei sees every pupil on the register."),
    ],
)
def test_pupils_that_follow_from_the_register_are_a_list_with_the_reason(
    cast, browse, name, reason
):
    user = getattr(cast, name)
    ada = browse(cast.ada)
    assert ada.get(at(user)).leads_to == f"/settings/users/{user.pk}/pupils/"
    page = ada.get(f"/settings/users/{user.pk}/pupils/")
    assert reason in page.text
    assert "Nobody adds or removes" in page.text or "nobody adds or removes" in page.text
    assert "Select pupils" not in page.text
    assert ada.post(f"/settings/users/{user.pk}/pupils/save/", step="save").status == 404


def test_one_with_both_roles_chooses_which(cast, browse):
    factories.grant(cast.sara, LA_USER)
    page = browse(cast.ada).get(at(cast.sara))
    assert page.link("Pupils of theirs as LA User") == "?role=la_user"
    page = browse(cast.ada).get(at(cast.sara), role="la_user")
    assert panes(page)[1] == []


def test_an_inactive_user_gains_nobody_yet(cast, browse):
    deny([cast.sara.pk], by=SYSTEM)
    ada = browse(cast.ada)
    page = moved(ada, ada.get(at(cast.sara)), cast.sara, do="add", tick=[cast.ben.pk])
    preview, _ = saved(ada, page)
    assert "They are inactive, and see nobody until somebody reactivates them." in preview.text
    assert "Nothing changes" in preview.text


def test_too_many_at_once_are_told_to_be_saved_first(cast, browse):
    pupils = [factories.pupil(first_name=f"P{n}") for n in range(MOST + 1)]
    ada = browse(cast.ada)
    page = moved(ada, "", cast.sara, do="add", tick=[p.pk for p in pupils])
    assert "Save these first" in page.text
    assert "Nothing has been changed yet." in page.text
    page = moved(ada, "", cast.sara, do="add", tick=[p.pk for p in pupils[:MOST]])
    assert f"{MOST} pupils to add" in page.text
    saved(ada, page)
    assert Grant.objects.filter(user=cast.sara, ended_at=None).count() == MOST + 2


def test_pages_in_a_pane_keep_the_selection(cast, browse):
    for n in range(30):
        factories.pupil(first_name=f"P{n:02}", last_name="Zed")
    ada = browse(cast.ada)
    page = moved(ada, "", cast.sara, do="add", tick=[cast.ben.pk])
    page = ada.get(at(cast.sara) + page.link("Next"))
    left, right = panes(page)
    assert len(left) == 7 and set(left) == {"Zed"}
    assert right == ["Fielding", "Haddad", "O’Connor"]


@pytest.mark.parametrize("text", ["x", "1.x", "9" * 40, "-1", "1,2", "²"])
def test_nonsense_in_the_address_is_nothing(cast, browse, text):
    page = browse(cast.ada).get(at(cast.sara), add=text, remove=text, tick=text, role=text)
    assert page.status == 200


@pytest.mark.parametrize("more", [0, 2])
def test_query_count(cast, browse, count_queries, more):
    for n in range(more):
        factories.enrolment(factories.pupil(last_name=f"M{n}"), cast.abbey)
        factories.grant(cast.sara, SOCIAL_WORKER, pupil=factories.pupil())
    ada = browse(cast.ada)
    with count_queries(25, events=1):
        ada.get(at(cast.sara))
