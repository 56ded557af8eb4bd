"""Who is there while the sign-in page is measured: readers, people signing in, and deniers."""

from __future__ import annotations

import itertools
import re
import threading
import time

from tests.bench.browser import Browser

# A session of a victim asks at least so often before it is refused, and so long.
ENOUGH = 20.0


class SigningIn:
    """One after the other opens the form and sends it."""

    def __init__(self, port: int, names: list[str], password: str) -> None:
        self._port, self._password = port, password
        self._names = itertools.cycle(names)
        self._sources = itertools.cycle(f"127.0.1.{number}" for number in range(1, 251))

    def __call__(self) -> str:
        browser = Browser(self._port, source=next(self._sources))
        status = browser.get("/sign-in/")
        if status == 200:
            status = browser.post("/sign-in/", name=next(self._names), password=self._password)
        browser.close()
        return "" if status == 302 and browser.location == "/" else f"sign-in: {status}"


class Readers:
    """People of four roles who are signed in, and look at one page after another.

    ``seconds``: by page, how long each took from the moment it was asked for.
    """

    def __init__(self, port: int, emails: dict[str, list[str]], password: str) -> None:
        self._port = port
        self.seconds: dict[str, list[float]] = {}
        self._lock = threading.Lock()
        visits = []
        groups = [emails[name] for name in ("super users", "la users", "teachers", "workers")]
        for group in zip(*groups, strict=True):
            for place, email in enumerate(group):
                browser = Browser(port)
                browser.sign_in(email, password)
                visits += [(browser.cookies, *page) for page in self._pages(browser, place == 0)]
        # In an order that gives neighbours to each other from different people and pages.
        self._visits = itertools.cycle(visits[start::7] for start in range(7))
        self._next = itertools.chain.from_iterable(self._visits)

    @staticmethod
    def _pages(browser: Browser, super_user: bool) -> list[tuple[str, str]]:
        browser.get("/pupils/")
        children = re.findall(r'href="(/pupils/\d+/)"', browser.text)
        if not children:
            raise SystemExit("A reader has no pupils.")
        pages = [
            ("start page", "/"),
            ("my pupils", "/pupils/"),
            ("search for a child", "/pupils/?q=ash"),
            ("a child (leaves an event)", children[0]),
            ("a child (leaves an event)", children[-1]),
        ]
        if super_user:
            browser.get("/settings/users/")
            person = re.findall(r'href="(/settings/users/\d+/)"', browser.text)[0]
            pages += [
                ("table of users", "/settings/users/"),
                ("search for a user", "/settings/users/?q=ash"),
                ("a user", person),
            ]
        return pages

    def __call__(self) -> str:
        with self._lock:
            cookies, name, path = next(self._next)
        browser = Browser(self._port, cookies=cookies)
        began = time.perf_counter()
        status = browser.get(path)
        took = time.perf_counter() - began
        browser.close()
        with self._lock:
            self.seconds.setdefault(name, []).append(took)
        # The start page of some leads to their pupils.
        return "" if status in (200, 302) and "sign-in" not in browser.location else f"{status}"


class Deniers:
    """LA Super Users who make one person after the other inactive, whose session is open.

    ``seconds``: each from sending the form to the first refusal.
    """

    def __init__(
        self, port: int, emails: dict[str, list[str]], victims: list[int], password: str
    ) -> None:
        self._port = port
        self.seconds: list[float] = []
        self._lock = threading.Lock()
        self._denier = Browser(port)
        self._denier.sign_in(emails["super users"][0], password)
        self._waiting = []
        for user_id, email in zip(victims, emails["victims"], strict=True):
            browser = Browser(port)
            browser.sign_in(email, password)
            self._waiting.append((user_id, browser))

    def __call__(self) -> str:
        with self._lock:
            user_id, victim = self._waiting.pop()
        if victim.get("/pupils/") != 200:
            return "a victim was not signed in"
        denier = Browser(self._port, cookies=self._denier.cookies)
        page = f"/settings/users/{user_id}/make-inactive/"
        if denier.get(page) != 200:
            return "the page that denies did not come"
        began = time.perf_counter()
        answers: list[int] = []
        sending = threading.Thread(target=lambda: answers.append(denier.post(page)))
        sending.start()
        status = 200
        while status == 200 and time.perf_counter() - began < ENOUGH:
            status = victim.get("/pupils/")
        took = time.perf_counter() - began
        sending.join()
        denier.close()
        again = victim.get("/pupils/")
        victim.close()
        if answers != [302] or status != 302 or again != 302:
            return f"denied: {answers}, then {status} and {again}"
        with self._lock:
            self.seconds.append(took)
        return ""
