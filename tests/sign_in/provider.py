"""A real OpenID Connect provider in a process of its own: `python -m tests.sign_in.provider PORT`.

It has keys of its own, checks what it is asked (client, secret, address, PKCE), and gives each code
once. Whoever comes to it is the person that it was told of last (`be`), or chooses on its page;
what it does wrong is what it was told to (`wrong`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT, SECRET = "schoolgate-at-this-provider", "a-secret-of-the-client"
SLOW_SECONDS = 30


class Provider(ThreadingHTTPServer):
    """What it knows: its keys, the codes that are out, and how it was told to behave."""

    daemon_threads = True

    def __init__(self, port: int, issuer: str) -> None:
        super().__init__(("127.0.0.1", port), Answer)
        self.base = f"http://127.0.0.1:{port}"
        self.issuer = issuer or self.base
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.strangers_key = RSAKey.generate_key(2048, {"kid": "first"})
        self.shared = OctKey.generate_key(256, {"kid": "shared"})
        self.sent = 0
        self.codes: dict[str, dict[str, str]] = {}
        self.person: dict[str, Any] = {}
        self.wrong: str = ""
        self.asks: bool = False
        self.asked: list[str] = []

    def about(self) -> dict[str, Any]:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.base}/authorize",
            "token_endpoint": f"{self.base}/token",
            "jwks_uri": f"{self.base}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_response_iss_parameter_supported": "{" not in self.issuer,
        }
        if self.wrong == "another-issuer-described":
            told["issuer"] = "http://127.0.0.1:1"
        if self.wrong == "no-token-endpoint":
            del told["token_endpoint"]
        return told

    def id_token(self, asked: dict[str, str]) -> str:
        """What it says of the person who has come."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
        }
        changes: dict[str, dict[str, Any]] = {
            "audience": {"aud": "another-client"},
            "audience-of-a-friend": {"aud": "another-client", "azp": CLIENT},
            "two-audiences": {"aud": [CLIENT, "another-client"], "azp": "another-client"},
            "issuer": {"iss": "http://127.0.0.1:1"},
            "nonce": {"nonce": "of-another-sign-in"},
            "no-nonce": {"nonce": None},
            "expired": {"iat": now - 900, "exp": now - 600},
            "never-expires": {"exp": None},
            "not-yet": {"iat": now + 900, "exp": now + 1200},
            "no-subject": {"sub": None},
            "empty-subject": {"sub": ""},
            "long-subject": {"sub": "x" * 300},
            "subject-a-number": {"sub": 7},
        }
        claims.update(changes.get(self.wrong, {}))
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.wrong == "unsigned":
            return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
        if self.wrong == "signed-with-our-secret":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), ["HS256"])
        if self.wrong == "signed-with-its-public-key":
            # By hand: the library makes none of these.
            head = f"{_part({'alg': 'HS256', 'kid': str(self.key.kid)})}.{_part(claims)}"
            public = self.key.as_pem(private=False)
            return f"{head}.{_bare(hmac.digest(public, head.encode(), 'sha256'))}"
        if self.wrong == "signed-with-a-published-secret":
            return jwt.encode({"alg": "HS256", "kid": "shared"}, claims, self.shared, ["HS256"])
        key = self.strangers_key if self.wrong == "signed-by-a-stranger" else self.key
        header = {"alg": "RS256", "kid": str(self.key.kid)}
        token = jwt.encode(header, claims, key)
        if self.wrong == "changed-after-signing":
            head, _, rest = token.partition(".")
            return f"{head}.{_part({**claims, 'sub': 'somebody-else'})}.{rest.partition('.')[2]}"
        return token


def _part(value: dict[str, Any]) -> str:
    return _bare(json.dumps(value).encode())


