"""Settings > Events."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.utils import timezone

from schoolgate.access import families
from schoolgate.access.actions import deny
from schoolgate.access.families import NewFact, NewLink
from schoolgate.access.models import Fact, Grant
from schoolgate.access.roles import PARENT
from schoolgate.audit.actions import user_actor, viewed
from schoolgate.audit.models import Event
from schoolgate.kit.csv_text import unguard
from schoolgate.web.views import events
from tests import factories
from tests.web.browsing import masked


def test_newest_first_who_what_and_which(cast, browse):
    factories.restriction(cast.dora, cast.amira, by=cast.as_ada)
    row = browse(cast.ada).get("/settings/events/").rows()[0]
    assert row[1:] == ["Ada Osei", "Restricted", "Dora Teague , Amira Haddad"]


def test_a_list_is_told_by_its_count(cast, browse):
    browse(cast.ada).get("/pupils/")
    row = browse(cast.ada).get("/settings/events/").rows()[0]
    assert row[1:] == ["Ada Osei", "Viewed a list of pupils", "5 pupils"]


def test_a_child_kept_from_the_reader_is_not_named(cast, browse):
    factories.restriction(cast.ada, cast.amira)
    page = browse(cast.ada).get("/settings/events/")
    assert "Amira" not in page.text
    assert f"Pupil {cast.amira.pk}" in page.text


def test_showing_children_here_is_an_event_too(cast, browse, views_of):
    factories.restriction(cast.dora, cast.amira)
    browse(cast.ada).get("/settings/events/")
    (event,) = views_of(cast.ada)
    assert event.kind == "events"
    assert str(cast.amira.pk) in (event.pupils or str(event.pupil_id)).split(",")


def test_pages_go_on_and_back_by_key(cast, browse):
    for n in range(40):
        factories.restriction(cast.dora, cast.amira, reason=f"Court order {n}")
    ada = browse(cast.ada)
    first = ada.get("/settings/events/")
    second = ada.get("/settings/events/" + first.link("Next"))
    assert len(first.rows()) == 50
    again = ada.get("/settings/events/" + second.link("Previous"))
    # Each look is an event itself and comes before what was first.
    assert again.rows()[0] == first.rows()[0]


@pytest.mark.parametrize("more", [1, 3])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        factories.restriction(factories.user(), cast.amira)
    browser = browse(cast.ada)
    with count_queries(20, events=1):
        browser.get("/settings/events/")


# Filters.


def told(page) -> list[list[str]]:
    """Who, what and which record, of each event on the page."""
    return [row[1:] for row in page.rows()]


@pytest.fixture
def ada_did(cast):
    """Two things that Ada did and one that Liam saw."""
    factories.restriction(cast.dora, cast.amira, by=cast.as_ada)
    deny([cast.theo.pk], by=cast.as_ada)
    viewed(
        by=user_actor(cast.liam.pk), kind="list", object_id=None,
        pupil_ids=[cast.amira.pk, cast.ben.pk],
    )  # fmt: skip
    return cast


RESTRICTED = ["Ada Osei", "Restricted", "Dora Teague , Amira Haddad"]
DENIED = ["Ada Osei", "Made inactive", "Theo Marsh"]
SAW = ["Liam Novak", "Viewed a list of pupils", "2 pupils"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"what": "restrictions"}, [RESTRICTED]),
        ({"what": "active"}, [DENIED]),
        ({"who": "liam@council.example"}, [SAW]),
        ({"who": "Novak"}, [SAW]),
        ({"who": "Liam Novak, liam@council.example"}, [SAW]),
        ({"who": "osei", "what": "active"}, [DENIED]),
        ({"child": "Fielding", "what": "viewed"}, [SAW]),
        ({"child": "Amira Haddad", "what": "restrictions"}, [RESTRICTED]),
        ({"child": "Haddad", "what": "active"}, []),
        ({"who": "novak", "until": "1/1/2001"}, []),
        ({"who": "novak", "since": "1/1/2001"}, [SAW]),
    ],
)
def test_filters_alone_and_together(ada_did, browse, filters, expected):
    assert told(browse(ada_did.ada).get("/settings/events/", **filters)) == expected


def test_a_child_by_identifier_and_from_the_link_on_its_page(ada_did, browse):
    ada, upn = browse(ada_did.ada), ada_did.ben.identifiers.get().value
    link = ada.get(f"/pupils/{ada_did.ben.pk}/").link("Events about this child")
    assert link == f"/settings/events/?pupil={ada_did.ben.pk}"
    by_link = ada.get(link)
    assert SAW in told(by_link)
    assert RESTRICTED not in told(by_link)
    assert SAW in told(ada.get("/settings/events/", child=upn.lower()))


def test_days_are_whole_days_of_the_organisation(clock, cast, browse):
    factories.restriction(cast.dora, cast.amira, by=cast.as_ada)
    day = clock.today
    clock.wait(days=1)
    deny([cast.theo.pk], by=cast.as_ada)
    ada = browse(cast.ada)
    only = {"since": day.isoformat(), "until": f"{day:%d/%m/%Y}", "who": "osei"}
    assert told(ada.get("/settings/events/", **only)) == [RESTRICTED]
    later = {"since": clock.today.isoformat(), "who": "osei"}
    assert told(ada.get("/settings/events/", **later, what="restrictions")) == []
    assert told(ada.get("/settings/events/", **later, what="active")) == [DENIED]


def test_the_system_is_somebody_too(ada_did, browse):
    page = browse(ada_did.ada).get("/settings/events/", who="Schoolgate", what="users")
    assert len(told(page)) == 6
    assert {row[0] for row in told(page)} == {"Schoolgate"}


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        ({"who": "nobody@x.example"}, "nobody here has “nobody@x.example”"),
        ({"child": "Nemo"}, "you see no pupil with “Nemo”"),
        ({"since": "soon"}, "in place of “soon”"),
        ({"since": "2/1/2026", "until": "1/1/2026"}, "Enter a last day that is not before"),
        ({"what": "everything"}, "Select a valid choice"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named_and_kept(ada_did, browse, filters, sentence):
    page = browse(ada_did.ada).get("/settings/events/", **filters)
    assert page.status == 200
    assert sentence in page.text
    assert told(page) == []
    for name, value in filters.items():
        if name != "what":
            assert f'value="{value}"'.encode() in page.bytes


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "987654"])
def test_a_number_that_no_child_has_finds_nothing(ada_did, browse, number):
    page = browse(ada_did.ada).get("/settings/events/", pupil=number)
    assert page.status == 200
    assert told(page) == []


def test_s35_a_child_whom_the_reader_may_not_see_is_not_found_by_a_filter(ada_did, browse):
    factories.restriction(ada_did.ada, ada_did.amira)
    ada, upn = browse(ada_did.ada), ada_did.amira.identifiers.get().value
    for address in ("/settings/events/", "/settings/events/export.csv"):
        foreign = ada.get(address, pupil=ada_did.amira.pk)
        missing = ada.get(address, pupil=987_654)
        own, other = str(ada_did.amira.pk).encode(), b"987654"
        assert masked(foreign.response).replace(own, b"") == masked(missing.response).replace(
            other, b""
        ).replace(own, b"")
        for text in (upn, "Haddad", "Amira Haddad"):
            page = ada.get(address, child=text)
            same = ada.get(address, child="z" * len(text))
            shown = masked(page.response)
            for typed in (text, text.replace(" ", "+")):
                shown = shown.replace(typed.encode(), b"")
            assert shown == masked(same.response).replace(b"z" * len(text), b"")
            assert b"Dora" not in shown


def test_pages_keep_the_filters(ada_did, browse):
    for n in range(60):
        factories.restriction(ada_did.dora, ada_did.ben, reason=f"Order {n}")
    ada = browse(ada_did.ada)
    first = ada.get("/settings/events/", what="restrictions", child="Fielding")
    second = ada.get("/settings/events/" + first.link("Next"))
    assert (len(first.rows()), len(second.rows())) == (50, 10)
    assert {row[2] for row in second.rows()} == {"Restricted"}


@pytest.mark.parametrize("more", [1, 3])
def test_query_count_with_every_filter(cast, browse, count_queries, more):
    for _ in range(more):
        factories.restriction(factories.user(), cast.amira, by=cast.as_ada)
    browser = browse(cast.ada)
    asked = {"who": "osei", "what": "restrictions", "child": "Haddad", "since": "1/1/2001"}
    with count_queries(27, events=1):
        page = browser.get("/settings/events/", **asked)
    assert len(page.rows()) == more


# The file.


def raw_rows_of(page) -> list[list[str]]:
    text = page.bytes.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def rows_of(page) -> list[list[str]]:
    return [[unguard(cell) for cell in row] for row in raw_rows_of(page)]


def test_the_file_has_what_the_page_has(ada_did, browse):
    ada = browse(ada_did.ada)
    page = ada.get("/settings/events/", who="osei", what="restrictions")
    file = ada.get(page.link("Download as CSV"))
    assert file.response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "events-" in file.response.headers["Content-Disposition"]
    heading, row = rows_of(file)
    assert heading == ["Event", "When", "Who", "What", "Which record"]
    assert row[2:] == ["Ada Osei", "Restricted", "Dora Teague, Amira Haddad"]


def test_the_file_is_complete_in_pieces(ada_did, browse, monkeypatch):
    monkeypatch.setattr(events, "CHUNK", 7)
    before = Event.objects.count()
    rows = rows_of(browse(ada_did.ada).get("/settings/events/export.csv"))[1:]
    assert len(rows) == len({row[0] for row in rows}) == before


def test_s54_the_file_is_one_event_that_names_every_child_in_it(ada_did, browse):
    browse(ada_did.ada).get("/settings/events/export.csv")
    event = Event.objects.latest("pk")
    assert (event.verb, event.kind) == ("exported", "events")
    assert {int(pk) for pk in event.pupils.split(",")} == {pupil.pk for pupil in ada_did.pupils}
    assert rows_of(browse(ada_did.ada).get("/settings/events/export.csv"))[1][3] == (
        "Downloaded a file of events"
    )


def test_s35_the_file_names_no_child_whom_the_reader_may_not_see(ada_did, browse):
    factories.restriction(ada_did.ada, ada_did.amira)
    file = browse(ada_did.ada).get("/settings/events/export.csv").bytes
    assert b"Amira" not in file
    assert f"Pupil {ada_did.amira.pk}" in file.decode()
    named = Event.objects.filter(verb="exported").latest("pk")
    assert str(ada_did.amira.pk) not in named.pupils.split(",")


def test_s49_names_that_begin_like_a_formula_are_inert_and_read_back(cast, browse):
    evil = '=HYPERLINK("http://x.example")'
    child = factories.pupil(first_name=evil, last_name="+1")
    user = factories.user(first_name="@SUM(1)", last_name="-2")
    factories.restriction(user, child, by=cast.as_ada)
    file = browse(cast.ada).get("/settings/events/export.csv", who="osei", what="restrictions")
    raw = raw_rows_of(file)
    assert not [cell for row in raw for cell in row if cell and cell[0] in "=+-@"]
    assert raw[1][4] == f"'@SUM(1) -2, {evil} +1"
    assert unguard(raw[1][4]) == f"@SUM(1) -2, {evil} +1"


def test_the_file_takes_a_handful_of_queries_a_piece(ada_did, browse, count_queries):
    browser = browse(ada_did.ada)
    with count_queries(24, events=1):
        rows_of(browser.get("/settings/events/export.csv"))


def test_days_as_far_as_they_go_are_days_like_others(cast, browse):
    ada = browse(cast.ada)
    assert ada.get("/settings/events/", since="01/01/0001", until="31/12/9999").rows()
    assert ada.get("/settings/events/", until="01/01/0001").rows() == []
    # What other systems write for "open".
    factories.restriction(cast.dora, cast.amira, until=date.max)
    child = factories.pupil()
    factories.episode(child, until=date.max)
    for address in (f"/pupils/{cast.amira.pk}/", f"/pupils/{child.pk}/", "/", "/pupils/"):
        assert ada.get(address).status == 200, address
    assert ada.get(f"/pupils/{cast.amira.pk}/why/{cast.dora.pk}/").status == 200


def test_s54_a_child_named_by_the_filter_alone_is_in_the_event(cast, browse, views_of):
    page = browse(cast.ada).get("/settings/events/", pupil=cast.amira.pk, what="exported")
    assert "There is no such event." in page.text
    assert "About Amira Haddad" in page.text
    (event,) = views_of(cast.ada)
    assert str(cast.amira.pk) in (event.pupils or str(event.pupil_id)).split(",")


def test_what_is_done_to_families_is_found_and_is_nothing_of_the_register(cast, browse):
    hana = factories.user(first_name="Hana", last_name="Haddad")
    factories.restriction(factories.user(first_name="Hana", last_name="Haddad"), cast.ben)
    today = timezone.localdate()
    links = [NewLink(hana.pk, p.pk, PARENT.code, None, today) for p in (cast.amira, cast.ben)]
    families.connect(links, by=cast.as_ada)
    grant = Grant.objects.get(user=hana, pupil=cast.amira)
    families.set_relationship([(grant.pk, "Mother")], by=cast.as_ada)
    row = NewFact(hana.pk, cast.amira.pk, Fact.CONTACT, True, today)
    families.set_facts([row], by=cast.as_ada)
    found = browse(cast.ada).get("/settings/events/", what="families").text
    register = browse(cast.ada).get("/settings/events/", what="register").text
    for words in (
        "Changed grant: relationship", "Recorded family fact: contact", "Held waiting connection",
    ):  # fmt: skip
        assert words in found
        assert words not in register
