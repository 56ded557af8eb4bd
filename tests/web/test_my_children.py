"""My children: what parents and other licence holders are shown, and what they never are (ITS9)."""

from __future__ import annotations

import pytest
from django.http import Http404

from schoolgate.access.actions import revoke
from schoolgate.access.models import Grant
from schoolgate.access.roles import (
    LA_USER,
    PARENT,
    PUPIL,
    SOCIAL_WORKER,
    TEACHER,
)
from schoolgate.audit.actions import SYSTEM
from schoolgate.schools.models import Organisation
from schoolgate.web.permissions import Permission
from schoolgate.web.views.pupils import visible
from tests import factories
from tests.family import TABLE, assemble
from tests.web.routes import a_world, routes

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

OPEN = (Permission.PUBLIC, Permission.DEMONSTRATION)
# The guide tells everybody of roles and of care, and of no child.
PUBLIC_WORDS = {"guide", "guide-page"}


@pytest.fixture
def organisation(db):
    return Organisation.objects.create(name="Northshire", parent_access=True)


@pytest.fixture
def family(cast, organisation):
    """Mary, of Amira and Ben; the two schools have parent access on."""
    for school in (cast.abbey, cast.brook):
        type(school).objects.filter(pk=school.pk).update(parent_access=True)
    mary = factories.user(first_name="Mary", last_name="Haddad", email="mary@home.example")
    for child in (cast.amira, cast.ben):
        factories.grant(mary, PARENT, pupil=child)
    return mary


def address(pupil) -> str:
    return f"/children/{pupil.pk}/"


def test_a_parent_starts_with_their_children(cast, browse, family, views_of):
    page = browse(family).get("/")
    assert page.title.startswith("My children")
    assert "Amira Haddad Abbey Primary School Year 6, class 6B" in page.text
    assert "Ben Fielding" in page.text
    assert "Dylan" not in page.text
    assert "My pupils" not in page.text
    (event,) = views_of(family)
    assert {int(pk) for pk in event.pupils.split(",")} == {cast.amira.pk, cast.ben.pk}


def test_the_page_of_a_child_has_the_blocks_and_no_identifier(
    cast, browse, family, school, views_of
):
    factories.grant(school.tariq, TEACHER, school_class=school.history_class)
    page = browse(family).get(address(cast.amira))
    assert "School Abbey Primary School Year and class Year 6, class 6B" in page.text
    assert "History 6B/Hi Tariq Aziz" in page.text
    assert "6B/Ma" not in page.text
    assert cast.amira.identifiers.get().value not in page.text
    assert "2014" not in page.text
    (event,) = views_of(family)
    assert (event.kind, event.pupil_id) == ("child", cast.amira.pk)


def test_who_can_see_is_told_by_role_and_by_name_where_the_organisation_allows(
    cast, browse, family, school, organisation
):
    text = browse(family).get(address(cast.amira)).text
    told = text.split("Who can see my child’s record")[1]
    assert "Leader leads a subject that is taught 1 person" in told.replace("\xa0", " ")
    assert "School Admin looks after the school’s users 1 person" in told.replace("\xa0", " ")
    for user in (school.lena, school.nia, cast.liam, cast.ada):
        assert user.last_name not in told
    Organisation.objects.update(names_to_parents=True)
    told = browse(family).get(address(cast.amira)).text
    for user in (school.lena, school.nia, cast.liam, cast.ada):
        assert str(user) in told


def test_s35_nobody_is_told_who_sees_a_child_because_of_care(cast, browse, family, school):
    # Amira is in care: Dora and Theo see her as designated teachers, Sara as her social worker.
    Organisation.objects.update(names_to_parents=True)
    officer = factories.own_role("Independent Reviewing Officer", shows="the register")
    factories.grant(cast.noor, officer, pupil=cast.amira)
    before = browse(family).get(address(cast.amira))
    for words in ("Designated", "Social", "Reviewing", "Dora", "Theo", "Sara", "Noor", "care"):
        assert words not in before.text.replace("carers", ""), words
    revoke(
        Grant.objects.filter(user__in=[cast.sara, cast.noor, cast.dora, cast.theo])
        .values_list("pk", flat=True),
        by=SYSTEM,
    )  # fmt: skip
    assert browse(family).get(address(cast.amira)).text == before.text


