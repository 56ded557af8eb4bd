"""What is taken from an identity provider, and what is not, with a real one that does it wrong."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from schoolgate.kit.refusal import Refusal
from schoolgate.sign_in import openid
from schoolgate.sign_in.openid import Begun, Identity
from schoolgate.sign_in.provider_settings import Provider
from tests.jobs.programs import free_port
from tests.sign_in import provider
from tests.sign_in.provider import CLIENT, SECRET, Running, comes_back_from

if TYPE_CHECKING:
    from collections.abc import Iterator

BACK = "http://localhost:8000/sign-in/with/northshire/back/"
TENANT, ANOTHER = "0f2c4a10-1111-4222-8333-444455556666", "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.fixture(scope="module")
def process() -> Iterator[Running]:
    with provider.running() as running:
        yield running


@pytest.fixture
def there(process: Running) -> Running:
    """A provider that does everything right, and of which nothing is known yet."""
    openid.forget_all()
    process.do()
    process.be("subject-1", email="dora@abbey.example")
    return process


def known(running: Running, **more: object) -> Provider:
    facts = {"name": "northshire", "label": "Northshire", "issuer": running.issuer}
    return Provider(**{**facts, "client": CLIENT, "secret": SECRET, **more})  # type: ignore[arg-type]


def goes(asked: Provider) -> tuple[Begun, dict[str, str]]:
    """Somebody goes to the provider and comes back: what was kept, and the answer."""
    address, begun = openid.begin(asked, back=BACK)
    back = comes_back_from(address)
    assert back.startswith(BACK)
    return begun, {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def told(asked: Provider) -> Identity:
    begun, answer = goes(asked)
    return openid.finish(asked, begun, answer, back=BACK)


def test_s27_somebody_is_who_issuer_and_subject_say(there):
    assert told(known(there)) == Identity(
        "northshire", there.issuer, "subject-1", "dora@abbey.example", second_factor=False
    )


def test_the_question_is_for_a_code_with_state_nonce_and_s256(there):
    address, begun = openid.begin(known(there), back=BACK)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["state"] == begun.state
    assert asked["nonce"] == begun.nonce
    assert asked["code_challenge_method"] == "S256"
    assert begun.verifier not in address
    assert (asked["response_type"], asked["redirect_uri"]) == ("code", BACK)
    assert len({begun.state, begun.nonce, begun.verifier}) == 3
    assert all(len(secret) == 43 for secret in (begun.state, begun.nonce, begun.verifier))
    assert "prompt" not in asked
    assert "prompt=select_account" in openid.begin(known(there, asks_which=True), back=BACK)[0]


@pytest.mark.parametrize(
    "wrong",
    [
        "audience", "audience-of-a-friend", "two-audiences", "signed-with-a-published-secret",
        "issuer", "nonce", "no-nonce", "expired", "never-expires",
        "not-yet", "no-subject", "empty-subject", "long-subject", "subject-a-number", "unsigned",
        "signed-with-our-secret", "signed-with-its-public-key", "signed-by-a-stranger",
        "changed-after-signing", "no-token", "no-sense", "cancelled", "no-code", "another-state",
        "answer-of-another", "does-not-say-who-answers",
    ],
)  # fmt: skip
def test_s12_what_is_not_right_in_every_way_is_nobody(there, wrong, caplog):
    caplog.set_level(logging.DEBUG)
    there.do(wrong)
    begun, answer = goes(known(there))
    with pytest.raises(Refusal) as no:
        openid.finish(known(there), begun, answer, back=BACK)
    assert str(no.value) == (
        "Try again, or sign in another way: Northshire did not tell Schoolgate who you are."
    )
    assert "northshire came to nothing" in caplog.text
    for secret in (begun.state, begun.nonce, begun.verifier, answer.get("code"), SECRET, "eyJ"):
        assert not secret or secret not in caplog.text


@pytest.mark.parametrize("wrong", ["another-issuer-described", "no-token-endpoint"])
def test_a_provider_that_describes_another_is_not_asked(there, wrong):
    there.do(wrong)
    with pytest.raises(Refusal, match="Northshire did not tell Schoolgate"):
        openid.begin(known(there), back=BACK)
    assert there.asked()[-1] == "/.well-known/openid-configuration"


@pytest.mark.parametrize("wrong", ["sends-on", "broken", "endless", "slow"])
def test_a_provider_that_does_not_answer_ends_calmly_and_soon(there, wrong, caplog):
    there.do(wrong)
    began = time.monotonic()
    with pytest.raises(Refusal) as no:
        openid.begin(known(there), back=BACK)
    assert time.monotonic() - began < 9
    assert str(no.value) == (
        "Try again in a minute, or sign in another way: Northshire does not answer."
    )
    assert "northshire did not answer" in caplog.text
    asked = len(there.asked())
    with pytest.raises(Refusal, match="does not answer"):
        openid.begin(known(there), back=BACK)
    assert len(there.asked()) == asked  # it is left alone for a while, and holds up nobody


def test_an_answer_without_an_end_is_not_read_to_its_end(there):
    there.do("endless")
    with pytest.raises(Refusal, match="does not answer"):
        openid.begin(known(there), back=BACK)
    assert 0 < there.sent() < 16 * 1024 * 1024  # what is on the way included


@pytest.mark.parametrize("wrong", ["token-sends-on", "hangs-up"])
def test_nor_does_it_hold_up_at_the_end(there, wrong):
    there.do(wrong)
    begun, answer = goes(known(there))
    with pytest.raises(Refusal, match="does not answer"):
        openid.finish(known(there), begun, answer, back=BACK)
    assert there.asked()[-1] == "/token"


def test_a_provider_that_is_not_there_ends_calmly(there):
    gone = known(there, issuer=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Refusal, match="does not answer"):
        openid.begin(gone, back=BACK)


def test_s26_a_code_is_taken_once_and_with_its_verifier_only(there):
    begun, answer = goes(known(there))
    with pytest.raises(Refusal):
        openid.finish(known(there), Begun(begun.state, begun.nonce, "x" * 43), answer, back=BACK)
    begun, answer = goes(known(there))
    openid.finish(known(there), begun, answer, back=BACK)
    with pytest.raises(Refusal):
        openid.finish(known(there), begun, answer, back=BACK)


def test_a_new_key_of_the_provider_is_asked_for(there):
    assert told(known(there)).subject == "subject-1"
    there.do("new-key")
    assert told(known(there)).subject == "subject-1"
    assert told(known(there)).subject == "subject-1"
    assert there.asked().count("/keys") >= 2


def test_what_a_provider_says_of_itself_is_not_asked_for_each_time(there):
    before = there.asked().count("/.well-known/openid-configuration")
    for _ in range(3):
        told(known(there))
    assert there.asked().count("/.well-known/openid-configuration") == before + 1


def test_s25_a_second_factor_there_counts_only_where_the_settings_trust_it(there):
    there.be("subject-1", amr=["pwd", "mfa"])
    assert not told(known(there)).second_factor
    assert told(known(there, trusts_second_factor=True)).second_factor
    for amr in (["pwd"], [], ["mfa-not"]):
        there.be("subject-1", amr=amr)
        assert not told(known(there, trusts_second_factor=True)).second_factor
    there.be("subject-1", amr="mfa")
    with pytest.raises(Refusal):
        told(known(there, trusts_second_factor=True))


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"preferred_username": "dora@abbey"}, "dora@abbey"),
        ({"name": "Dora Teague"}, "Dora Teague"),
        ({"email": "a\nb", "name": " Dora "}, "Dora"),
        ({"email": 7}, ""),
        ({}, ""),
    ],
)
def test_a_label_is_shown_as_it_is_sent_if_it_can_be_read(there, claims, shown):
    there.be("subject-1", **claims)
    assert told(known(there)).shown == shown


def test_of_an_address_for_many_tenants_only_ours_are_taken():
    openid.forget_all()
    with provider.running() as running:
        running.issue_for_tenants()
        many = known(
            running,
            issuer=f"{running.issuer}/organizations/v2.0",
            tenants=frozenset([TENANT]),
        )
        ours = f"{running.issuer}/{TENANT}/v2.0"
        running.be("subject-1", iss=ours, tid=TENANT)
        assert told(many).issuer == ours
        for iss, tid in [
            (f"{running.issuer}/{ANOTHER}/v2.0", ANOTHER),
            (f"{running.issuer}/{ANOTHER}/v2.0", TENANT),
            (ours, ANOTHER),
            (ours, None),
            (f"{running.issuer}/{{tenantid}}/v2.0", "{tenantid}"),
        ]:
            running.be("subject-1", iss=iss, tid=tid)
            with pytest.raises(Refusal):
                told(many)


def test_the_secret_of_a_provider_is_not_printed(there):
    assert SECRET not in repr(known(there))
