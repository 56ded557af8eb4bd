"""Adding one user by hand (LAC11): seen first, then saved exactly as it was seen."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from schoolgate.access.models import Grant
from schoolgate.audit.models import Event
from schoolgate.kit.records import Ending, Source
from schoolgate.outbox.models import Mail
from schoolgate.people.actions import remove_users
from schoolgate.people.models import Invitation, User
from schoolgate.schools.models import EstablishmentLink, Pupil
from tests import factories
from tests.cast import seen_by

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

ADD = "/settings/users/add/"


def a_form(**changes: str) -> dict[str, str]:
    """Grace, Designated Teacher at Abbey, to be invited; without the fields that are None."""
    form = {
        "role": "designated_teacher", "first_name": "Grace", "last_name": "Okoro",
        "email": "grace@abbey.example", "job_title": "Deputy", "phone": "0117 496 0001",
        "establishment": "100001", "status": "active", "invite": "on", **changes,
    }  # fmt: skip
    return {name: value for name, value in form.items() if value is not None}


def checked(browser, **changes):
    """The preview."""
    return browser.post(ADD, step="check", **a_form(**changes))


def saved(browser, preview, **more):
    """What comes of pressing Save on the preview."""
    return browser.post(ADD, **{**preview.hidden(), "step": "save", **more})


def grace() -> User:
    return User.objects.get(email_key="grace@abbey.example", gone_at__isnull=True)


def test_a_teacher_is_added_as_was_shown_and_invited(cast, browse, views_of):
    ada = browse(cast.ada)
    page = checked(ada)
    assert "They would see 1 child. Haddad, Amira" in page.text
    assert "Nothing has been saved yet." in page.text
    assert not User.objects.filter(first_name="Grace").exists()
    assert [event.pupil_id for event in views_of(cast.ada)] == [cast.amira.pk]

    page = saved(ada, page)
    assert page.leads_to == f"/settings/users/{grace().pk}/"
    user = grace()
    facts = (user.first_name, user.last_name, user.job_title, user.phone, user.workplace)
    assert facts == ("Grace", "Okoro", "Deputy", "0117 496 0001", cast.abbey)
    assert seen_by(user) == "Amira"
    assert Grant.objects.get(user=user).source == Source.BY_HAND
    assert Invitation.objects.filter(user=user, ended_at=None).count() == 1
    assert Mail.objects.get(user_id=user.pk).kind == "invitation"
    told = ada.get(page.leads_to).text
    assert (
        "Grace Okoro has been added. Their invitation waits: mail is not set up here yet." in told
    )
    verbs = Event.objects.filter(user_id=user.pk).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["created", "granted", "invited"]
    assert Event.objects.filter(user_id=user.pk).values("batch_id").distinct().count() == 1


def test_no_invitation_when_unticked_or_inactive(cast, browse):
    ada = browse(cast.ada)
    saved(ada, checked(ada, invite=None))
    saved(ada, checked(ada, email="two@abbey.example", status="inactive"))
    assert not Mail.objects.exists()
    two = User.objects.get(email="two@abbey.example")
    assert seen_by(two) == ""
    assert "Inactive" in ada.get(f"/settings/users/{two.pk}/").text


@pytest.mark.parametrize(
    ("role", "sentence", "sees"),
    [
        ("la_user", "They would see every pupil on the register", "Amira Ben Carys Dylan Eve"),
        ("la_super_user", "They would see every pupil on the register", None),
        ("social_worker", "They would see 0", ""),
    ],
)
def test_other_roles_work_at_an_establishment_and_see_nothing_by_it(
    cast, browse, role, sentence, sees
):
    ada = browse(cast.ada)
    page = checked(ada, role=role)
    assert sentence in page.text
    saved(ada, page)
    assert grace().workplace == cast.abbey
    assert Grant.objects.get(user=grace()).establishment is None
    assert sees is None or seen_by(grace()) == sees


def test_a_teacher_needs_a_school_or_not_known_yet(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada, establishment="")
    assert "Enter the school of this Designated Teacher, or tick that it is not known" in page.text
    page = checked(ada, school_unknown="on")
    assert "Take the tick away, or empty the field of the establishment." in page.text
    page = checked(ada, establishment="", school_unknown="on")
    saved(ada, page)
    assert seen_by(grace()) == ""
    assert Grant.objects.get(user=grace()).role == "designated_teacher"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first_name": " "}, "Enter a first name."),
        ({"last_name": ""}, "Enter a last name."),
        ({"last_name": "---"}, "Enter a last name that has letters in it."),
        ({"email": ""}, "Enter an e-mail address."),
        ({"email": "grace@abbey"}, "Enter an e-mail address like name@school.sch.uk."),
        ({"role": ""}, "Choose a role."),
        ({"role": "queen"}, "Choose one of the roles."),
        ({"phone": "1" * 51}, "Shorten this to 50 characters or fewer."),
        ({"email": " DORA@Abbey.example"}, "Enter another e-mail address, or edit Dora Teague"),
    ],
)
def test_mistakes_are_named_and_nothing_typed_is_lost(cast, browse, changes, sentence):
    page = checked(browse(cast.ada), **changes)
    assert sentence in page.text
    assert page.title.startswith("Error: ")
    assert 'value="Deputy"' in page.bytes.decode()
    assert User.objects.count() == 6


def test_someone_who_is_there_is_never_merged_but_led_to(cast, browse):
    page = checked(browse(cast.ada), email="dora@abbey.example", role="social_worker")
    assert page.link("Dora Teague") == f"/settings/users/{cast.dora.pk}/"
    assert Grant.objects.filter(user=cast.dora).count() == 1


def test_questions_as_an_import_asks_them_stop_until_they_are_answered(cast, browse):
    gone = factories.user(email="grace@abbey.example", first_name="Old", last_name="Grace")
    remove_users([gone.pk], how=Ending.REMOVED, by=cast.as_ada)
    factories.user(email="grаce@abbey.example", first_name="Cyril")  # a Cyrillic letter
    closed = factories.establishment(name="Cobble School", urn="100009", status="Closed")
    EstablishmentLink.objects.create(urn="100009", link_urn="100001", link_type="Successor")
    ada = browse(cast.ada)
    page = checked(ada, establishment="100009")
    for words in (
        "Check the letters of grace@abbey.example",
        "somebody has deleted Old Grace",
        "Enter Abbey Primary School (URN 100001) instead, or say that Cobble School is meant",
    ):
        assert words in page.text
    page = saved(ada, page, yes=[])
    assert "Tick “Yes, Cobble School is meant”, or go back and change it" in page.text
    assert page.title.startswith("Error: ")
    page = saved(ada, page, yes=["closed-100009"])
    assert page.status == 200 and not Grant.objects.filter(establishment=closed).exists()
    keys = re.findall(r'name="yes" value="([^"]+)"', page.bytes.decode())
    assert len(keys) == 3
    assert saved(ada, page, yes=keys).status == 302
    assert grace().pk != gone.pk
    assert Grant.objects.get(user=grace()).establishment == closed


def test_s42_what_changed_since_it_was_shown_is_shown_again_and_not_saved(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada)
    factories.episode(cast.ben)
    page = saved(ada, page)
    assert "something has changed since you looked" in page.text
    assert "They would see 2 children. Fielding, Ben" in page.text
    assert not User.objects.filter(first_name="Grace").exists()
    assert saved(ada, page).status == 302
    assert seen_by(grace()) == "Amira Ben"


def test_s42_a_form_changed_after_the_preview_is_shown_again(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada, role="social_worker")
    page = saved(ada, page, role="la_super_user")
    assert "something has changed since you looked" in page.text
    assert not User.objects.filter(first_name="Grace").exists()


def test_an_address_taken_in_between_is_told_in_words(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada)
    factories.user(email="grace@abbey.example", first_name="Quick")
    page = saved(ada, page)
    assert "Enter another e-mail address, or edit Quick User instead" in page.text
    assert User.objects.filter(email_key="grace@abbey.example").count() == 1


def test_saving_twice_makes_one_user(cast, browse):
    ada = browse(cast.ada)
    page = checked(ada)
    assert saved(ada, page).status == 302
    assert "or edit Grace Okoro instead" in saved(ada, page).text
    assert User.objects.filter(first_name="Grace").count() == 1


def test_change_something_leads_back_with_everything_typed(cast, browse):
    ada = browse(cast.ada)
    page = ada.post(ADD, **{**checked(ada).hidden(), "step": "change"})
    body = page.bytes.decode()
    for value in ("Grace", "Okoro", "grace@abbey.example", "Deputy", "0117 496 0001"):
        assert f'value="{value}"' in body
    assert "Abbey Primary School, Bristol (URN 100001)" in body
    assert "There is a problem" not in page.text


def test_s35_a_child_kept_from_the_reader_is_neither_named_nor_counted(cast, browse, views_of):
    factories.restriction(cast.ada, cast.amira)
    page = checked(browse(cast.ada))
    assert "They would see 0" in page.text
    assert "Haddad" not in page.text
    assert views_of(cast.ada) == []


def test_a_link_fills_in_role_and_establishment(cast, browse):
    page = browse(cast.ada).get(ADD, role="designated_teacher", establishment=cast.abbey.pk)
    body = page.bytes.decode()
    assert 'value="designated_teacher" checked' in body
    assert "Abbey Primary School, Bristol (URN 100001)" in body
    assert browse(cast.ada).get(ADD, role="x", establishment="9" * 40).status == 200


@pytest.mark.parametrize("more", [0, 2])
def test_query_count_of_the_preview(cast, browse, count_queries, more):
    for _ in range(more):
        child = factories.pupil()
        factories.enrolment(child, cast.abbey)
        factories.episode(child)
    assert Pupil.objects.count() == 5 + more
    ada = browse(cast.ada)
    with count_queries(24, events=1):
        checked(ada)


def test_a_name_with_blanks_and_odd_letters_is_kept_tidy(cast, browse):
    ada = browse(cast.ada)
    saved(ada, checked(ada, first_name="  Zoë   Mae ", last_name="O’Connor-Łuk", phone="n/a"))
    user = grace()
    assert (user.first_name, user.first_key) == ("Zoë Mae", "zoemae")
    assert user.last_key == "oconnorluk"
    assert user.recorded_at <= timezone.now()