def test_s35_co_parents_never_see_each_others_details(cast, browse, family, school):
    Organisation.objects.update(names_to_parents=True)
    alone = [browse(family).get(place).text for place in ("/", address(cast.amira))]
    other = factories.user(first_name="Rupert", last_name="Quill", email="rupert@home.example")
    link = factories.grant(other, PARENT, pupil=cast.amira)
    Grant.objects.filter(pk=link.pk).update(relationship="Stepfather")
    carer = factories.user(first_name="Fenella", last_name="Oak", email="fenella@home.example")
    factories.grant(carer, PARENT, pupil=cast.amira)
    together = [browse(family).get(place).text for place in ("/", address(cast.amira))]
    assert together == alone
    text = browse(other).get(address(cast.amira)).text
    for words in ("Mary", "mary@", "Fenella", "fenella@", "Ben"):
        assert words not in text


def test_s35_nobody_of_the_family_learns_of_the_others(browse, organisation):
    Organisation.objects.update(names_to_parents=True)
    dunmores = assemble()
    type(dunmores.school).objects.update(parent_access=True)
    children = {
        child.first_name: child
        for child in (dunmores.jack, dunmores.ella, dunmores.tom, dunmores.amy, dunmores.luis)
    }
    for adult, (who, _, sees) in zip(dunmores.adults, TABLE, strict=True):
        mine = sees.replace("Jack ", "") if adult == dunmores.rosa else sees
        browser = browse(adult)
        pages = [browser.get("/children/")]
        for name, child in children.items():
            page = browser.get(address(child))
            assert (page.status == 200) is (name in mine.split()), (who, name)
            pages.append(page)
        text = " ".join(page.text for page in pages)
        for other in dunmores.adults:
            if other == adult:
                continue
            assert not other.email or other.email not in text, (who, other)
            # Rosa teaches Jack, and is told of as his teacher; Jack himself is a child of theirs.
            if other.first_name not in (adult.first_name, "Rosa", "Jack"):
                assert other.first_name not in text, (who, other)
        assert "carer" not in text.replace("guardians and carers", ""), who


def test_s35_a_parent_who_works_at_the_school_is_not_named_to_the_other(
    cast, browse, family, school
):
    Organisation.objects.update(names_to_parents=True)
    factories.grant(school.lena, PARENT, pupil=cast.amira)
    told = browse(family).get(address(cast.amira)).text
    assert "Lena" not in told
    assert "Leader leads a subject that is taught 1 person" in told.replace("\xa0", " ")


def test_s35_a_child_behind_a_restriction_is_not_there_at_once(cast, browse, family):
    browser = browse(family)
    assert browser.get(address(cast.amira)).status == 200
    factories.restriction(family, cast.amira)
    assert "Amira" not in browser.get("/").text
    gone, missing = browser.get(address(cast.amira)), browser.get("/children/987654/")
    assert (gone.status, gone.text) == (missing.status, missing.text) == (404, missing.text)
    assert "Ben Fielding" in browser.get("/").text
    factories.restriction(family, cast.ben)
    empty = browser.get("/").text
    assert "no child is linked to you here today" in empty
    # Whose last link was taken away is told the same.
    revoke(Grant.objects.filter(user=family).values_list("pk", flat=True), by=SYSTEM)
    assert browser.get("/").text == empty


def test_for_others_the_pages_do_not_exist(cast, browse, family):
    for user in (cast.ada, cast.dora, cast.noor):
        assert browse(user).get("/children/").status == 404
        assert browse(user).get(address(cast.amira)).status == 404
        assert "My children" not in browse(user).get("/account/").text


def test_a_parent_is_led_from_the_pages_of_staff_to_their_own(cast, browse, family):
    browser = browse(family)
    assert browser.get("/pupils/").leads_to == "/children/"
    assert browser.get(f"/pupils/{cast.amira.pk}/").leads_to == address(cast.amira)
    assert browser.get(f"/pupils/{cast.dylan.pk}/").status == 404
    assert browser.get(f"/pupils/{cast.amira.pk}/who/").status == 404


def test_what_staff_pages_call_visible_is_what_is_seen_by_work(cast, family, rf):
    request = rf.get("/")
    request.user = family
    with pytest.raises(Http404):
        visible(request, cast.amira.pk)
    factories.grant(family, SOCIAL_WORKER, pupil=cast.amira)
    assert visible(request, cast.amira.pk) == cast.amira


