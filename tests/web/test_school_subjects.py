"""My school > Subject areas: what a school teaches, in which categories, and who leads it (PP7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schoolgate.access import actions as access
from schoolgate.access import levels
from schoolgate.access.models import Grant
from schoolgate.access.roles import LEADER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Source
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, StaffRecord
from schoolgate.schools import classes
from schoolgate.schools.models import SubjectArea, SubjectCategory
from tests import factories
from tests.cast import seen_by
from tests.web.routes import an_invitation

if TYPE_CHECKING:
    from schoolgate.people.models import User
    from tests.school import School
    from tests.web.browsing import Browser, Page

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def area_page(school: School, area: SubjectArea) -> str:
    return f"/school/{area.establishment_id}/subjects/{area.pk}/"


def asked(browser: Browser, area: SubjectArea, query: str) -> Page:
    return browser.get(f"/school/{area.establishment_id}/subjects/{area.pk}/leaders/?{query}")


def saved(browser: Browser, page: Page, area: SubjectArea, query: str, **more: Any) -> Page:
    address = f"/school/{area.establishment_id}/subjects/{area.pk}/leaders/?{query}"
    return browser.post(address, shown=page.hidden()["shown"], **more)


def led_by(user: User) -> list[str]:
    held = Grant.objects.filter(user=user, role=LEADER.code, ended_at__isnull=True)
    return sorted(held.values_list("subject_area__name", flat=True))


@pytest.fixture
def list_page(school):
    return f"/school/{school.cast.abbey.pk}/subjects/"


def test_the_list_shows_areas_by_category_with_leaders_and_classes(school, browse, list_page):
    page = browse(school.nia).get(list_page)
    assert page.rows() == [
        ["Geography", "Nobody yet", "0"],
        ["History", "Lena Fischer", "1"],
        ["Maths", "Nobody yet", "1"],
    ]
    assert page.text.index("Humanities") < page.text.index("Geography")
    assert page.text.index("In no category") < page.text.index("Maths")


def test_a_leader_finds_their_own_subject_areas_and_no_other(school, browse, list_page):
    lena = browse(school.lena)
    page = lena.get(list_page)
    assert page.rows() == [["History", "Lena Fischer", "1"]]
    assert "Add a subject area" not in page.text
    assert lena.get(area_page(school, school.history)).status == 200
    assert lena.get(area_page(school, school.maths)).status == 404
    assert asked(lena, school.maths, f"add={school.una.pk}").status == 404
    for step in ("subject", "category"):
        assert lena.post(list_page, step=step, name="Music").status == 404
    assert lena.post(area_page(school, school.history), name="Mine").status == 404
    assert lena.get(f"{area_page(school, school.history)}remove/").status == 404
    category = f"/school/{school.cast.abbey.pk}/categories/{school.humanities.pk}/"
    assert lena.get(category).status == 404
    assert not SubjectArea.objects.filter(name="Music").exists()


def test_lena_may_make_una_leader_of_history_and_of_nothing_else(school, browse):
    """S31: a Leader makes others Leader of their own subjects only."""
    lena, una = browse(school.lena), school.una
    query = f"add={una.pk}"
    page = asked(lena, school.history, query)
    assert "Una Kerr Becomes Leader of History" in page.text
    assert (
        "2\xa0children: Ben Fielding , Amira Haddad".replace("\xa0", " ")
        in page.text.replace("\xa0", " ")
        or "Amira Haddad" in page.text
    )
    assert seen_by(una) == ""
    # The mark of what was shown for History opens no other subject area.
    for other in (school.maths, school.geography):
        assert saved(lena, page, other, query).status == 404
    saved(lena, page, school.history, query)
    assert (led_by(una), seen_by(una)) == (["History"], "Amira Ben")
    staff_edit = f"/school/{school.cast.abbey.pk}/staff/{una.pk}/edit/"
    assert lena.post(staff_edit, step="save", leads="all", admin="on").status == 404
    assert led_by(una) == ["History"]
    for somebody in (school.bo, school.cast.noor):
        page = asked(lena, school.history, f"add={somebody.pk}")
        assert "Choose who leads History" in page.text
        assert somebody.last_name not in page.text


def test_several_are_made_leader_and_taken_away_at_once(school, browse, views_of):
    nia = browse(school.nia)
    query = f"add={school.una.pk}&add={school.tariq.pk}&remove={school.lena.pk}"
    page = asked(nia, school.history, query)
    gains = {row[0]: row[1:] for row in page.rows()}
    assert set(gains) == {
        "Tariq Aziz Becomes Leader of History",
        "Una Kerr Becomes Leader of History",
        "Lena Fischer Is no longer Leader of History",
    }
    # Tariq sees Ben already, as Teacher.
    assert gains["Tariq Aziz Becomes Leader of History"][0].endswith("Amira Haddad")
    assert "Amira" in gains["Lena Fischer Is no longer Leader of History"][1]
    (event,) = views_of(school.nia)
    assert {int(pk) for pk in event.pupils.split(",")} == {school.cast.amira.pk, school.cast.ben.pk}
    done = saved(nia, page, school.history, query)
    assert done.leads_to == area_page(school, school.history)
    assert [seen_by(user) for user in (school.una, school.tariq, school.lena)] == [
        "Amira Ben", "Amira Ben Dylan", "",
    ]  # fmt: skip
    assert StaffRecord.objects.filter(user=school.lena, ended_at=None).exists()

    again = saved(nia, page, school.history, query)
    assert again.status == 200
    assert led_by(school.una) == ["History"]
    assert Grant.objects.filter(user=school.una).count() == 1


def test_what_others_did_meanwhile_is_shown_before_it_is_saved(school, browse):
    nia = browse(school.nia)
    query = f"add={school.una.pk}"
    page = asked(nia, school.history, query)
    joining = [classes.Membership(school.history_class.pk, school.cast.dylan.pk)]
    classes.join(joining, by=SYSTEM, source=Source.SYNC)
    again = saved(nia, page, school.history, query)
    assert "something has changed since you looked" in again.text
    assert "Dylan Price" in again.text
    assert led_by(school.una) == []
    saved(nia, again, school.history, query)
    assert led_by(school.una) == ["History"]


def test_whoever_takes_their_own_subject_away_is_led_home(school, browse):
    lena = browse(school.lena)
    query = f"remove={school.lena.pk}"
    done = saved(lena, asked(lena, school.history, query), school.history, query)
    assert done.leads_to == "/"
    assert lena.get(area_page(school, school.history)).status == 404


def test_s17_links_that_die_are_told_and_sent_anew(school, browse):
    token = an_invitation(school.una)
    lena, nia = browse(school.lena), browse(school.nia)
    query = f"add={school.una.pk}"
    page = asked(lena, school.history, query)
    assert "The link of the invitation stops working that was sent to: Una Kerr" in page.text
    assert 'name="invite"' not in page.bytes.decode()
    page = asked(nia, school.history, query)
    assert "Send them a new invitation" in page.text
    saved(nia, page, school.history, query, invite="on")
    assert invitations.find(token) is None
    live = Invitation.objects.filter(user=school.una, ended_at=None)
    assert live.count() == 1


def test_s62_a_leader_sends_no_invitation(school, browse):
    an_invitation(school.una)
    lena, query = browse(school.lena), f"add={school.una.pk}"
    saved(lena, asked(lena, school.history, query), school.history, query, invite="on")
    assert led_by(school.una) == ["History"]
    assert Invitation.objects.filter(user=school.una).count() == 1


def test_a_subject_area_is_added_in_a_category_with_those_who_lead_all_others(
    school, browse, list_page
):
    nia = browse(school.nia)
    assert "They lead all the other subject areas" not in nia.get(list_page).text
    for area in (school.geography, school.maths):
        access.grant(levels.to_lead([school.lena.pk], area), by=SYSTEM, source=Source.BY_HAND)
    page = nia.get(list_page)
    assert "They lead all the other subject areas" in page.text
    done = nia.post(
        list_page, step="subject", name="  Religious   Education ", category=school.humanities.pk,
        lead=school.lena.pk,
    )  # fmt: skip
    area = SubjectArea.objects.get(name="Religious Education")
    assert done.leads_to == area_page(school, area)
    assert area.category == school.humanities
    assert "Religious Education" in led_by(school.lena)

    nia.post(list_page, step="subject", name="Music", category="")
    assert "Music" not in led_by(school.lena)
    refused = nia.post(list_page, step="subject", name="Art", category="", lead=school.una.pk)
    assert "one of them does not lead all" in refused.text
    assert not SubjectArea.objects.filter(name="Art").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Enter a name."),
        ("---", "Enter a name that has letters in it."),
        ("HISTORY", "Enter another name: this school has a subject area of that name."),
        ("x" * 101, "Shorten this to 100 characters or fewer."),
    ],
)
def test_a_name_that_will_not_do_is_told_and_kept(school, browse, list_page, name, words):
    page = browse(school.nia).post(list_page, step="subject", name=name, category="")
    assert words in page.text
    assert f'value="{name}"' in page.bytes.decode() or not name
    assert SubjectArea.objects.count() == 3


def test_a_category_of_another_school_is_none(school, browse, list_page):
    theirs = factories.category(school.cast.brook, "Sciences")
    page = browse(school.nia).post(list_page, step="subject", name="Art", category=theirs.pk)
    assert "Choose again: this is there no more." in page.text
    assert browse(school.nia).get(
        f"/school/{school.cast.abbey.pk}/categories/{theirs.pk}/"
    ).status == 404  # fmt: skip


def test_categories_are_added_changed_and_removed_and_open_nothing(school, browse, list_page):
    nia = browse(school.nia)
    done = nia.post(list_page, **{"step": "category", "category-name": "Numbers"})
    numbers = SubjectCategory.objects.get(name="Numbers")
    where = f"/school/{school.cast.abbey.pk}/categories/{numbers.pk}/"
    assert done.leads_to == where
    seen = nia.get(where).hidden()["seen"]
    moved = [str(school.maths.pk), str(school.geography.pk)]
    nia.post(where, step="save", name="Figures", subjects=moved, seen=seen)
    numbers.refresh_from_db()
    assert numbers.name == "Figures"
    inside = SubjectArea.objects.filter(category=numbers).values_list("name", flat=True)
    assert sorted(inside) == ["Geography", "Maths"]

    stale = nia.post(where, step="save", name="Sums", subjects=[], seen=seen)
    assert "Look again before you save" in stale.text
    assert 'value="Sums"' in stale.bytes.decode()
    assert SubjectArea.objects.filter(category=numbers).count() == 2

    nia.post(where, step="remove")
    assert nia.get(where).status == 404
    assert not SubjectArea.objects.filter(category=numbers).exists()
    assert seen_by(school.lena) == "Amira Ben"


def test_s57_renaming_a_subject_area_that_another_renamed_is_refused(school, browse):
    nia, where = browse(school.nia), area_page(school, school.history)
    seen = nia.get(where).hidden()["seen"]
    nia.post(where, name="Local history", category="", seen=seen)
    school.history.refresh_from_db()
    assert (school.history.name, school.history.category) == ("Local history", None)
    stale = nia.post(where, name="World history", category="", seen=seen)
    assert "Look again before you save" in stale.text
    assert 'value="World history"' in stale.bytes.decode()
    school.history.refresh_from_db()
    assert school.history.name == "Local history"


def test_removing_a_subject_area_shows_first_what_its_leaders_lose(school, browse):
    nia, where = browse(school.nia), f"{area_page(school, school.history)}remove/"
    page = nia.get(where)
    assert "Lena Fischer Is no longer Leader of it" in page.text
    assert "Amira Haddad" in page.text
    assert seen_by(school.lena) == "Amira Ben"
    access.grant(levels.to_lead([school.una.pk], school.history), by=SYSTEM, source=Source.BY_HAND)
    changed = nia.post(where, shown=page.hidden()["shown"])
    assert "something has changed since you looked" in changed.text
    assert seen_by(school.lena) == "Amira Ben"

    done = nia.post(where, shown=changed.hidden()["shown"])
    assert done.leads_to == f"/school/{school.cast.abbey.pk}/subjects/"
    assert [seen_by(user) for user in (school.lena, school.una)] == ["", ""]
    assert not Grant.objects.filter(subject_area=school.history, ended_at__isnull=True).exists()
    assert nia.get(area_page(school, school.history)).status == 404
    assert StaffRecord.objects.filter(user=school.lena, ended_at=None).exists()


def test_foreign_and_missing_subject_areas_are_missing_pages(school, browse):
    theirs = factories.subject(school.cast.brook, "Latin")
    nia = browse(school.nia)
    for pk in (theirs.pk, 987_654):
        for more in ("", "leaders/", "remove/"):
            where = f"/school/{school.cast.abbey.pk}/subjects/{pk}/{more}"
            assert nia.get(where).status == 404
            assert nia.post(where).status == 404


def test_the_list_takes_as_many_queries_however_long_it_is(
    school, browse, count_queries, list_page
):
    nia = browse(school.nia)
    nia.get(list_page)
    with count_queries(13):
        nia.get(list_page)
    for number in range(3):
        area = factories.subject(school.cast.abbey, f"Subject {number}")
        access.grant(levels.to_lead([school.una.pk], area), by=SYSTEM, source=Source.BY_HAND)
    with count_queries(13):
        nia.get(list_page)