def _bare(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


class Answer(BaseHTTPRequestHandler):
    """One request."""

    server: Provider

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(path.query).items()}
        if path.path not in ("/asked", "/sent"):
            self.server.asked.append(path.path)
        wrong = self.server.wrong
        if wrong == "slow" and path.path not in ("/asked", "/sent"):
            time.sleep(SLOW_SECONDS)
        known = path.path.find("/.well-known/")
        match path.path[max(known, 0) :]:
            case "/.well-known/openid-configuration" if wrong == "sends-on":
                self._goes(f"{self.server.base}/elsewhere")
            case "/.well-known/openid-configuration" | "/elsewhere" if wrong == "broken":
                self._tells(500, {"error": "broken"})
            case "/.well-known/openid-configuration" | "/elsewhere" if wrong == "endless":
                self._never_ends()
            case "/.well-known/openid-configuration" | "/elsewhere":
                self._tells(200, self.server.about())
            case "/keys":
                keys = [self.server.key.as_dict(private=False)]
                if wrong == "signed-with-a-published-secret":
                    keys.append(self.server.shared.as_dict(private=True))
                self._tells(200, {"keys": keys})
            case "/authorize":
                self._authorize(asked)
            case "/asked":
                self._tells(200, self.server.asked)
            case "/sent":
                self._tells(200, self.server.sent)
            case _:
                self._tells(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/behave":
            for name, value in json.loads(body).items():
                setattr(self.server, name, value)
            if self.server.wrong == "new-key":
                self.server.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)})
            self._tells(200, {})
        elif self.path == "/token":
            self.server.asked.append(self.path)
            self._token({name: values[0] for name, values in parse_qs(body).items()})
        else:
            self._tells(404, {})

    def _authorize(self, asked: dict[str, str]) -> None:
        right = (
            asked.get("client_id") == CLIENT
            and asked.get("response_type") == "code"
            and asked.get("code_challenge_method") == "S256"
            and "openid" in asked.get("scope", "").split()
        )
        if not right:
            self._tells(400, {"error": "invalid_request"})
            return
        answer = {"state": asked["state"]}
        if "{" not in self.server.issuer:
            answer["iss"] = self.server.issuer
        if self.server.wrong == "cancelled":
            answer["error"] = "access_denied"
        elif self.server.wrong == "no-code":
            pass
        else:
            answer["code"] = secrets.token_urlsafe(24)
            self.server.codes[answer["code"]] = asked
        if self.server.wrong == "another-state":
            answer["state"] = secrets.token_urlsafe(24)
        if self.server.wrong == "answer-of-another":
            answer["iss"] = "http://127.0.0.1:1"
        if self.server.wrong == "does-not-say-who-answers":
            del answer["iss"]
        there = f"{asked['redirect_uri']}?{urlencode(answer)}"
        if self.server.asks:
            who = html.escape(str(self.server.person.get("email", "")))
            link = f'<a href="{html.escape(there)}">Continue as {who}</a>'
            self._says(200, "text/html", f"<!doctype html><main>{link}</main>".encode())
        else:
            self._goes(there)

    def _token(self, given: dict[str, str]) -> None:
        asked = self.server.codes.pop(given.get("code", ""), None)
        challenge = _bare(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT, SECRET):
            self._tells(401, {"error": "invalid_client"})
        elif (
            asked is None
            or asked["redirect_uri"] != given.get("redirect_uri")
            or asked.get("code_challenge") != challenge
        ):
            self._tells(400, {"error": "invalid_grant"})
        elif self.server.wrong == "no-token":
            self._tells(200, {"access_token": "x", "token_type": "Bearer"})
        elif self.server.wrong == "no-sense":
            self._says(200, "text/html", b"<p>Busy</p>")
        elif self.server.wrong == "token-sends-on":
            self._goes(f"{self.server.base}/elsewhere")
        elif self.server.wrong == "hangs-up":
            self.connection.close()
        else:
            token = self.server.id_token(asked)
            self._tells(200, {"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _never_ends(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.server.sent = 0
        with suppress(OSError):
            for _ in range(1000):
                self.server.sent += self.wfile.write(b" " * 65536)

    def _goes(self, there: str) -> None:
        self.send_response(302)
        self.send_header("Location", there)
        self.end_headers()

    def _tells(self, status: int, told: Any) -> None:
        self._says(status, "application/json", json.dumps(told).encode())

    def _says(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)


@dataclass(frozen=True)
class Running:
    """A provider under way, as a test tells it what to do."""

    port: int
    process: subprocess.Popen[bytes]
    issuer: str

    def settings(self, name: str, **more: str) -> dict[str, str]:
        """The settings by which Schoolgate knows it under this name."""
        told = {"ISSUER": self.issuer, "CLIENT": CLIENT, "SECRET": SECRET, **more}
        return {f"SCHOOLGATE_PROVIDER_{name.upper()}_{key}": told[key] for key in told}

    def be(self, subject: str, **claims: Any) -> None:
        """Whoever comes next is this person."""
        self._behave(person={"sub": subject, **claims})

    def do(self, wrong: str = "") -> None:
        """Do this wrong from now on; nothing, without a word."""
        self._behave(wrong=wrong)

    def issue_for_tenants(self) -> None:
        """Be as Microsoft's address for the accounts of any organisation."""
        self._behave(issuer=f"{self.issuer}/{{tenantid}}/v2.0")

    def let_choose(self) -> None:
        """Show a page, on which a person goes on by a link."""
        self._behave(asks=True)

    def asked(self) -> list[str]:
        """The paths that it was asked for."""
        found: list[str] = json.loads(self._ask("/asked"))
        return found

    def sent(self) -> int:
        """How many bytes of an answer without an end it has been rid of."""
        return int(self._ask("/sent"))

    def _behave(self, **told: Any) -> None:
        self._ask("/behave", json.dumps(told).encode())

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", body, 20) as answer:
            return bytes(answer.read())


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def comes_back_from(address: str) -> str:
    """Go to a provider as a browser does; the address to which it sends back."""
    try:
        urllib.request.build_opener(_StayHere).open(address, timeout=20)
    except urllib.error.HTTPError as answer:
        with answer:
            return str(answer.headers["Location"])
    raise AssertionError("It did not send back.")


@contextmanager
def running(*, issuer: str = "") -> Iterator[Running]:
    """A provider, ended at the end."""
    from tests.jobs.programs import free_port, until

    port = free_port()
    words = [sys.executable, "-m", "tests.sign_in.provider", str(port), issuer]
    process = subprocess.Popen(words)
    found = Running(port, process, issuer or f"http://127.0.0.1:{port}")

    def answers() -> bool:
        with suppress(OSError):
            found.asked()
            return True
        return False

    try:
        until(answers)
        yield found
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    Provider(int(sys.argv[1]), sys.argv[2]).serve_forever()
