"""Headers, hosts and cookies (S59)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.test import Client

from schoolgate.access.roles import LA_SUPER_USER
from tests import factories
from tests.web.routes import FORM_ONLY, a_world, routes

# Who may open what, and with what headers, hangs on no database; one walk is long enough.
pytestmark = pytest.mark.one_database

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none';"
    " object-src 'none'"
)


def test_s59_every_answer_has_a_strict_policy_and_is_not_stored(cast, browse):
    world = a_world(cast)
    for user in (cast.ada, cast.dora, None):
        browser = browse(user)
        addresses = [world.address(route, pupil=cast.amira.pk) for route in routes()]
        for address in [*addresses, "/there/is/no/such/page/"]:
            headers = browser.client.get(address).headers
            assert headers["Content-Security-Policy"] == POLICY, address
            assert headers["Cache-Control"] == "no-store", address
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "camera=()" in headers["Permissions-Policy"]
            assert headers["Referrer-Policy"] in ("same-origin", "strict-origin")


def test_s59_pages_hold_no_inline_script_or_style(cast, browse):
    import re

    world = a_world(cast)
    for route in routes():
        if route.name in FORM_ONLY:
            continue
        body = (
            browse(cast.ada)
            .get(world.address(route, pupil=cast.amira.pk))
            .bytes.decode(
                errors="replace"  # a file for Excel is no text
            )
        )
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", body), route.name
        for script in re.findall(r"<script[^>]*>(.*?)</script>", body, re.S):
            assert script == "", route.name


def test_s59_errors_have_them_too(cast, browse, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Carys Morgan")

    monkeypatch.setattr("schoolgate.web.views.pupils.scope.pupils_by_work", fail)
    page = browse(cast.ada).get("/pupils/")
    assert page.status == 500
    assert page.response.headers["Content-Security-Policy"] == POLICY
    assert page.response.headers["Cache-Control"] == "no-store"
    assert b"Carys" not in page.bytes
    assert b"Traceback" not in page.bytes


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "[::2]", "a b", ""])
def test_s59_a_forged_host_is_refused(db, host):
    answer = Client(raise_request_exception=False).get("/sign-in/", headers={"host": host})
    assert answer.status_code == 400
    assert host == "" or host.encode() not in answer.content


def test_s59_static_files_may_be_kept(db):
    answer = Client().get("/static/app.css")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["Cache-Control"]
    assert answer.getvalue()  # a file read to its end closes itself, and not the database with it


_ASK = """
import json, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
client = Client(headers={"host": "gate.example.org"})
answer = client.get("/sign-in/", secure=True)
plain = client.get("/sign-in/")
print(json.dumps({
    "status": answer.status_code,
    "hsts": answer.headers.get("Strict-Transport-Security", ""),
    "cookies": {name: [m["secure"], m["path"], m["domain"], m["httponly"], m["samesite"]]
                for name, m in answer.cookies.items()},
    "plain": [plain.status_code, plain.headers.get("Location", "")],
}))
"""


def under_https(*words: str) -> str:
    """Run Python with the settings of a server behind a proxy that ends TLS."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "schoolgate.config.settings",
        "DATABASE_URL": "sqlite:///:memory:",
        "SCHOOLGATE_URL": "https://gate.example.org",
        "SCHOOLGATE_HOSTS": "gate.example.org",
        "SCHOOLGATE_BEHIND_PROXY": "yes",
        "SCHOOLGATE_SECRET_KEY": "kX9-abcdefghijklmnopqrstuvwxyz0123456789_ABCDEFGHIJKLMNOP",
    }
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_s59_under_https_hsts_and_host_cookies():
    found = json.loads(under_https("-c", _ASK).strip().splitlines()[-1])
    assert found["status"] == 200
    assert found["hsts"] == "max-age=63072000; includeSubDomains; preload"
    assert found["cookies"] == {"__Host-schoolgate-csrf": [True, "/", "", True, "Lax"]}
    assert found["plain"] == [301, "https://gate.example.org/sign-in/"]


def test_s59_check_deploy_finds_nothing():
    told = under_https("-m", "django", "check", "--deploy", "--fail-level", "WARNING")
    assert "no issues" in told


def test_session_cookie_is_not_for_scripts(cast, browse, with_password):
    password = with_password(cast.dora)
    browser = browse(None)
    browser.post("/sign-in/", name="dora@abbey.example", password=password)
    cookie = browser.client.cookies["schoolgate-session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("page", ["set-up", "invitation"])
def test_s19_tokens_are_in_no_log(page):
    import logging

    from schoolgate.web.logs import WithoutTokens

    try:
        raise ValueError(f"odd: /{page}/secret-token/")
    except ValueError as error:
        trace = (ValueError, error, error.__traceback__)
    address = f"/{page}/secret-token/?x=1"
    record = logging.LogRecord("x", 30, "x", 1, "Not Found: %s", (address,), trace)
    told = WithoutTokens().format(record)
    assert told.startswith(f"Not Found: /{page}/.../?x=1")
    assert "ValueError" in told
    assert "secret" not in told.replace('"odd: /{page}/secret-token/"', "")


def test_the_health_page_answers(db, browse):
    page = browse(None).get("/healthz")
    assert (page.status, page.bytes) == (200, b"ok\n")


def test_the_organisations_name_is_escaped(db, browse):
    from schoolgate.audit.actions import SYSTEM
    from schoolgate.schools.actions import name_organisation

    name_organisation(name="<script>alert(1)</script>", by=SYSTEM)
    user = factories.user(first_name="<img src=x>", last_name="'\"&")
    factories.grant(user, LA_SUPER_USER)
    page = browse(user).get("/settings/users/")
    assert b"<script>alert" not in page.bytes
    assert b"<img src=x>" not in page.bytes


def test_s19_no_answer_to_a_link_lets_a_referer_tell_its_token(cast, browse, monkeypatch):
    # "no-referrer" would take the Origin from the form as well, and nobody could set up.
    world = a_world(cast)
    guarded = Client(enforce_csrf_checks=True)
    for address in (f"/invitation/{world.link}/", f"/set-up/{world.token}/"):
        for answer, status in [
            (browse(None).client.get(address), 200),
            (browse(None).client.get(address[:-1]), 302),
            (browse(None).client.get(address + "x/"), 404),
            (guarded.post(address, {}), 403),
            (browse(None).client.delete(address), 405),
        ]:
            assert (answer.status_code, answer.headers["Referrer-Policy"]) == (
                status, "strict-origin",
            )  # fmt: skip
    monkeypatch.setattr("schoolgate.web.views.invitation.invitations.find", lambda token: 1 / 0)
    failed = browse(None).client.get(f"/invitation/{world.link}/")
    assert (failed.status_code, failed.headers["Referrer-Policy"]) == (500, "strict-origin")