def test_s29_no_route_gives_a_parent_a_byte_of_the_register(cast, browse, family):
    world = a_world(cast)
    browser = browse(family)
    foreign = [cast.carys, cast.dylan, cast.eve]
    canaries = [one.identifiers.get().value.encode() for one in cast.pupils]
    canaries += [name.encode() for one in foreign for name in (one.first_name, one.last_name)]
    canaries += [b"In care", b"Designated", cast.sara.last_name.encode()]
    opened = set()
    for route in routes():
        for pupil in (cast.amira, cast.carys):
            page = browser.get(world.address(route, pupil=pupil.pk), q="Mor")
            if route.name in PUBLIC_WORDS:
                continue
            body = page.bytes.replace(b"Mor", b"")
            assert not [canary for canary in canaries if canary in body], route.name
            if page.status == 200 and route.permission not in OPEN:
                opened.add(route.name.split("-")[0])
    assert opened == {"home", "children", "child", "account"}


def test_a_teacher_who_is_a_parent_has_both_and_neither_in_the_other(
    cast, browse, school, organisation
):
    factories.grant(school.tariq, PARENT, pupil=cast.carys)
    browser = browse(school.tariq)
    text = browser.get("/").text
    assert "My pupils" in text
    assert "My children" in text
    assert "Carys" not in text
    assert "Ben" in text
    assert "Carys" not in browser.get("/pupils/", q="Morgan").text.replace("“Morgan”", "")
    assert "Carys Morgan" in browser.get("/children/").text
    assert "Ben" not in browser.get("/children/").text
    assert browser.get(f"/pupils/{cast.carys.pk}/").leads_to == address(cast.carys)
    assert browser.get(address(cast.ben)).status == 404
    # Of a child whom they teach and who is theirs, both pages are there.
    factories.grant(school.tariq, PARENT, pupil=cast.ben)
    assert browser.get(f"/pupils/{cast.ben.pk}/").status == 200
    assert browser.get(address(cast.ben)).status == 200


def test_a_leader_sees_no_child_of_theirs_in_the_classes_of_the_school(
    cast, browse, school, organisation
):
    factories.grant(school.lena, PARENT, pupil=cast.dylan)
    factories.school_class(cast.abbey, "6B/Lo", subject=school.history)
    # Dylan is in 6B/Ma, which is not of History.
    page = browse(school.lena).get(f"/school/{cast.abbey.pk}/classes/")
    assert "Dylan" not in page.text
    (row,) = [row for row in page.rows() if "6B/Hi" in row[0]]
    assert row[-1] == "2"


def test_a_child_who_signs_in_is_led_to_their_own_page(cast, browse, organisation):
    type(cast.abbey).objects.update(parent_access=True)
    ben = factories.user(first_name="Ben", last_name="Fielding")
    factories.grant(ben, PUPIL, pupil=cast.ben)
    browser = browse(ben)
    assert browser.get("/").leads_to == address(cast.ben)
    page = browser.get(address(cast.ben))
    assert "My page" in page.text
    assert "My children" not in page.text
    assert "Classes and teachers" in page.text
    assert "Who can see" not in page.text


def test_what_several_licence_types_show_adds_up(cast, browse, organisation):
    type(cast.abbey).objects.update(parent_access=True)
    ben = factories.user(first_name="Ben", last_name="Fielding")
    factories.grant(ben, PUPIL, pupil=cast.ben)
    factories.grant(ben, PARENT, pupil=cast.ben)
    assert "Who can see my record" in browse(ben).get(address(cast.ben)).text


def test_my_account_is_for_parents_too_and_wants_no_second_factor(cast, browse, family):
    browser = browse(family)
    for place in ("", "details/", "password/", "factors/", "providers/", "sessions/", "notices/"):
        page = browser.get(f"/account/{place}")
        assert page.status == 200, place
        assert "Set up a second factor by" not in page.text
    assert "You need none" in browser.get("/account/factors/").text
    factories.grant(family, SOCIAL_WORKER, pupil=cast.eve)
    assert "Set up a second factor" in browse(family).get("/").text


def test_whoever_sees_every_pupil_has_their_children_besides(cast, browse, organisation):
    factories.grant(cast.noor, LA_USER)
    factories.grant(cast.noor, PARENT, pupil=cast.ben)
    browser = browse(cast.noor)
    assert "Carys" in browser.get("/").text
    assert "Carys" not in browser.get("/children/").text
    assert browser.get(f"/pupils/{cast.ben.pk}/").status == 200
