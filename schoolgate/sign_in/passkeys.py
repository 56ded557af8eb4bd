"""Passkeys (WebAuthn): made, named, asked for, checked, removed (NEW11).

A passkey is both factors at once: the device has it, and asks for a finger, a face or a PIN before
it signs. Whoever asks for one keeps the challenge, and gives it once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations
from schoolgate.people.models import User
from schoolgate.sign_in import factors, ways_in
from schoolgate.sign_in.models import Passkey

KIND = "passkey"
# How long a person may take over one, which is also how long its challenge is good.
LASTS = timedelta(minutes=5)
MOST = 20
NOT_MADE = "Try again: the passkey could not be made."
_ANSWER_LENGTH, _ID_LENGTH, _KEY_LENGTH = 20_000, 1023, 1000
_ALGORITHMS: list[type[CoseKey]] = [ES256, EdDSA, RS256]


@dataclass(frozen=True)
class Site:
    """Whose passkeys: ``host`` is what they are made for (the RP ID), ``origin`` the one address
    whose pages may ask for them, ``name`` what the browser calls it."""

    host: str
    origin: str
    name: str


class Begun(NamedTuple):
    """What the browser is told to do (JSON), and the challenge to be kept until it answers."""

    options: dict[str, Any]
    challenge: str


class Made(NamedTuple):
    """A passkey that a device has just made."""

    credential_id: str
    public_key: bytes
    sign_count: int


def of(user_id: int) -> QuerySet[Passkey]:
    """The passkeys of a user, oldest first."""
    return Passkey.objects.filter(user_id=user_id).order_by("pk")


def begin_making(site: Site, *, user_id: int, shown: str, name: str) -> Begun:
    """Ask for a new passkey. ``shown`` and ``name`` are what the device will list it by."""
    person = PublicKeyCredentialUserEntity(id=_handle(user_id), name=shown, display_name=name)
    options, state = _server(site).register_begin(
        person,
        _described(user_id),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Begun(dict(options.public_key), state["challenge"])


def read_made(site: Site, challenge: str | None, answer: str) -> Made:
    """The passkey in the browser's answer (JSON). Raises Refusal when it is not what was asked
    for: another challenge, origin or host, or a device that did not ask who is there."""
    try:
        return _read_made(site, challenge or "", answer)
    # What a stranger sends fails in more ways than can be named: any of them is a no.
    except Exception as error:
        raise Refusal(NOT_MADE) from error


def _read_made(site: Site, challenge: str, answer: str) -> Made:
    response = RegistrationResponse.from_dict(_read(answer))
    _refuse_frames(response.response.client_data.cross_origin)
    told = _server(site).register_complete(_state(challenge), response)
    made = told.credential_data
    if made is None or len(made.credential_id) > _ID_LENGTH:
        raise ValueError("No key, or one whose id is too long.")
    public_key = cbor.encode(made.public_key)
    if type(made.public_key) not in _ALGORITHMS or len(public_key) > _KEY_LENGTH:
        raise ValueError("Not a kind of key that was asked for.")
    _try_out(made.public_key)
    return Made(websafe_encode(made.credential_id), public_key, told.counter)


def _try_out(key: CoseKey) -> None:
    """Raises ValueError unless the key can check a signature at all."""
    try:
        key.verify(b"", b"")
    except InvalidSignature:
        return
    raise ValueError("No public key.")


def make(*, user_id: int, made: Made, name: str, by: Actor) -> Passkey:
    """Give the user the passkey. Raises Refusal when it is known already, or they have too many."""
    with factors.changing(user_id=user_id, by=by) as events:
        if of(user_id).count() >= MOST:
            raise Refusal(f"Remove a passkey first: you have {MOST}.")
        try:
            with transaction.atomic():
                passkey = Passkey.objects.create(
                    user_id=user_id, name=_named(name), made_at=events.at, **made._asdict()
                )
        except IntegrityError as error:
            raise Refusal("Use another passkey: this one is set up already.") from error
        events.add([("added", KIND, passkey.pk, "", user_id, None, "")])
    return passkey


def set_up(token: str, *, made: Made, name: str) -> User:
    """Set up the sign-in of the user whom an invitation's token invites, with a passkey in place of
    a password, and use the invitation up (S16). Raises Refusal as redeeming it does."""
    found = invitations.find(token)
    if found is None:
        raise Refusal(invitations.USE_ANOTHER)
    by = user_actor(found.user_id)
    with batch(by=by):
        user = invitations.redeem(token, password=None, by=by)
        make(user_id=user.pk, made=made, name=name, by=by)
    return user


def rename(passkey: Passkey, *, name: str, by: Actor) -> None:
    """Call a passkey something else."""
    with batch(by=by) as events:
        Passkey.objects.filter(pk=passkey.pk).update(name=_named(name))
        events.add([("changed", KIND, passkey.pk, "name", passkey.user_id, None, "")])


def remove(passkey: Passkey, *, must_have_one: bool, by: Actor) -> None:
    """Let a passkey open nothing any more. ``must_have_one``: its user, a second factor.

    Raises Refusal when it is their last way in, or the last factor of somebody who must have one.
    """
    user_id = passkey.user_id
    with factors.removing(user_id=user_id, must_have_one=must_have_one, by=by) as events:
        if not ways_in.is_left(user_id, without=passkey):
            raise Refusal(
                "Set a password or add another passkey first: you sign in with this one alone."
            )
        gone, _ = Passkey.objects.filter(pk=passkey.pk).delete()
        if gone:
            events.add([("removed", KIND, passkey.pk, "", user_id, None, "")])


def begin_proving(site: Site, *, user_id: int | None = None) -> Begun:
    """Ask for a passkey: one of this user's, or (None) whichever the person chooses.

    For nobody in particular it is the same for everybody: it names no passkey (S9).
    """
    options, state = _server(site).authenticate_begin(
        None if user_id is None else _described(user_id),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Begun(dict(options.public_key), state["challenge"])


class Claim:
    """What a browser answered when it was asked for a passkey, and whose that is, if anybody's.

    Nothing is proven by it yet: :func:`is_right` says whether it is.
    """

    def __init__(self, answer: str) -> None:
        self.response: AuthenticationResponse | None = None
        self.passkey: Passkey | None = None
        try:
            self.response = AuthenticationResponse.from_dict(_read(answer))
            key = websafe_encode(self.response.raw_id)
        except Exception:  # as in read_made: any failure is a no
            return
        self.passkey = Passkey.objects.filter(credential_id=key[: 2 * _ID_LENGTH]).first()

    @property
    def user_id(self) -> int | None:
        """Whose passkey it is said to be."""
        return self.passkey.user_id if self.passkey else None


def is_right(site: Site, challenge: str, claim: Claim) -> bool:
    """Whether the claim is signed by the passkey, for this challenge, from a page of ours, by
    somebody whom the device knows. A passkey that nobody has takes the same work (S9, S10)."""
    if claim.response is None:
        return False
    try:
        return _is_right(site, challenge, claim.response, claim.passkey)
    except Exception:  # as in read_made: any failure is a no
        return False


def _is_right(
    site: Site, challenge: str, response: AuthenticationResponse, passkey: Passkey | None
) -> bool:
    key = _key(bytes(passkey.public_key)) if passkey else _nobodys_key()
    known = AttestedCredentialData.create(Aaguid.NONE, response.raw_id, key)
    _refuse_frames(response.response.client_data.cross_origin)
    _server(site).authenticate_complete(_state(challenge), [known], response)
    # It names its user, unless it was asked for as one of theirs.
    named = response.response.user_handle
    return passkey is not None and named in (None, b"", _handle(passkey.user_id))


def use(claim: Claim) -> bool:
    """Note that a right claim is used now. False when its device has counted less uses than are
    known here: then there is a copy of the passkey somewhere, which is told in an event."""
    if claim.response is None or claim.passkey is None:
        return False
    count, passkey = claim.response.response.authenticator_data.counter, claim.passkey
    # A device that keeps no count says 0 for ever.
    follows = Q(sign_count__lt=count) if count else Q(sign_count=0)
    mine = Passkey.objects.filter(pk=passkey.pk)
    if mine.filter(follows).update(sign_count=count, used_at=timezone.now()):
        return True
    if mine.exists():
        with batch(by=user_actor(passkey.user_id)) as events:
            events.add([("refused", KIND, passkey.pk, "sign_count", passkey.user_id, None, "")])
    return False


def _server(site: Site) -> Fido2Server:
    party = PublicKeyCredentialRpEntity(id=site.host, name=site.name)
    # Exactly ours: the library would let pages of every host beneath it ask as well.
    server = Fido2Server(party, verify_origin=lambda origin: origin == site.origin)
    # The library sets it to None itself, and so is thought to hold nothing else.
    server.timeout = int(LASTS.total_seconds() * 1000)  # type: ignore[assignment]
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=key.ALGORITHM)
        for key in _ALGORITHMS
    ]
    return server


def _state(challenge: str) -> dict[str, Any]:
    if len(challenge) < 40:
        raise ValueError("No challenge was kept.")
    return {"challenge": challenge, "user_verification": UserVerificationRequirement.REQUIRED}


def _read(answer: str) -> Any:
    if len(answer) > _ANSWER_LENGTH:
        raise ValueError("Too long for an answer.")
    return json.loads(answer)


def _refuse_frames(is_in_foreign_frame: bool) -> None:
    if is_in_foreign_frame:
        raise ValueError("Asked for in a frame of another page.")


def _described(user_id: int) -> Sequence[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=websafe_decode(id_)
        )
        for id_ in of(user_id).values_list("credential_id", flat=True)
    ]


def _handle(user_id: int) -> bytes:
    """By what a device knows whose passkey it is: tells nothing of the person."""
    return user_id.to_bytes(8, "big")


def _named(name: str) -> str:
    words = " ".join(name.split())[:100]
    if not words:
        raise Refusal("Enter a name for the passkey, for example “My phone”.")
    return words


def _key(stored: bytes) -> CoseKey:
    return CoseKey.parse(cast(Mapping[int, Any], cbor.decode(stored)))


@lru_cache(maxsize=1)
def _nobodys_key() -> CoseKey:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    made = ES256.from_cryptography_key(public)  # type: ignore[no-untyped-call] # has no types
    return _key(cbor.encode(made))
