"""How a user signs in, for whoever looks after their account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, SCHOOL_ADMIN
from schoolgate.audit.actions import user_actor
from schoolgate.audit.models import Event
from schoolgate.outbox.models import Mail
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import log, recovery_codes
from schoolgate.sign_in.log import Origin
from schoolgate.sign_in.models import (
    Door,
    Outcome,
    Passkey,
    ProviderLink,
    RecoveryCode,
    Second,
    SessionEnding,
    Totp,
    UserSession,
)
from tests import factories
from tests.web.browsing import masked

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

SECRETS = ["sealed-secret-of-dora", "credential-of-dora", "key-of-dora", "subject-of-dora"]


def page_of(user: User, school=None, *, reset: bool = False) -> str:
    """The address of the page about a user: in the settings, or in a school."""
    place = f"/school/{school.pk}/staff" if school else "/settings/users"
    return f"{place}/{user.pk}/sign-in/{'reset/' if reset else ''}"


def gives_factors(user: User) -> None:
    """An authenticator app, a passkey, recovery codes, and an account elsewhere."""
    now = timezone.now()
    Totp.objects.create(user=user, sealed_secret=SECRETS[0], made_at=now)
    Passkey.objects.create(
        user=user, name="Phone", credential_id=f"{SECRETS[1]}{user.pk}",
        public_key=SECRETS[2].encode(), made_at=now,
    )  # fmt: skip
    recovery_codes.make_new(user_id=user.pk, by=user_actor(user.pk))
    ProviderLink.objects.create(
        user=user, provider="microsoft", issuer="https://idp.example",
        subject=f"{SECRETS[3]}{user.pk}", made_at=now,
    )  # fmt: skip


def live_of(user: User) -> int:
    return UserSession.objects.filter(user=user, ended_at=None).count()


def test_sessions_factors_and_what_happened_are_shown_and_no_secret(cast, browse, with_password):
    with_password(cast.dora)
    gives_factors(cast.dora)
    origin = Origin("Firefox on Windows", "192.0.2.9")
    log.note(Outcome.SECOND_FAILED, door=Door.PASSWORD, user_id=cast.dora.pk, origin=origin)
    log.note(Outcome.FAILED, door=Door.PASSWORD, user_id=cast.theo.pk, origin=origin)
    browse(cast.dora)
    UserSession.objects.filter(user=cast.dora).update(
        second=Second.TOTP, device="Chrome on iPhone", address="192.0.2.44"
    )
    page = browse(cast.ada).get(page_of(cast.dora))
    for words in (
        "Password Set", "Microsoft, since", "Authenticator app", "Passkey Phone",
        "10 recovery codes left", "Chrome on iPhone", "192.0.2.44",
        "Password, authenticator app", "Second factor wrong", "Firefox on Windows",
    ):  # fmt: skip
        assert words in page.text.replace("\u00a0", " "), words
    assert "Not signed in" not in page.text  # that was Theo
    for secret in [*SECRETS, *RecoveryCode.objects.values_list("code_hash", flat=True)]:
        assert secret not in page.bytes.decode()
    assert User.objects.get(pk=cast.dora.pk).password not in page.bytes.decode()


def test_over_sessions_are_not_shown(clock, cast, browse):
    browse(cast.dora)
    clock.wait(minutes=31)
    page = browse(cast.ada).get(page_of(cast.dora))
    assert "Nowhere now." in page.text


@pytest.mark.parametrize("more", [1, 3])
def test_query_count(cast, browse, count_queries, more):
    for _ in range(more):
        browse(cast.dora)
        log.note(Outcome.FAILED, door=Door.PASSWORD, user_id=cast.dora.pk)
    browser = browse(cast.ada)
    with count_queries(13):
        browser.get(page_of(cast.dora))


def test_s5_an_administrator_ends_one_session_and_then_all(cast, browse):
    first, second, third = browse(cast.dora), browse(cast.dora), browse(cast.dora)
    other = browse(cast.theo)
    ada = browse(cast.ada)
    one = UserSession.objects.filter(user=cast.dora).order_by("pk")[0]
    page = ada.post(page_of(cast.dora), session=one.pk, follow=True)
    assert "1 session is ended." in page.text
    assert first.get("/").leads_to == "/sign-in/"
    assert second.get("/").status == 200
    one.refresh_from_db()
    assert (one.ended_how, one.ended_by_id) == (SessionEnding.BY_ADMIN, cast.ada.pk)

    page = ada.post(page_of(cast.dora), session="all", follow=True)
    assert "2 sessions are ended." in page.text
    assert "Nowhere now." in page.text
    for browser in (second, third):
        assert browser.get("/").leads_to == "/sign-in/"
    assert other.get("/").status == 200
    assert Event.objects.filter(verb="ended", kind="session", user_id=cast.dora.pk).count() == 3
    told = ada.get("/settings/events/", what="sign-ins").rows()[0]
    assert told[1:] == ["Ada Osei", "Ended session", "Dora Teague"]
    assert not ada.get("/settings/events/", what="register", who="ada").rows()


def test_a_session_of_somebody_else_is_not_ended_from_this_page(cast, browse):
    theo = browse(cast.theo)
    his = UserSession.objects.get(user=cast.theo)
    page = browse(cast.ada).post(page_of(cast.dora), session=his.pk, follow=True)
    assert "There was nothing to end" in page.text
    assert theo.get("/").status == 200


@pytest.mark.parametrize("which", ["", "x", "-1", "9" * 30])
def test_a_session_that_is_none_ends_nothing(cast, browse, which):
    browse(cast.dora)
    page = browse(cast.ada).post(page_of(cast.dora), session=which)
    assert "Choose the session to end." in page.text
    assert live_of(cast.dora) == 1


def test_a_reset_takes_the_factors_ends_sessions_gives_no_grace_and_tells(
    cast, browse, with_password
):
    password = with_password(cast.dora)
    gives_factors(cast.dora)
    gives_factors(cast.theo)
    dora = browse(None)
    ada = browse(cast.ada)
    address = page_of(cast.dora, reset=True)
    asked = ada.get(address)
    assert "Reset the second factor of Dora Teague?" in asked.text
    assert "A mail to dora@abbey.example tells them." in asked.text
    assert Totp.objects.filter(user=cast.dora).exists()  # asking does nothing
    assert ada.post(address).leads_to == page_of(cast.dora)

    for model in (Totp, Passkey, RecoveryCode):
        assert not model.objects.filter(user=cast.dora).exists()
        assert model.objects.filter(user=cast.theo).exists()
    assert ProviderLink.objects.filter(user=cast.dora).exists()
    (mail,) = Mail.objects.filter(kind="factor-reset")
    assert (mail.user_id, mail.address) == (cast.dora.pk, "dora@abbey.example")
    assert Event.objects.filter(verb="reset", user_id=cast.dora.pk).count() == 1
    # She comes in with her password, and reaches nothing but the page where one is set up.
    dora.post("/sign-in/", name="dora@abbey.example", password=password)
    assert dora.get("/").leads_to == "/account/factors/"


def test_a_reset_ends_every_session(cast, browse):
    gives_factors(cast.dora)
    dora = browse(cast.dora)
    UserSession.objects.filter(user=cast.dora).update(second=Second.TOTP)
    assert dora.get("/").status == 200
    browse(cast.ada).post(page_of(cast.dora, reset=True))
    assert dora.get("/").leads_to == "/sign-in/"
    assert live_of(cast.dora) == 0


def test_a_reset_asks_for_a_recent_proof_of_who_one_is(cast, browse):
    gives_factors(cast.dora)
    ada = browse(cast.ada)
    UserSession.objects.filter(user=cast.ada).update(
        confirmed_at=timezone.now() - timedelta(minutes=16)
    )
    address = page_of(cast.dora, reset=True)
    for answer in (ada.get(address), ada.post(address)):
        assert answer.leads_to.startswith("/account/confirm/?next=")
    assert Totp.objects.filter(user=cast.dora).exists()


def test_nobody_resets_their_own_here(cast, browse):
    gives_factors(cast.ada)
    ada = browse(cast.ada)
    UserSession.objects.filter(user=cast.ada).update(second=Second.TOTP)
    page = ada.get(page_of(cast.ada))
    assert "Change your own second factors" in page.text
    assert page_of(cast.ada, reset=True) not in page.bytes.decode()
    refused = ada.post(page_of(cast.ada, reset=True))
    assert "Go to your account to change your own second factors" in refused.text
    assert Totp.objects.filter(user=cast.ada).exists()


def test_there_may_be_nothing_to_reset(cast, browse):
    refused = browse(cast.ada).post(page_of(cast.dora, reset=True))
    assert "there is no second factor to reset any more" in refused.text
    assert not Mail.objects.filter(kind="factor-reset").exists()


def test_who_has_no_address_is_told_by_the_administrator(cast, browse):
    umi = factories.user(first_name="Umi", email="", username="umi.moss")
    gives_factors(umi)
    ada = browse(cast.ada)
    address = page_of(umi, reset=True)
    assert "Tell them yourself." in ada.get(address).text
    assert ada.post(address).leads_to == page_of(umi)
    assert not Mail.objects.filter(kind="factor-reset").exists()


@pytest.mark.parametrize("way", ["password", "address", "account elsewhere"])
def test_nobody_is_left_without_any_way_in(cast, browse, way):
    umi = factories.user(first_name="Umi", email="", username="umi.moss")
    gives_factors(umi)
    ProviderLink.objects.update(user=cast.dora)
    User.objects.filter(pk=umi.pk).update(password=NO_PASSWORD)
    ada, address = browse(cast.ada), page_of(umi, reset=True)
    assert "Give them an e-mail address first" in ada.post(address).text
    assert Passkey.objects.filter(user=umi).exists()

    match way:
        case "password":
            User.objects.filter(pk=umi.pk).update(password="a hash")
        case "address":
            User.objects.filter(pk=umi.pk).update(email="u@example.org", email_key="u@example.org")
        case _:
            ProviderLink.objects.update(user=umi, provider="northshire")
    assert ada.post(address).leads_to == page_of(umi)
    assert not Passkey.objects.filter(user=umi).exists()


# In a school (S62).


def test_s62_a_school_admin_deals_with_staff_of_their_own_school(school, browse):
    una, abbey = school.una, school.cast.abbey
    gives_factors(una)
    una_at = browse(una)
    UserSession.objects.filter(user=una).update(second=Second.TOTP)
    assert una_at.get("/").status == 200
    nia = browse(school.nia)
    listed = nia.get(f"/school/{abbey.pk}/staff/").bytes.decode()
    assert page_of(una, abbey) in listed
    assert "All sign-ins of" not in nia.get(page_of(una, abbey)).text
    nia.post(page_of(una, abbey), session="all")
    assert una_at.get("/").leads_to == "/sign-in/"
    assert nia.post(page_of(una, abbey, reset=True)).leads_to == page_of(una, abbey)
    assert not Totp.objects.filter(user=una).exists()


@pytest.mark.parametrize("why", ["other school", "another role", "super user", "no staff", "gone"])
def test_s62_for_other_accounts_the_pages_do_not_exist(school, browse, why):
    cast, abbey, una = school.cast, school.cast.abbey, school.una
    match why:
        case "other school":
            factories.post(una, cast.brook)
        case "another role":
            factories.grant(una, DESIGNATED_TEACHER, school=abbey)
        case "super user":
            factories.grant(una, LA_SUPER_USER)
        case "no staff":
            una = school.bo
        case "gone":
            User.objects.filter(pk=una.pk).update(gone_at=timezone.now())
    gives_factors(una)
    una_at = browse(una)
    nia = browse(school.nia)
    nothing = nia.get("/there/is/no/such/page/")
    for reset in (False, True):
        address = page_of(una, abbey, reset=reset)
        for answer in (nia.get(address), nia.post(address, session="all")):
            assert (answer.status, masked(answer.response)) == (404, masked(nothing.response))
        assert address not in nia.get(f"/school/{abbey.pk}/staff/").bytes.decode()
        assert nia.get(page_of(una, reset=reset)).status == 404
    assert Totp.objects.filter(user=una).exists()
    if why != "gone":
        assert live_of(una) == 1
    del una_at


def test_who_is_on_no_staff_of_the_school_has_no_page_there_for_anybody(school, browse):
    factories.grant(school.nia, SCHOOL_ADMIN, school=school.cast.brook)
    for reader in (school.nia, school.cast.ada):
        browser = browse(reader)
        assert browser.get(page_of(school.bo, school.cast.brook)).status == 200
        for reset in (False, True):
            address = page_of(school.bo, school.cast.abbey, reset=reset)
            assert browser.get(address).status == 404
            assert browser.post(address, session="all").status == 404


def test_s62_the_actions_refuse_it_too(school):
    from schoolgate.access.accounts import end_sessions, reset_second_factors
    from schoolgate.kit.refusal import Refusal

    ada = school.cast.ada
    gives_factors(ada)
    for who in (school.nia, school.lena, school.una, school.cast.dora):
        with pytest.raises(Refusal, match=r"^Ask an LA Super User"):
            end_sessions(ada.pk, None, by=user_actor(who.pk))
        with pytest.raises(Refusal, match=r"^Ask an LA Super User"):
            reset_second_factors([ada.pk], by=user_actor(who.pk))
    assert Totp.objects.filter(user=ada).exists()
