"""Every route x every method x every role x an object of one's own and a foreign one."""

from __future__ import annotations

import pytest

from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.web.permissions import Permission
from tests import factories
from tests.web.browsing import masked, with_session
from tests.web.routes import FORM_ONLY, FORMS, MISSING, ONES_OWN, Route, a_world, routes

# Who may open what, and with what headers, hangs on no database; one walk is long enough.
pytestmark = pytest.mark.one_database

METHODS = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]
ALL = sorted(routes(), key=lambda route: route.name)
OPEN = (Permission.PUBLIC, Permission.DEMONSTRATION)
CHANGING = set(FORMS) - {
    "sign-in-passkey",
    "account-passkey-add",
    "account-passkey",
    "sign-in-second",
    "account-password",
    "first-password",
    "account-app",
    "account-confirm",
    "sign-in-code",
    "sign-in-code-enter",
    "forgotten",
    "reset",
    "account-address",
    "address-confirm",
    "organisation",
    "sign-in",
    "set-up",
    "invitation",
    "why-ask",
    "user-why",
    "pupil-link",
    "restriction-add",
    "restriction-review",
    "user-restrict",
    "family-connect",
    "family-add",
    "family-facts",
    "user-connect",
    "import-new",
    "user-add",
    "user-edit",
    "school-staff-add",
    "school-staff-edit",
    "school-subject-leaders",
    "school-subject-remove",
    "school-classes-set",
    "user-pupils-save",
    "users-invite",
    "users-credentials-ask",
    "letter",
    "letter-password",
    "role-edit",
    "role-remove",
    "licence-edit",
    "licence-remove",
    "parent-access",
    "school-staff-act",
    "school-staff-resend",
    "school-staff-address",
}
# Pages that show nothing themselves, and lead to the one that there is.
LEADS_ON = {
    "my-school",
    "first-password",
    "sign-in-second",
    "sign-in-code-enter",
    "account-codes-file",
    "letter-password",
    "users-credentials-ask",
    "users-credentials-letters",
}
# For those with a password of their own it is not there, and leads them on whatever they ask.
OF_FIRST_PASSWORDS = "first-password"
# Says the same for every code, so that it tells of none.
OF_CODES = "letter-opened"
# Pages about a child that are for those who may know whether they are in care.
TOLD_OF_CARE = {"pupil-who"}
PUPIL_ROUTES = [route for route in ALL if "pupil_id" in route.arguments]


def takes(route: Route) -> set[str]:
    """The methods that the route answers to whoever may open it."""
    if route.name in FORM_ONLY:
        return {"post"}
    return {"get", "head", "post"} if route.name in FORMS else {"get", "head"}


def ask(browser, method: str, address: str):
    return getattr(browser.client, method)(address)


def test_s28_every_route_says_who_may_open_it():
    undeclared = [route.name for route in ALL if not isinstance(route.permission, Permission)]
    assert undeclared == []


def test_s28_the_public_routes_are_these():
    public = {route.name for route in ALL if route.permission is Permission.PUBLIC}
    assert public == {
        "healthz", "sign-in", "sign-in-second", "sign-in-passkey", "sign-out", "set-up",
        "invitation", "letter", "letter-opened", "letter-password",
        "provider-start", "provider-back", "invitation-provider",
        "sign-in-code", "sign-in-code-enter", "forgotten", "reset", "address-confirm",
        "address-stop",
        "organisation-style", "guide", "guide-page", "accessibility",
    }  # fmt: skip


def test_s28_everything_under_settings_is_for_super_users(cast):
    world = a_world(cast)
    for route in ALL:
        if world.address(route, pupil=cast.amira.pk).startswith(("/settings/", "/establishments/")):
            assert route.permission is Permission.SUPER_USER, route.name


def test_s28_nobody_and_the_denied_are_led_to_sign_in(cast, browse):
    world = a_world(cast)
    denied = browse(cast.theo)
    deny([cast.theo.pk], by=SYSTEM)
    for route in ALL:
        if route.permission in OPEN:
            continue
        for browser in (browse(None), denied):
            for method in METHODS:
                answer = ask(browser, method, world.address(route, pupil=cast.amira.pk))
                assert answer.status_code == 302, (route.name, method)
                assert answer.headers["Location"].startswith("/sign-in/")


STAFF = ["nia", "lena", "tariq", "femi", "una", "bo"]


def person(world, name):
    """Somebody of the cast or of the school."""
    return getattr(world.school if name in STAFF else world.cast, name)


@pytest.mark.parametrize("name", ["dora", "sara", "liam", "noor", *STAFF])
def test_s14_what_is_for_others_does_not_exist(cast, browse, name):
    world = a_world(cast)
    browser = browse(person(world, name))
    nothing = {method: ask(browser, method, "/there/is/no/such/page/") for method in METHODS}
    for route in ALL:
        if route.permission in OPEN or world.may_open(route, person(world, name)):
            continue
        for method in METHODS:
            answer = ask(browser, method, world.address(route, pupil=cast.amira.pk))
            assert (answer.status_code, masked(answer)) == (404, masked(nothing[method]))
            assert answer.headers == nothing[method].headers, (route.name, method)


