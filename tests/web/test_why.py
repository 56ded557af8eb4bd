"""Why can, or can't, this person see this child?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.actions import allow, deny, revoke
from schoolgate.access.families import NewLink, connect, disconnect
from schoolgate.access.models import Grant, Restriction
from schoolgate.access.restrictions import lift_restrictions
from schoolgate.access.roles import DESIGNATED_TEACHER, PARENT, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.dates import in_words
from schoolgate.schools.models import Organisation
from tests import factories
from tests.web.browsing import masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

DORA = "dora@abbey.example"


def test_the_question_leads_to_an_address_of_ids_only(cast, browse):
    page = browse(cast.ada).post(f"/pupils/{cast.carys.pk}/why/", user="Dora@abbey.example", on="")
    assert page.leads_to == f"/pupils/{cast.carys.pk}/why/{cast.dora.pk}/"


def test_no_and_what_bears_on_it(cast, browse):
    page = browse(cast.ada).get(f"/pupils/{cast.carys.pk}/why/{cast.dora.pk}/")
    assert "No, Dora Teague cannot see Carys Morgan" in page.text
    row = page.rows()[0]
    assert row[:3] == [
        "Designated Teacher", "Abbey Primary School", "No This child is not on roll there",
    ]  # fmt: skip


def test_yes(cast, browse):
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert "Yes, Dora Teague can see Amira Haddad." in page.text
    assert page.rows()[0][2] == "Yes"


def test_a_restriction_and_a_denial_are_told(cast, browse):
    factories.restriction(cast.dora, cast.amira, reason="Order 12 of 2026")
    deny([cast.dora.pk], by=SYSTEM)
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert "Order 12 of 2026" in page.text
    assert "Dora Teague has been inactive since" in page.text


def test_on_a_past_day(clock, cast, browse):
    began = clock.today
    clock.wait(days=3)
    factories.restriction(cast.dora, cast.amira)
    browser = browse(cast.ada)
    address = f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/"
    assert "No, Dora" in browser.get(address).text
    page = browser.post(
        f"/pupils/{cast.amira.pk}/why/", user="dora@abbey.example", on=f"{began:%d/%m/%Y}"
    )
    assert page.leads_to == f"{address}?on={began.isoformat()}"
    page = browser.get(page.leads_to)
    assert "Yes, Dora Teague can see Amira Haddad." in page.text
    assert "at the end of 2 March 2026" in page.text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"user": "", "on": ""}, "Enter the name, e-mail address or user name of a user."),
        ({"user": "nobody@x.example", "on": ""}, "nobody here has “nobody@x.example”"),
        ({"user": "dora@abbey.example", "on": "yesterday"}, "in place of “yesterday”"),
        ({"user": "dora@abbey.example", "on": "TOMORROW"}, "Enter a day that has been"),
    ],
)
def test_mistakes_are_named_and_nothing_is_lost(cast, browse, fields, sentence):
    tomorrow = f"{timezone.localdate() + timedelta(days=1):%d/%m/%Y}"
    fields = {name: value.replace("TOMORROW", tomorrow) for name, value in fields.items()}
    page = browse(cast.ada).post(f"/pupils/{cast.amira.pk}/why/", **fields)
    assert page.status == 200
    assert page.title.startswith("Error: ")
    assert sentence in page.text
    for value in filter(None, fields.values()):
        assert f'value="{value}"'.encode() in page.bytes


@pytest.mark.parametrize("day", ["x", "2026-13-01", "0000-00-00", "99999-01-01"])
def test_a_day_that_is_none_means_today(cast, browse, day):
    page = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/", on=day)
    assert "This is so now." in page.text


def test_a_user_who_is_not_there_is_a_missing_page(cast, browse):
    assert browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/999999/").status == 404


def test_a_name_that_fits_one_user_will_do(cast, browse):
    for text in (
        "teague",
        "Dora Teague",
        "Teague, Dora",
        "dora@",
        "Dora Teague, dora@abbey.example",
    ):
        page = browse(cast.ada).post(f"/pupils/{cast.carys.pk}/why/", user=text, on="")
        assert page.leads_to == f"/pupils/{cast.carys.pk}/why/{cast.dora.pk}/", text


def test_a_name_that_fits_several_gives_a_list_to_choose_from(cast, browse):
    other = factories.user(first_name="Dorian", last_name="Teague")
    ada = browse(cast.ada)
    page = ada.post(f"/pupils/{cast.carys.pk}/why/", user="teague", on="")
    assert "Choose the one you mean: “teague” fits 2 users." in page.text
    assert "Dorian Teague, dorian.teague" in page.text
    chosen = {"user": "teague", "user_for": "teague", "user_chosen": str(other.pk), "on": ""}
    page = ada.post(f"/pupils/{cast.carys.pk}/why/", **chosen)
    assert page.leads_to == f"/pupils/{cast.carys.pk}/why/{other.pk}/"
    # Words typed since are what counts.
    page = ada.post(f"/pupils/{cast.carys.pk}/why/", **{**chosen, "user": "marsh"})
    assert page.leads_to == f"/pupils/{cast.carys.pk}/why/{cast.theo.pk}/"


def test_s29_suggestions_are_for_those_who_may_ask(cast, browse):
    found = browse(cast.ada).get("/settings/users/suggest/", q="tea").response.json()
    assert found == {"found": ["Dora Teague, dora@abbey.example"]}
    assert browse(cast.ada).get("/settings/users/suggest/").response.json() == {"found": []}
    for user in (cast.dora, cast.sara, cast.liam, cast.noor):
        nothing = browse(user).get("/there/is/no/such/page/")
        for address in ("/settings/users/suggest/", "/settings/pupils/suggest/"):
            page = browse(user).get(address, q="tea")
            assert page.status == 404
            assert masked(page.response) == masked(nothing.response)


def test_s35_pupils_are_suggested_within_the_readers_scope(cast, browse, views_of):
    upn = cast.carys.identifiers.get().value
    ada = browse(cast.ada)
    for text in ("mor", upn, upn.lower(), "Carys Morgan"):
        found = ada.get("/settings/pupils/suggest/", q=text).response.json()
        assert found == {"found": [f"Carys Morgan, {upn}"]}, text
    assert {event.pupil_id for event in views_of(cast.ada)} == {cast.carys.pk}
    factories.restriction(cast.ada, cast.carys)
    for text in ("mor", upn, f"Carys Morgan, {upn}"):
        assert ada.get("/settings/pupils/suggest/", q=text).response.json() == {"found": []}


def test_why_from_the_page_of_a_user(cast, browse):
    ada = browse(cast.ada)
    address = ada.get(f"/settings/users/{cast.dora.pk}/").link("Why can, or can’t, Dora")
    upn = cast.carys.identifiers.get().value
    for text in ("morgan", upn, f"Carys Morgan, {upn}"):
        page = ada.post(address, pupil=text, on="")
        assert page.leads_to == f"/pupils/{cast.carys.pk}/why/{cast.dora.pk}/"
    page = ada.post(address, pupil="morgan", on="1/1/2026")
    assert page.leads_to.endswith("?on=2026-01-01")


def test_a_pupil_whom_the_reader_may_not_see_is_not_found_from_there(cast, browse, views_of):
    factories.restriction(cast.ada, cast.carys)
    ada, address = browse(cast.ada), f"/settings/users/{cast.dora.pk}/why/"
    upn = cast.carys.identifiers.get().value
    for text in ("morgan", upn, f"Carys Morgan, {upn}"):
        foreign = ada.post(address, pupil=text, on="")
        assert "you see no pupil whose last name or UPN" in foreign.text
        missing = ada.post(address, pupil="x" * len(text), on="")
        assert masked(foreign.response).replace(text.encode(), b"") == masked(
            missing.response
        ).replace(b"x" * len(text), b"")
    chosen = {"pupil_for": "morgan", "pupil_chosen": str(cast.carys.pk)}
    assert "you see no pupil" in ada.post(address, pupil="morgan", on="", **chosen).text
    assert views_of(cast.ada) == []


def test_namesakes_to_choose_from_are_one_event(cast, browse, views_of):
    twin = factories.pupil(first_name="Cai", last_name="Morgan")
    page = browse(cast.ada).post(f"/settings/users/{cast.dora.pk}/why/", pupil="morgan", on="")
    assert "fits 2 pupils" in page.text
    (event,) = views_of(cast.ada)
    assert {int(pk) for pk in event.pupils.split(",")} == {twin.pk, cast.carys.pk}
    chosen = {"pupil": "morgan", "pupil_for": "morgan", "pupil_chosen": str(twin.pk), "on": ""}
    page = browse(cast.ada).post(f"/settings/users/{cast.dora.pk}/why/", **chosen)
    assert page.leads_to == f"/pupils/{twin.pk}/why/{cast.dora.pk}/"


def test_who_recorded_what_and_what_became_of_it(clock, cast, browse):
    clock.wait(days=1)
    factories.restriction(cast.dora, cast.amira, reason="Order 7", by=cast.as_ada)
    first = Restriction.objects.get(reason="Order 7")
    clock.wait(days=1)
    lift_restrictions([first.pk], by=cast.as_ada)
    deny([cast.dora.pk], by=cast.as_ada)
    clock.wait(days=1)
    allow([cast.dora.pk], by=cast.as_ada)
    revoke(list(Grant.objects.filter(user=cast.dora).values_list("pk", flat=True)), by=cast.as_ada)
    text = browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/").text
    today = in_words(clock.today)
    assert f"No Was removed on {today} Taken away by Ada Osei, {today}" in text
    assert "Restriction: Order 7" in text
    assert "Taken away by Ada Osei, 4 March 2026" in text
    assert "Made inactive" in text
    assert "On roll at Abbey Primary School" in text


def test_what_was_recorded_since_is_told_and_counts_for_nothing(clock, cast, browse):
    began = clock.today
    clock.wait(days=4)
    factories.grant(cast.noor, SOCIAL_WORKER, pupil=cast.amira, by=cast.as_ada)  # backdated
    address = f"/pupils/{cast.amira.pk}/why/{cast.noor.pk}/"
    ada = browse(cast.ada)
    assert "Yes, Noor Rahman can see Amira Haddad." in ada.get(address).text
    page = ada.get(address, on=began.isoformat())
    assert "No, Noor Rahman cannot see Amira Haddad" in page.text
    assert "Recorded since, and not known then" in page.text
    assert "Social Worker, This pupil" in page.text


@pytest.mark.parametrize("more", [1, 3])
def test_query_count(cast, browse, count_queries, more):
    for number in range(more):
        school = factories.establishment()
        factories.grant(cast.dora, DESIGNATED_TEACHER, school=school)
        factories.restriction(cast.dora, cast.amira, reason=f"Order {number}")
    browser = browse(cast.ada)
    with count_queries(31, events=1):
        browser.get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")


def test_one_event_a_view(cast, browse, views_of):
    browse(cast.ada).get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/")
    assert [(e.kind, e.pupil_id) for e in views_of(cast.ada)] == [("why", cast.amira.pk)]


def test_nothing_that_was_backdated_bears_on_the_answer_of_a_past_day(clock, cast, browse):
    began = clock.today
    clock.wait(days=4)
    factories.restriction(cast.dora, cast.amira, reason="Order 9", since=began - timedelta(days=9))
    deny([cast.dora.pk], by=cast.as_ada)
    factories.grant(cast.dora, SOCIAL_WORKER, pupil=cast.amira)
    factories.enrolment(cast.amira, factories.establishment(name="Hilltop School"))
    factories.episode(cast.amira, since=began - timedelta(days=99))
    page = browse(cast.ada).get(
        f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/", on=began.isoformat()
    )
    assert "Yes, Dora Teague can see Amira Haddad." in page.text
    then, since = page.text.split("Recorded since, and not known then")
    assert "Order 9" in since
    assert "Social Worker, This pupil" in since
    assert "Restriction" not in then
    assert "inactive" not in then
    assert "Social Worker" not in then
    assert "Hilltop" not in page.text
    assert page.text.count("In care") == 1


def test_a_licence_is_named_with_the_relationship_and_what_became_of_it(cast, browse):
    hana = factories.user(first_name="Hana", last_name="Haddad")
    link = NewLink(hana.pk, cast.amira.pk, PARENT.code, "Mother", timezone.localdate())
    connect([link], by=cast.as_ada)
    browser, address = browse(cast.ada), f"/pupils/{cast.amira.pk}/why/{hana.pk}/"
    page = browser.get(address)
    assert "Yes, Hana Haddad can see Amira Haddad." in page.text
    assert page.rows()[0][:3] == ["Parent/Guardian (Mother)", "This pupil", "Yes"]
    assert "cannot sign in: parent access is off" in page.text
    Organisation.objects.update_or_create(defaults={"parent_access": True})
    cast.abbey.parent_access = True
    cast.abbey.save()
    assert "parent access is off" not in browser.get(address).text
    factories.restriction(hana, cast.amira, reason="Order 12")
    page = browser.get(address)
    assert "No, Hana Haddad cannot see Amira Haddad: a restriction stands between" in page.text
    assert "Order 12" in page.text
    disconnect([Grant.objects.get(user=hana).pk], by=cast.as_ada)
    assert "Was removed on" in browser.get(address).rows()[0][2]
