"""A role, school, class or care changed by one person bites at the next request of another (S4).

Two browsers in each story: the reader's has been used before, so that whatever could be kept from
one request to the next has been; the change is made by somebody else, and nobody signs in anew.
"""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.roles import LEADER, SCHOOL_ADMIN, TEACHER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Ending, Source
from schoolgate.schools import actions as schools
from schoolgate.schools import classes
from schoolgate.schools.models import CareEpisode, ClassMembership
from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from schoolgate.people.models import User
    from schoolgate.schools.models import Pupil
    from tests.school import School
    from tests.web.browsing import Browser

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def warm(browse) -> Callable[[User, Pupil], Browser]:
    """A browser of the user, who has just looked at their list and at this child."""

    def use(user: User, pupil: Pupil) -> Browser:
        browser = browse(user)
        assert shown(browser) != ""
        for _ in range(2):
            assert browser.get(f"/pupils/{pupil.pk}/").status == 200
        return browser

    return use


def shown(browser: Browser, **question: Any) -> str:
    """The first names in My pupils, in alphabetical order: "Amira Ben"; by search too."""
    rows = browser.get("/pupils/", **question).rows()
    return " ".join(sorted(row[0].partition(", ")[2].split()[0] for row in rows))


def lost(browser: Browser, pupil: Pupil) -> bool:
    """Whether the child is gone for the reader: from the list, the search, and by address."""
    in_list = f"{pupil.last_name}, {pupil.first_name}".encode()
    lists = [browser.get("/pupils/"), browser.get("/pupils/", q=pupil.last_name)]
    page = browser.get(f"/pupils/{pupil.pk}/")
    return page.status == 404 and not any(in_list in one.bytes for one in lists)


def grants_of(user: User, role: str) -> list[int]:
    live = Grant.objects.filter(user=user, role=role, ended_at__isnull=True)
    return list(live.values_list("pk", flat=True))


def test_s4_a_role_taken_away_on_a_page(school: School, browse, warm) -> None:
    cast = school.cast
    sara, ada = warm(cast.sara, cast.amira), browse(cast.ada)
    link = Grant.objects.get(user=cast.sara, pupil=cast.amira)
    taken = ada.post(f"/settings/users/{cast.sara.pk}/grants/{link.pk}/remove/")
    assert taken.status == 302
    assert lost(sara, cast.amira)
    assert shown(sara) == "Eve"


def test_s4_a_leader_who_is_one_no_more(school: School, warm) -> None:
    lena = warm(school.lena, school.cast.ben)
    subjects = f"/school/{school.cast.abbey.pk}/subjects/"
    assert lena.get(subjects).status == 200
    access.revoke(grants_of(school.lena, LEADER.code), by=school.as_nia)
    assert lost(lena, school.cast.ben)
    assert lena.get(subjects).status == 404
    assert b"My school" not in lena.get("/pupils/").bytes


def test_s4_a_school_admin_made_and_unmade(school: School, browse) -> None:
    una = browse(school.una)
    staff = f"/school/{school.cast.abbey.pk}/staff/"
    assert (una.get(staff).status, shown(una)) == (404, "")
    factories.grant(school.una, SCHOOL_ADMIN, school=school.cast.abbey, by=school.as_nia)
    assert (una.get(staff).status, shown(una)) == (200, "Amira Ben Dylan")
    access.revoke(grants_of(school.una, SCHOOL_ADMIN.code), by=school.as_nia)
    assert (una.get(staff).status, shown(una)) == (404, "")


def test_s4_a_class_that_belongs_to_another_subject_area(school: School, warm) -> None:
    lena = warm(school.lena, school.cast.amira)
    classes.set_subjects([(school.history_class.pk, school.maths.pk)], by=school.as_nia)
    assert shown(lena) == ""
    assert lost(lena, school.cast.amira)
    classes.set_subjects([(school.maths_class.pk, school.history.pk)], by=school.as_nia)
    assert shown(lena) == "Ben Dylan"


def test_s4_a_class_list_that_changed(school: School, warm) -> None:
    tariq, amira = warm(school.tariq, school.cast.ben), school.cast.amira
    inside = ClassMembership.objects.get(school_class=school.maths_class, pupil=school.cast.ben)
    classes.leave([inside.pk], by=SYSTEM)
    assert lost(tariq, school.cast.ben)
    row = classes.Membership(school.maths_class.pk, amira.pk)
    classes.join([row], by=SYSTEM, source=Source.SYNC)
    assert shown(tariq) == "Amira Dylan"


