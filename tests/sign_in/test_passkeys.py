"""Passkeys: what is taken for one, and what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fido2.utils import websafe_encode

from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event
from schoolgate.kit.refusal import Refusal
from schoolgate.people.actions import set_password
from schoolgate.people.models import User
from schoolgate.sign_in import passkeys
from schoolgate.sign_in.models import Passkey
from schoolgate.sign_in.passkeys import Claim, Site
from tests.sign_in.authenticator import Device, Made

if TYPE_CHECKING:
    from tests.cast import Cast

ORIGIN = "https://gate.example"
SITE = Site("gate.example", ORIGIN, "Northshire")


@pytest.fixture
def phone() -> Device:
    return Device(origin=ORIGIN)


def made_by(device: Device, user: User, **wrong: Any) -> Passkey:
    """A passkey of the user, made on the device."""
    options, challenge = passkeys.begin_making(SITE, user_id=user.pk, shown="dora", name="Dora")
    made = passkeys.read_made(SITE, challenge, device.makes(options, **wrong))
    return passkeys.make(user_id=user.pk, made=made, name="Phone", by=SYSTEM)


def proven(device: Device, passkey: Made | None = None, **wrong: Any) -> Passkey | None:
    """The passkey that the device proves; None when it does not."""
    options, challenge = passkeys.begin_proving(SITE)
    claim = Claim(device.proves(options, passkey, **wrong))
    return claim.passkey if passkeys.is_right(SITE, challenge, claim) else None


def events() -> list[tuple[str, str, str]]:
    found = Event.objects.filter(kind="passkey").order_by("pk")
    return [(event.verb, event.fields, str(event.user_id)) for event in found]


@pytest.mark.parametrize("kind", ["ES256", "EdDSA", "RS256"])
def test_a_passkey_is_made_and_proves_who_it_is(cast: Cast, kind: str) -> None:
    phone = Device(origin=ORIGIN, kind=kind)
    passkey = made_by(phone, cast.dora)

    assert proven(phone) == passkey
    assert Claim(phone.proves(passkeys.begin_proving(SITE).options)).user_id == cast.dora.pk
    assert events() == [("added", "", str(cast.dora.pk))]


def test_it_is_asked_for_without_naming_any(cast: Cast, phone: Device) -> None:
    made_by(phone, cast.dora)
    anybody, _ = passkeys.begin_proving(SITE)
    assert set(anybody) == {"challenge", "timeout", "rpId", "userVerification"}

    hers, _ = passkeys.begin_proving(SITE, user_id=cast.dora.pk)
    mine = websafe_encode(phone.made[0].id)
    assert [one["id"] for one in hers["allowCredentials"]] == [mine]
    again, _ = passkeys.begin_making(SITE, user_id=cast.dora.pk, shown="dora", name="Dora")
    assert [one["id"] for one in again["excludeCredentials"]] == [mine]
    assert again["authenticatorSelection"]["residentKey"] == "required"


def test_nothing_asked_for_names_the_person(cast: Cast) -> None:
    options, _ = passkeys.begin_making(SITE, user_id=cast.dora.pk, shown="d•••", name="d•••")
    assert "Dora" not in json.dumps(options)
    assert "dora@" not in json.dumps(options)


WRONG: list[dict[str, Any]] = [
    {"origin": "https://gate.example.evil.example"},
    {"origin": "https://evil.gate.example"},  # a host beneath ours is not ours
    {"origin": "http://gate.example"},
    {"origin": "https://gate.example:8443"},
    {"host": "evil.example"},
    {"challenge": websafe_encode(bytes(range(32)))},
    {"challenge": ""},
    {"present": False},
    {"framed": True},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_another_page_asked_for_is_no_passkey(
    cast: Cast, phone: Device, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Refusal, match="Try again: "):
        made_by(phone, cast.dora, **wrong)
    with pytest.raises(Refusal, match="Try again: "):
        made_by(phone, cast.dora, kind="webauthn.get")
    made_by(phone, cast.dora)
    assert proven(phone)
    assert proven(phone, **wrong) is None
    assert proven(phone, kind="webauthn.create") is None


def test_whoever_the_device_does_not_know_is_nobody(cast: Cast, phone: Device) -> None:
    made_by(phone, cast.dora)
    phone.verifies = False
    assert proven(phone) is None
    with pytest.raises(Refusal):
        made_by(phone, cast.dora)


def test_another_key_signs_for_nobody(cast: Cast, phone: Device) -> None:
    made_by(phone, cast.dora)
    thief = Device(origin=ORIGIN)
    made_by(thief, cast.theo)
    forged = ec.generate_private_key(ec.SECP256R1())

    assert proven(phone, secret=forged) is None
    assert proven(thief, id=phone.made[0].id) is None  # says it is Dora's, signs with Theo's
    assert proven(thief, user=phone.made[0].user) is None  # says it is Dora, with Theo's
    assert proven(Device(origin=ORIGIN, made=[Made(b"unknown", forged, "", b"")])) is None


@pytest.mark.parametrize(
    "answer",
    [
        "", "null", "[]", "{}", "7", '"x"', "{", "[" * 5000, '{"id": 5, "rawId": 5}',
        '{"rawId": "AA", "response": "x"}', '{"rawId": "AA", "response": {}}',
        '{"rawId": "AA", "response": {"clientDataJSON": "AA", "attestationObject": "AA"}}',
        '{"rawId": "AA", "response": {"clientDataJSON": "bnVsbA", "authenticatorData": "AA",'
        ' "signature": "AA"}}',
        '{"rawId": "\\u0000"}', "x" * 30_000,
    ],
)  # fmt: skip
def test_what_is_no_answer_at_all_is_a_no(db: None, answer: str) -> None:
    challenge = passkeys.begin_proving(SITE).challenge
    claim = Claim(answer)
    assert claim.passkey is None
    assert not passkeys.is_right(SITE, challenge, claim)
    assert not passkeys.use(claim)
    with pytest.raises(Refusal, match="Try again: the passkey could not be made"):
        passkeys.read_made(SITE, challenge, answer)


def test_no_challenge_kept_means_no(cast: Cast, phone: Device) -> None:
    made_by(phone, cast.dora)
    options, _ = passkeys.begin_making(SITE, user_id=cast.dora.pk, shown="d", name="d")
    for nothing in (None, ""):
        with pytest.raises(Refusal):
            passkeys.read_made(SITE, nothing, phone.makes({**options, "challenge": ""}))
    claim = Claim(phone.proves({**passkeys.begin_proving(SITE).options, "challenge": ""}))
    assert not passkeys.is_right(SITE, "", claim)


def test_a_kind_of_key_that_was_not_asked_for_is_refused(
    cast: Cast, phone: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fido2.cose import ES256, RS256, CoseKey

    from tests.sign_in import authenticator

    x = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    old = RS256.from_cryptography_key(rsa.generate_private_key(65537, 2048).public_key())
    odd: list[dict[int, Any]] = [
        {**x, -3: b"\1" * 32},  # no point of the curve
        {**old, 3: -65535},  # RS1: SHA-1
        {**x, 99: b"x" * 2000},
        {3: -7},
    ]
    for key in odd:
        monkeypatch.setattr(authenticator, "public_key", lambda _, key=key: CoseKey(key))
        with pytest.raises(Refusal):
            made_by(phone, cast.dora)
    assert not Passkey.objects.exists()


def test_a_copied_passkey_is_refused_and_told(cast: Cast, phone: Device) -> None:
    passkey = made_by(phone, cast.dora)

    def used(**given: Any) -> bool:
        options, challenge = passkeys.begin_proving(SITE)
        claim = Claim(phone.proves(options, **given))
        assert passkeys.is_right(SITE, challenge, claim)
        return passkeys.use(claim)

    assert [used(count=count) for count in (5, 6, 9)] == [True] * 3
    assert [used(count=count) for count in (9, 7, 0)] == [False] * 3
    passkey.refresh_from_db()
    assert passkey.sign_count == 9
    assert events()[1:] == [("refused", "sign_count", str(cast.dora.pk))] * 3
    assert used(count=10)


def test_a_device_that_does_not_count_is_taken_as_it_is(cast: Cast) -> None:
    phone = Device(origin=ORIGIN, counts=False)
    made_by(phone, cast.dora)
    for _ in range(3):
        assert passkeys.use(Claim(phone.proves(passkeys.begin_proving(SITE).options)))
    assert Passkey.objects.get().used_at is not None
    assert len(events()) == 1


def test_several_with_names_of_their_own(cast: Cast, phone: Device) -> None:
    first, second = made_by(phone, cast.dora), made_by(Device(origin=ORIGIN), cast.dora)
    passkeys.rename(first, name="  My   laptop ", by=SYSTEM)
    assert [one.name for one in passkeys.of(cast.dora.pk)] == ["My laptop", "Phone"]
    with pytest.raises(Refusal, match="Enter a name"):
        passkeys.rename(second, name=" \t", by=SYSTEM)

    passkeys.remove(first, must_have_one=True, by=SYSTEM)
    passkeys.remove(first, must_have_one=True, by=SYSTEM)  # gone already
    assert proven(phone) is None
    assert [verb for verb, _, _ in events()] == ["added", "added", "changed", "removed"]


def test_nobody_has_the_passkey_of_another(cast: Cast, phone: Device) -> None:
    made_by(phone, cast.dora, id=b"x" * 32)
    with pytest.raises(Refusal, match="Use another passkey"):
        made_by(phone, cast.theo, id=b"x" * 32)
    with pytest.raises(Refusal, match="Try again"):
        made_by(phone, cast.theo, id=b"x" * 1024)
    for _ in range(passkeys.MOST):
        made_by(phone, cast.theo)
    with pytest.raises(Refusal, match="Remove a passkey first"):
        made_by(phone, cast.theo)


def test_the_last_way_in_stays(cast: Cast, phone: Device) -> None:
    passkey = made_by(phone, cast.dora)
    with pytest.raises(Refusal, match="Set a password or add another passkey first"):
        passkeys.remove(passkey, must_have_one=False, by=SYSTEM)
    set_password(user=cast.dora, password="correct horse battery staple", by=SYSTEM)
    with pytest.raises(Refusal, match="Set up another second factor first"):
        passkeys.remove(passkey, must_have_one=True, by=SYSTEM)
    passkeys.remove(passkey, must_have_one=False, by=SYSTEM)
    assert not Passkey.objects.exists()
