"""A device with passkeys, and the browser before it: real keys, real CBOR, real signatures.

What it is told to do wrong (another page, another challenge, nobody asked) it signs all the same.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import AttestedCredentialData, AuthenticatorData, CollectedClientData

FLAG = AuthenticatorData.FLAG
SECRET = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass
class Made:
    """A passkey on the device."""

    id: bytes
    secret: SECRET
    host: str
    user: bytes
    count: int = 0


@dataclass
class Device:
    """Somebody's device. ``origin``: of the page that they have open in its browser."""

    origin: str = "http://testserver"
    verifies: bool = True
    counts: bool = True
    kind: str = "ES256"
    made: list[Made] = field(default_factory=list)

    def makes(self, options: dict[str, Any], **wrong: Any) -> str:
        """The browser's answer to being asked for a new passkey."""
        assert options["authenticatorSelection"]["userVerification"] == "required"
        host = wrong.get("host", options["rp"]["id"])
        new = Made(
            wrong.get("id", secrets.token_bytes(32)), self._secret(), host,
            websafe_decode(options["user"]["id"]),
        )  # fmt: skip
        self.made.append(new)
        attested = AttestedCredentialData.create(b"\0" * 16, new.id, public_key(new.secret))
        told = AuthenticatorData.create(
            sha256(host.encode()), self._flags(wrong) | FLAG.AT, new.count, attested
        )
        response = {
            "clientDataJSON": self._page("webauthn.create", options, wrong),
            "attestationObject": websafe_encode(
                cbor.encode({"fmt": "none", "authData": bytes(told), "attStmt": {}})
            ),
        }
        return _answer(new.id, response)

    def proves(self, options: dict[str, Any], passkey: Made | None = None, **wrong: Any) -> str:
        """The browser's answer to being asked for a passkey: for this one, or the last made."""
        assert options["userVerification"] == "required"
        used = passkey or self.made[-1]
        used.count += 1 if self.counts else 0
        host = wrong.get("host", options["rpId"])
        told = AuthenticatorData.create(
            sha256(host.encode()), self._flags(wrong), wrong.get("count", used.count)
        )
        page = self._page("webauthn.get", options, wrong)
        signed = bytes(told) + sha256(websafe_decode(page))
        response = {
            "clientDataJSON": page,
            "authenticatorData": websafe_encode(bytes(told)),
            "signature": websafe_encode(_sign(wrong.get("secret", used.secret), signed)),
            "userHandle": websafe_encode(wrong.get("user", used.user)),
        }
        return _answer(wrong.get("id", used.id), response)

    def _page(self, kind: str, options: dict[str, Any], wrong: dict[str, Any]) -> str:
        return CollectedClientData.create(
            wrong.get("kind", kind),
            wrong.get("challenge", options["challenge"]),
            wrong.get("origin", self.origin),
            cross_origin=wrong.get("framed", False),
        ).b64

    def _flags(self, wrong: dict[str, Any]) -> AuthenticatorData.FLAG:
        flags = FLAG.UP if wrong.get("present", True) else FLAG(0)
        return flags | FLAG.UV if self.verifies else flags

    def _secret(self) -> SECRET:
        if self.kind == "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        if self.kind == "RS256":
            return rsa.generate_private_key(65537, 2048)
        return ec.generate_private_key(ec.SECP256R1())


def public_key(secret: SECRET) -> CoseKey:
    """The public key of a secret one, as COSE has it."""
    shape: Any = ES256
    if isinstance(secret, ed25519.Ed25519PrivateKey):
        shape = EdDSA
    elif isinstance(secret, rsa.RSAPrivateKey):
        shape = RS256
    key: CoseKey = shape.from_cryptography_key(secret.public_key())
    return key


def _sign(secret: SECRET, text: bytes) -> bytes:
    if isinstance(secret, ed25519.Ed25519PrivateKey):
        return secret.sign(text)
    if isinstance(secret, rsa.RSAPrivateKey):
        return secret.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return secret.sign(text, ec.ECDSA(hashes.SHA256()))


def _answer(id_: bytes, response: dict[str, str]) -> str:
    name = websafe_encode(id_)
    return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
