"""Settings > Users, for people who are something in a school: their levels are set among its staff,
and nothing on these pages mistakes or ends them."""

from __future__ import annotations

import pytest

from schoolgate.access.models import Grant
from schoolgate.access.roles import LEADER, SCHOOL_ADMIN
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


def live(user) -> set[tuple[str, str]]:
    held = Grant.objects.filter(user=user, ended_at__isnull=True)
    return {(grant.role, str(grant.subject_area or grant.school_class or "")) for grant in held}


def test_the_page_of_a_user_tells_what_they_are_where_and_leads_to_the_staff(school, browse):
    ada = browse(school.cast.ada)
    for person, role, place in (
        (school.nia, "School Admin", "Abbey Primary School"),
        (school.lena, "Leader", "History, Abbey Primary School"),
        (school.tariq, "Teacher", "6B/Ma, Abbey Primary School"),
        (school.femi, "Finance Manager", "Abbey Primary School"),
    ):
        page = ada.get(f"/settings/users/{person.pk}/")
        assert page.rows()[0][:2] == [role, place]
        edit = f"/school/{school.cast.abbey.pk}/staff/{person.pk}/edit/"
        assert page.link("Set what they are at Abbey Primary School") == edit
        assert ada.get(edit).status == 200
    assert "Set what they are" not in ada.get(f"/settings/users/{school.cast.sara.pk}/").text


@pytest.mark.parametrize("address", ["/settings/users/add/", "/settings/users/{}/edit/"])
def test_levels_of_a_school_are_not_offered_as_roles_of_their_own(school, browse, address):
    body = browse(school.cast.ada).get(address.format(school.lena.pk)).bytes.decode()
    for code in ("designated_teacher", "la_user", "la_super_user", "social_worker"):
        assert f'value="{code}"' in body
    for code in ("school_admin", "leader", "teacher", "finance_manager"):
        assert f'value="{code}"' not in body


def test_an_edit_of_a_user_leaves_what_they_are_in_a_school(school, browse):
    factories.grant(school.lena, SCHOOL_ADMIN, school=school.cast.abbey)
    before = live(school.lena)
    ada, where = browse(school.cast.ada), f"/settings/users/{school.lena.pk}/edit/"
    form = {
        "first_name": "Lena", "last_name": "Fischer", "email": school.lena.email,
        "job_title": "Head of History", "phone": "", "establishment": "", "add_school": "",
        "roles": "social_worker", "status": "active", "was": ada.get(where).hidden()["was"],
    }  # fmt: skip
    shown = ada.post(where, **form, step="check")
    assert "Roles – Social Worker" in shown.text
    saved = ada.post(where, **form, step="save", shown=shown.hidden()["shown"])
    assert saved.status == 302
    assert live(school.lena) == {*before, ("social_worker", "")}
    assert seen_by(school.lena) == "Amira Ben Dylan"


def test_a_leadership_is_taken_away_by_its_name(school, browse):
    ada, lena = browse(school.cast.ada), school.lena
    held = Grant.objects.get(user=lena, role=LEADER.code)
    where = f"/settings/users/{lena.pk}/grants/{held.pk}/remove/"
    page = ada.get(where)
    assert "Take Leader of History, Abbey Primary School away from Lena Fischer?" in page.text
    done = ada.post(where)
    told = ada.get(done.leads_to).text
    assert "Lena Fischer is no longer Leader of History, Abbey Primary School." in told
    assert seen_by(lena) == ""
