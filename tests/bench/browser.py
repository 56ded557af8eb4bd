"""A browser without a screen: asks for pages and sends forms, with cookies."""

from __future__ import annotations

import html
import http.client
import re
import time
from urllib.parse import urlencode

# The server closes a connection that was idle for two seconds.
_IDLE = 1.0


class Browser:
    """Asks for pages with cookies, over one connection.

    ``source``: the address of this machine that it asks from; all of 127.0.0.0/8 are its own.
    """

    def __init__(
        self, port: int, *, source: str = "127.0.0.1", cookies: dict[str, str] | None = None
    ) -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=60, source_address=(source, 0)
        )
        self._port = port
        self._used_at = 0.0
        self.cookies: dict[str, str] = dict(cookies or {})
        self.text = ""
        self.location = ""

    def get(self, path: str) -> int:
        """The status; the page itself is read to its end."""
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: str) -> int:
        """Send the form of the page that was read last."""
        return self.send(path, urlencode({**self.hidden(), **fields}))

    def send(self, path: str, form: str) -> int:
        """Send a form that was filled in before."""
        return self._ask("POST", path, form)

    def hidden(self) -> dict[str, str]:
        """What the form of the page sends without being asked."""
        found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', self.text)
        return {name: html.unescape(value) for name, value in found}

    def sign_in(self, name: str, password: str) -> None:
        """Fill in the sign-in form."""
        self.get("/sign-in/")
        if self.post("/sign-in/", name=name, password=password) != 302:
            raise SystemExit("The sign-in did not work.")

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None) -> int:
        headers = {
            "Host": f"localhost:{self._port}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if time.monotonic() - self._used_at > _IDLE:
            self.close()
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        self.text = answer.read().decode()
        self._used_at = time.monotonic()
        self.location = answer.headers.get("Location", "")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status