def test_s4_another_class_to_teach(school: School, warm) -> None:
    tariq = warm(school.tariq, school.cast.dylan)
    access.revoke(grants_of(school.tariq, TEACHER.code), by=SYSTEM)
    factories.grant(school.tariq, TEACHER, school_class=school.history_class)
    assert lost(tariq, school.cast.dylan)
    assert shown(tariq) == "Amira Ben"


def test_s4_a_child_who_moved_school(school: School, browse, warm) -> None:
    cast = school.cast
    nia, lena, bo = warm(school.nia, cast.ben), warm(school.lena, cast.ben), browse(school.bo)
    assert shown(bo) == "Carys"
    row = schools.NewEnrolment(cast.ben.pk, cast.brook.pk, "", timezone.localdate(), None)
    schools.move([row], by=SYSTEM, source=Source.IMPORT)
    assert lost(nia, cast.ben)
    assert lost(lena, cast.ben)
    assert shown(bo) == "Ben Carys"
    assert bo.get(f"/pupils/{cast.ben.pk}/").status == 200


def test_s4_denied_over_a_place(school: School, browse, warm) -> None:
    cast = school.cast
    lena, theo = warm(school.lena, cast.ben), warm(cast.theo, cast.amira)
    theirs = [school.lena.pk, cast.theo.pk]
    access.deny(theirs, by=school.as_nia, establishment_id=cast.abbey.pk)
    # A denial ends sessions (S2). All that Lena holds sleeps; Theo is of Brook too.
    for browser in (lena, theo):
        assert browser.get("/pupils/").leads_to.startswith("/sign-in/")
    theo = browse(cast.theo)
    assert lost(theo, cast.amira)
    assert shown(theo) == "Carys"
    access.allow([cast.theo.pk], by=school.as_nia, establishment_id=cast.abbey.pk)
    assert shown(theo) == "Amira Carys"


def test_s4_a_school_admin_whom_an_la_super_user_makes_inactive(
    school: School, browse, warm
) -> None:
    nia, ada = warm(school.nia, school.cast.ben), browse(school.cast.ada)
    page = ada.get(f"/settings/users/{school.nia.pk}/make-inactive/")
    ada.post(f"/settings/users/{school.nia.pk}/make-inactive/", **page.hidden())
    for address in ("/pupils/", f"/school/{school.cast.abbey.pk}/staff/"):
        assert nia.get(address).leads_to.startswith("/sign-in/")


def test_s4_in_care_no_more(school: School, warm) -> None:
    cast = school.cast
    dora, nia = warm(cast.dora, cast.amira), warm(school.nia, cast.amira)
    now = CareEpisode.objects.get(pupil=cast.amira)
    schools.end_records(CareEpisode, [now.pk], how=Ending.REMOVED, by=SYSTEM)
    assert lost(dora, cast.amira)
    assert shown(nia) == "Amira Ben Dylan"
    factories.episode(cast.ben)
    assert shown(dora) == "Ben"


def test_s4_the_care_that_a_reader_of_both_kinds_is_told_of(school: School, warm) -> None:
    cast = school.cast
    factories.grant(cast.dora, SCHOOL_ADMIN, school=cast.abbey)
    dora = warm(cast.dora, cast.amira)
    assert "In care" in dora.get(f"/pupils/{cast.amira.pk}/").text
    access.revoke(grants_of(cast.dora, "designated_teacher"), by=SYSTEM)
    for page in (dora.get(f"/pupils/{cast.amira.pk}/"), dora.get("/pupils/")):
        assert "Haddad" in page.text
        assert "care" not in page.text


def test_s4_the_last_day_of_a_role_passes(clock, school: School, warm) -> None:
    access.revoke(grants_of(school.lena, LEADER.code), by=SYSTEM)
    factories.grant(school.lena, LEADER, subject=school.history, until=clock.today)
    clock.set(clock.today, at=time(23, 50))
    lena = warm(school.lena, school.cast.ben)
    clock.wait(minutes=20)
    assert lost(lena, school.cast.ben)
