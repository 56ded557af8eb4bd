"""A browser at an identity provider: to go there from a page of ours, and to come back."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.sign_in.provider import comes_back_from

if TYPE_CHECKING:
    from tests.web.browsing import Browser, Page


def led_to(page: Page) -> str:
    """The address at the provider to which a page leads on."""
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]*)">', page.bytes.decode())
    assert found, page.text
    return html.unescape(found[1])


def goes(page: Page) -> str:
    """Go where the page leads, and be sent back: the address of ours, with the answer in it."""
    parts = urlsplit(comes_back_from(led_to(page)))
    assert parts.netloc == "testserver"
    return f"{parts.path}?{parts.query}"


def comes_with(browser: Browser, name: str = "northshire", **fields: Any) -> Page:
    """Press the provider's button on the sign-in page, sign in there, and come back."""
    return browser.get(goes(browser.post(f"/sign-in/with/{name}/", **fields)))


def links(browser: Browser, name: str = "northshire") -> Page:
    """Link an account in My account."""
    return browser.get(goes(browser.post(f"/account/providers/{name}/add/")))