@pytest.mark.parametrize("name", ["ada", "dora", None])
def test_s14_what_is_for_the_demonstration_does_not_exist_elsewhere(cast, browse, name):
    world = a_world(cast)
    browser = browse(getattr(cast, name) if name else None)
    nothing = {method: ask(browser, method, "/there/is/no/such/page/") for method in METHODS}
    only_there = [route for route in ALL if route.permission is Permission.DEMONSTRATION]
    assert only_there
    for route in only_there:
        for method in METHODS:
            answer = ask(browser, method, world.address(route, pupil=cast.amira.pk))
            assert (answer.status_code, masked(answer)) == (404, masked(nothing[method]))
            assert answer.headers == nothing[method].headers, (route.name, method)


@pytest.mark.parametrize("route", PUPIL_ROUTES, ids=[route.name for route in PUPIL_ROUTES])
def test_s14_a_foreign_pupil_equals_a_missing_one(cast, browse, route):
    world = a_world(cast)
    factories.restriction(cast.ada, cast.carys)
    for user in (cast.dora, cast.sara, cast.noor, cast.ada):
        browser = browse(user)
        for method in METHODS:
            foreign = ask(browser, method, world.address(route, pupil=cast.carys.pk))
            missing = ask(browser, method, world.address(route, pupil=MISSING))
            assert foreign.status_code == missing.status_code
            assert masked(foreign) == masked(missing), (user, method)
            assert foreign.headers == missing.headers
            if method in takes(route):
                assert foreign.status_code == 404


@pytest.mark.parametrize("name", ["dora", "sara", "liam", "ada", *STAFF[:2]])
def test_s28_whoever_may_open_a_page_finds_it(cast, browse, name):
    world = a_world(cast)
    user = person(world, name)
    for route in ALL:
        if not world.may_open(route, user):
            continue
        if route.permission is Permission.DEMONSTRATION:
            continue  # told below
        browser = browse(None if route.permission is Permission.PUBLIC else user)
        for method in METHODS:
            if route.name in CHANGING and method == "post":
                continue  # what these do is told in the tests of their own pages
            answer = ask(browser, method, world.address(route, pupil=cast.amira.pk))
            right = 405 if method not in takes(route) else 302 if route.name in LEADS_ON else 200
            if route.name in TOLD_OF_CARE and name in STAFF and right == 200:
                right = 404
            if route.name in ONES_OWN and right == 200:
                right = 404
            if route.name == OF_FIRST_PASSWORDS:
                right = 302
            assert answer.status_code == right, (route.name, method)


def test_s28_numbers_that_nothing_has_are_missing_pages(cast, browse):
    world = a_world(cast)
    browser = browse(cast.ada)
    nothing = ask(browser, "get", "/there/is/no/such/page/")
    for route in ALL:
        if not set(route.arguments) - {"token", "link", "reset", "confirm", "stop"}:
            continue
        if route.name == OF_CODES:
            continue
        for number in (str(MISSING), "9" * 40):
            for method in {"get", "post"} & takes(route):
                answer = ask(browser, method, world.missing(route).replace(str(MISSING), number))
                assert (answer.status_code, masked(answer)) == (404, masked(nothing)), route.name


@pytest.mark.parametrize("name", ["dora", "noor", "sara", None, *STAFF[:-1]])
def test_s29_a_child_of_school_b_is_never_in_the_bytes_of_school_a(cast, browse, name):
    world = a_world(cast)
    browser = browse(person(world, name) if name else None)
    upn = cast.carys.identifiers.get().value
    canaries = [b"Carys", b"Morgan", upn.encode()]
    questions = [{}, {"q": "Mor"}, {"q": upn}, {"after": cast.carys.pk}, {"before": cast.carys.pk}]
    for route in ALL:
        for pupil in (cast.amira.pk, cast.carys.pk):
            lists = "pupil_id" not in route.arguments
            for question in questions if lists else questions[:1]:
                answer = browser.client.get(world.address(route, pupil=pupil), question)
                echoed = masked(answer).replace(str(question.get("q", "\0")).encode(), b"")
                assert not [canary for canary in canaries if canary in echoed], route.name
            if lists:
                break


def test_s29_counts_and_order_do_not_tell_of_others(cast, browse):
    with_carys = masked(browse(cast.dora).get("/").response)
    # Where a foreign child would stand in the list, the address of a page must not tell.
    for place in ("after", "before"):
        for pupil in (cast.carys, cast.eve, cast.ben):
            page = browse(cast.dora).get("/", **{place: pupil.pk})
            missing = browse(cast.dora).get("/", **{place: MISSING})
            assert masked(page.response) == masked(missing.response)
    assert b"1" in with_carys


def test_a_missing_slash_leads_on_only_where_the_page_is_there(cast, browse):
    assert browse(cast.ada).get("/settings/users").leads_to == "/settings/users/"
    assert browse(cast.ada).get("/settings/users", q="x").leads_to == "/settings/users/?q=x"
    assert browse(cast.dora).get("/settings/users").status == 404
    assert browse(None).get("/settings/users").status == 404


def test_forged_forms_are_refused_and_tell_nothing(cast, django_user_model):
    from django.test import Client

    world = a_world(cast)
    for user in (cast.ada, cast.dora):
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        with_session(client, user)
        nothing = client.get("/there/is/no/such/page/")
        for route in ALL:
            if route.name not in FORMS:
                continue
            answer = client.post(world.address(route, pupil=cast.amira.pk), FORMS[route.name])
            hidden = not world.may_open(route, user) or route.name == OF_FIRST_PASSWORDS
            assert answer.status_code == (404 if hidden else 403), route.name
            if hidden:
                assert masked(answer) == masked(nothing)
