"""Giving out sign-ins: whom, how many of each, the question, and how far it has come."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.utils import timezone
from pypdf import PdfReader

from schoolgate.access import credentials
from schoolgate.access.actions import deny
from schoolgate.access.roles import LA_SUPER_USER, PARENT, PUPIL
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.outbox.models import Mail
from schoolgate.people import printed_codes
from schoolgate.people.actions import set_password
from schoolgate.people.models import Invitation, LetterRun, PrintedCode, User
from schoolgate.schools.models import Pupil
from tests import factories
from tests.web.browsing import PASSWORD

pytestmark = pytest.mark.one_database

PAGE = "/settings/users/credentials/"


@pytest.fixture
def family(cast) -> dict[str, User]:
    """Parents of Amira (Abbey) and Carys (Brook), with and without e-mail address, and some whom
    nothing is given to."""
    people = {
        "mailed": factories.user(first_name="Mia", last_name="Mailed"),
        "paper": factories.user(first_name="Paula", last_name="Paper", email="", username="paula"),
        "brook": factories.user(first_name="Bob", last_name="Brook", email="", username="bob"),
        "set up": factories.user(first_name="Sam", email="", username="sam"),
        "denied": factories.user(first_name="Dan"),
        "pupil": factories.user(first_name="Amira", email="", username="amira"),
    }
    for name, user in people.items():
        child = cast.carys if name == "brook" else cast.amira
        factories.grant(user, PUPIL if name == "pupil" else PARENT, pupil=child)
    set_password(user=people["set up"], password=PASSWORD, by=SYSTEM)
    deny([people["denied"].pk], by=SYSTEM)
    Pupil.objects.filter(pk=cast.amira.pk).update(year="7", class_name="7B")
    return people


def begin(browser, how: str, **whom: str):
    """Go from the choice over the question to the page of the run."""
    shown = browser.get(PAGE, **whom).hidden()
    query = "&".join(f"{key}={value}" for key, value in {**shown, **whom, "how": how}.items())
    return browser.post(f"{PAGE}ask/?{query}")


def letters(browser, address: str) -> bytes:
    answer = browser.post(address.replace("/?", "/letters.pdf?")).response
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    return b"".join(answer.streaming_content)


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def test_it_says_how_many_there_are_of_each(family, cast, browse):
    page = browse(cast.ada).get(PAGE)
    assert "4 people are waiting" in page.text.replace("\xa0", " ")
    assert "1 with an e-mail address, 3 without" in page.text
    at_brook = browse(cast.ada).get(PAGE, school=str(cast.brook.pk))
    assert "1 person is waiting" in at_brook.text.replace("\xa0", " ")


def test_it_asks_first_and_then_does_both(family, cast, browse):
    browser = browse(cast.ada)
    shown = browser.get(PAGE).hidden()
    asked = browser.get(f"{PAGE}ask/", how="both", **shown)
    words = asked.text.replace("\xa0", " ")
    assert "Give out 4 sign-ins?" in words
    assert "1 invitation goes out by e-mail" in words
    assert "3 letters are made when you download them" in words
    assert not LetterRun.objects.exists()

    address = begin(browser, "both").leads_to
    assert list(Invitation.objects.values_list("user_id", flat=True)) == [family["mailed"].pk]
    shown = browser.get(address)
    assert "0 of 1 invitation sent" in shown.text.replace("\xa0", " ")
    assert "Download 3 letters" in shown.text.replace("\xa0", " ")
    assert not PrintedCode.objects.exists()


def test_the_file_has_a_page_for_each_sorted_by_school_and_class(family, cast, browse):
    browser = browse(cast.ada)
    address = begin(browser, "both").leads_to
    told = pages(letters(browser, address))
    assert [name for page in told for name in ("Amira", "Paula", "Bob") if name in page] == [
        "Paula", "Amira", "Bob",
    ]  # fmt: skip
    run = LetterRun.objects.get()
    assert (run.total, run.done, bool(run.finished_at)) == (3, 3, True)
    assert "3 of 3" in browser.get(address).text
    printed = Event.objects.filter(verb="printed").values_list("user_id", flat=True)
    assert set(printed) == {family[name].pk for name in ("pupil", "paper", "brook")}
    assert Event.objects.filter(verb="exported", kind="letters").count() == 1


def test_s20_making_the_file_again_revokes_the_codes_of_the_first(family, cast, browse):
    browser = browse(cast.ada)
    address = begin(browser, "letter", user=str(family["paper"].pk)).leads_to
    (first,), (second,) = (pages(letters(browser, address)) for _ in range(2))
    codes = [
        next(word for word in page.split() if word.count("-") == 2 and word.isupper())
        for page in (first, second)
    ]
    assert printed_codes.find(codes[0]) is None
    assert printed_codes.find(codes[1]) == PrintedCode.objects.get(ended_at=None)


def test_a_letter_names_no_child(family, cast, browse):
    browser = browse(cast.ada)
    (page,) = pages(
        letters(browser, begin(browser, "letter", user=str(family["paper"].pk)).leads_to)
    )
    assert "Paula Paper" in page
    assert "paula" in page
    assert cast.amira.first_name not in page
    assert cast.amira.last_name not in page


def test_by_mail_alone_those_without_an_address_are_left(family, cast, browse):
    browser = browse(cast.ada)
    address = begin(browser, "mail").leads_to
    run = LetterRun.objects.get()
    assert run.total == 0
    Mail.objects.update(state="sent")
    assert credentials.mails_of(run) == (1, 1, 0)
    page = browser.get(address)
    assert "1 of 1 invitation sent" in page.text.replace("\xa0", " ")
    assert "hx-get" not in page.bytes.decode()
    assert "Download" not in page.text


def test_s42_when_they_are_others_than_were_shown_nothing_is_done(family, cast, browse):
    browser = browse(cast.ada)
    shown = browser.get(PAGE).hidden()
    factories.grant(factories.user(first_name="New"), PARENT, pupil=cast.amira)
    query = "&".join(f"{key}={value}" for key, value in shown.items())
    page = browser.post(f"{PAGE}ask/?how=both&{query}")
    assert "Go back and look again" in page.text
    assert not LetterRun.objects.exists()


def test_from_a_users_page_one_who_forgot_without_e_mail_gets_a_letter(family, cast, browse):
    browser = browse(cast.ada)
    sam = family["set up"]
    assert f"{PAGE}?user={sam.pk}" in browser.get(f"/settings/users/{sam.pk}/").bytes.decode()
    assert len(pages(letters(browser, begin(browser, "letter", user=str(sam.pk)).leads_to))) == 1
    # Staff are given none: nothing but a child proves the second fact.
    assert "nothing to give out" in browser.get(PAGE, user=str(cast.dora.pk)).text


def test_s62_staff_who_are_parents_get_no_letter_by_their_childs_school(family, cast, browse):
    by_mail = factories.user(first_name="Tess")
    on_paper = factories.user(first_name="Tom", email="", username="tom")
    for user in (by_mail, on_paper):
        factories.grant(user, PARENT, pupil=cast.amira)
        factories.grant(user, LA_SUPER_USER)
    browser = browse(cast.ada)
    told = " ".join(pages(letters(browser, begin(browser, "letter").leads_to)))
    assert "Paula" in told
    assert "Tess" not in told
    assert "Tom" not in told
    # By mail like all staff; or, who has no address, named and handed it by whoever asks.
    begin(browser, "both")
    assert Invitation.objects.filter(user=by_mail, ended_at=None).exists()
    assert "By letter" in browser.get(PAGE, user=str(on_paper.pk)).text
    (page,) = pages(letters(browser, begin(browser, "letter", user=str(on_paper.pk)).leads_to))
    assert "Tom" in page
    begin(browser, "letter", user=str(by_mail.pk))
    run = LetterRun.objects.create(made_at=timezone.now(), made_by_id=cast.ada.pk, total=1)
    assert credentials.print_letters([by_mail.pk], run=run, by=cast.as_ada) == {}


def test_letters_are_made_by_whoever_began_them(family, cast, browse):
    run = credentials.give_out(mailed=[], lettered=[family["paper"].pk], by=SYSTEM)
    for address in (f"{PAGE}{run.pk}/?how=letter", f"{PAGE}{run.pk}/letters.pdf?how=letter"):
        assert browse(cast.ada).post(address).status in (404, 405)
        assert browse(cast.ada).get(address).status == 404
    assert not PrintedCode.objects.exists()


def test_what_is_not_offered_gives_nobody_anything(family, cast, browse):
    page = browse(cast.ada).get(PAGE, school="987654")
    assert "Nobody there is waiting" in page.text
    page = browse(cast.ada).get(PAGE, school=str(cast.abbey.pk), school_class="987654")
    assert "Nobody there is waiting" in page.text or "people" in page.text
