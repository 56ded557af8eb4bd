"""What the tests of passkeys share: a user with one, and what a browser is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schoolgate.audit.actions import SYSTEM
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.sign_in import passkeys
from schoolgate.sign_in.passkeys import Site

if TYPE_CHECKING:
    from schoolgate.sign_in.models import Passkey
    from tests.sign_in.authenticator import Device
    from tests.web.browsing import Browser

SITE = Site("testserver", "http://testserver", "Schoolgate")
DOOR = "/sign-in/passkey/"


def has_passkey(user: User, device: Device) -> Passkey:
    """The user has set up, with a passkey on the device and no password."""
    User.objects.filter(pk=user.pk, password__startswith="!").update(password=NO_PASSWORD)
    begun = passkeys.begin_making(SITE, user_id=user.pk, shown="x", name="x")
    made = passkeys.read_made(SITE, begun.challenge, device.makes(begun.options))
    return passkeys.make(user_id=user.pk, made=made, name="Phone", by=SYSTEM)


def asked(browser: Browser, address: str = DOOR, **fields: Any) -> dict[str, Any]:
    """What the browser is told to ask for."""
    told = browser.post(address, passkey_begin="1", **fields).response.json()
    found: dict[str, Any] = told["options"]
    return found


def shows(browser: Browser, device: Device, **wrong: Any) -> Any:
    """The page after the device has answered at the sign-in page."""
    answer = device.proves(asked(browser), **wrong)
    return browser.post(DOOR, passkey_answer=answer, next="/pupils/")
