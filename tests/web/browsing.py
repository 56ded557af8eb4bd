"""What a person at a browser does and sees, without one."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from schoolgate.sign_in.factors import has_factor
from schoolgate.sign_in.models import Door, Second, UserSession

if TYPE_CHECKING:
    from django.test import Client

    from schoolgate.people.models import User

PASSWORD = "correct horse battery staple"
_TOKENS = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]+')


@dataclass
class Browser:
    """Opens pages and sends forms."""

    client: Client

    def get(self, address: str, **query: Any) -> Page:
        """Open an address."""
        return Page(self.client.get(address, query))

    def post(self, address: str, *, follow: bool = False, **fields: Any) -> Page:
        """Send a form."""
        return Page(self.client.post(address, fields, follow=follow))


@dataclass
class Page:
    """An answer."""

    response: Any

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def leads_to(self) -> str:
        return str(self.response.headers.get("Location", ""))

    @property
    def bytes(self) -> bytes:
        return content_of(self.response)

    @property
    def text(self) -> str:
        """What is read on the page: no tags, one blank between words."""
        body = re.sub(r"<(script|style|title)\b.*?</\1>", " ", self.bytes.decode(), flags=re.S)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.bytes.decode(), re.S)
        return html.unescape(found[1].strip()) if found else ""

    def rows(self) -> list[list[str]]:
        """The cells of the rows of every table on the page, headings left out."""
        body = self.bytes.decode()
        return [
            [_words(cell) for cell in re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr\b[^>]*>(.*?)</tr>", body, re.S)
            if 'scope="col"' not in row
        ]

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's forms, but for the mark against forgery."""
        body = self.bytes.decode()
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', body)
        return {
            name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"
        }

    def link(self, words: str) -> str:
        """The address of the link with these words."""
        body = self.bytes.decode()
        for address, inner in re.findall(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', body, re.S):
            if _words(inner).startswith(words):
                return html.unescape(address)
        raise AssertionError(f"There is no link “{words}” on the page “{self.title}”.")


def with_session(client: Client, user: User, **facts: Any) -> UserSession:
    """Give a browser, in which Django has signed the user in, a session of ours, as a door would;
    ``facts`` are fields of it."""
    now = timezone.now()
    second = Second.PASSKEY if has_factor(user.pk) else Second.NONE
    told = {"door": Door.PASSWORD, "second": second, "made_at": now, "seen_at": now,
            "confirmed_at": now} | facts  # fmt: skip
    made = UserSession.objects.create(user=user, **told)
    session = client.session
    session["user-session"] = made.pk
    session.save()
    return made


def content_of(response: Any) -> bytes:
    """The body, of a streamed answer too."""
    if response.streaming:
        return b"".join(response.streaming_content)
    return bytes(response.content)


def masked(response: Any) -> bytes:
    """The body with the marks of its forms blanked: those differ at each answer."""
    return _TOKENS.sub(rb"\1", content_of(response))


def _words(piece: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", piece)).split())
