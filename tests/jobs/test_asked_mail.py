"""What was asked for by mail, from the page over the worker to a real mail server (S11)."""

from __future__ import annotations

import re
import statistics
import subprocess
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM, user_actor
from schoolgate.jobs import asked_worker
from schoolgate.jobs.mail_texts import TEXTS
from schoolgate.kit.records import Source
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.places import place_of
from schoolgate.outbox.sending import send_some
from schoolgate.people import actions as people
from schoolgate.people.actions import NewUser
from schoolgate.people.models import NO_PASSWORD, User
from schoolgate.schools.actions import name_organisation
from schoolgate.sign_in import addresses, asked
from schoolgate.sign_in.models import AskedByMail, AskedKind
from tests.jobs.programs import free_port, until
from tests.jobs.test_mail_worker import mail_worker_process
from tests.outbox.sink import SLOW_SECONDS, running
from tests.sign_in.mailed import confirm_link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from tests.cast import Cast
    from tests.clock import Clock
    from tests.databases import OwnDatabase
    from tests.outbox.sink import Sink

HOST = "https://gate.example"
WORD = "known to one browser alone"
PAGES = {AskedKind.RESET: "/sign-in/forgotten/", AskedKind.CODE: "/sign-in/code/"}
_CSRF = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]+')


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with running(tmp_path / "sink") as sink:
        yield sink


@pytest.fixture(autouse=True)
def address(settings: object) -> None:
    settings.URL, settings.MAIL_FROM = HOST, "gate@x.example"  # type: ignore[attr-defined]


@pytest.fixture
def dora(cast: Cast) -> User:
    """Dora, who has set up her sign-in, at an organisation with a name."""
    name_organisation(name="Northshire <Virtual> School", by=SYSTEM)
    User.objects.filter(pk=cast.dora.pk).update(password=NO_PASSWORD)
    return User.objects.get(pk=cast.dora.pk)


def send(sink: Sink) -> None:
    place = place_of(sink.url)
    assert place
    send_some(TEXTS, place, stopping=threading.Event())


def plain_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


def link_in(mail: EmailMessage, path: str) -> str:
    """The token of the link to this path; the HTML has the same."""
    found = re.search(rf"{HOST}/{path}/([\w-]{{43}})/", plain_of(mail))
    html = mail.get_body(("html",))
    assert found and html
    assert found[0] in html.get_content()
    return found[1]


def ask(kind: AskedKind, name: str, word: str = "") -> None:
    asked.ask(kind, name=name, browser_word=word)
    assert asked_worker.look() == 1


def test_a_link_to_choose_a_new_password(dora: User, sink: Sink) -> None:
    ask(AskedKind.RESET, dora.email)
    send(sink)
    (mail,) = sink.mails()
    assert mail["Subject"] == "Choose a new password at Northshire <Virtual> School"
    assert "for one hour" in plain_of(mail)
    assert asked.find_reset(link_in(mail, "sign-in/forgotten"))


def test_a_code_that_no_locked_screen_shows(dora: User, sink: Sink) -> None:
    ask(AskedKind.CODE, dora.email, WORD)
    send(sink)
    (mail,) = sink.mails()
    (code,) = re.findall(r"^(\d{3} \d{3})\s*$", plain_of(mail), re.M)
    assert mail["Subject"] == "Your code to sign in at Northshire <Virtual> School"
    assert asked.use_code(WORD, code.replace(" ", "")) == (dora.pk, True)


def test_links_to_confirm_and_to_stop_a_change_of_address(dora: User, sink: Sink) -> None:
    addresses.ask(user_id=dora.pk, new_email="d@home.example", by=user_actor(dora.pk))
    send(sink)
    confirm, stop = sink.mails()
    assert sink.to() == ["d@home.example", "dora@abbey.example"]
    assert addresses.find_confirm(link_in(confirm, "address"), dora.pk)
    assert addresses.find_stop(link_in(stop, "address/stop"))
    assert "home.example" not in plain_of(stop)


def test_the_mail_about_a_change_that_was_made_can_stop_it(dora: User, sink: Sink) -> None:
    addresses.ask(user_id=dora.pk, new_email="d@home.example", by=user_actor(dora.pk))
    token = confirm_link(addresses.waiting(dora.pk))  # type: ignore[arg-type]
    addresses.confirm(token, user_id=dora.pk, session_id=0, by=user_actor(dora.pk))
    send(sink)
    told = dict(zip(sink.to(), sink.mails(), strict=True))
    old = next(m for m in sink.mails() if "has been changed" in m["Subject"] and "/stop/" in str(m))
    assert old["To"] == "dora@abbey.example"
    assert "/stop/" not in plain_of(told["d@home.example"])
    assert addresses.stop(link_in(old, "address/stop")) is True


def test_the_mail_about_a_change_by_an_administrator_stops_nothing(dora: User, sink: Sink) -> None:
    people.change_users([(dora.pk, "email", "d@home.example")], by=SYSTEM)
    send(sink)
    assert sink.to() == ["dora@abbey.example", "d@home.example"]
    assert not any("/stop/" in str(mail) for mail in sink.mails())


@pytest.mark.parametrize("kind", list(AskedKind))
@pytest.mark.parametrize("what", ["denied", "moved", "asked anew"])
def test_what_is_no_longer_wanted_is_not_sent(
    dora: User, sink: Sink, kind: AskedKind, what: str
) -> None:
    ask(kind, dora.email, WORD)
    if what == "denied":
        access.deny([dora.pk], by=SYSTEM)
    elif what == "moved":
        User.objects.filter(pk=dora.pk).update(email="d@x.example", email_key="d@x.example")
    else:
        asked.ask(kind, name=dora.email, browser_word="new", instead_of=WORD)
        asked_worker.look()
    send(sink)
    assert len(sink.mails()) == (1 if what == "asked anew" else 0)
    assert not Mail.objects.filter(state=State.WAITING).exists()


@pytest.mark.parametrize("kind", list(AskedKind))
def test_who_is_shut_out_by_what_has_ended_is_sent_nothing(
    cast: Cast, sink: Sink, kind: AskedKind
) -> None:
    """Denied at one school, and with a role at the other until a moment ago."""
    User.objects.filter(pk=cast.theo.pk).update(password=NO_PASSWORD)
    access.deny([cast.theo.pk], by=SYSTEM, establishment_id=cast.abbey.pk)
    ask(kind, cast.theo.email, WORD)
    at_brook = Grant.objects.get(user=cast.theo, establishment=cast.brook)
    access.revoke([at_brook.pk], by=SYSTEM)
    send(sink)
    assert sink.to() == []


def test_s18_both_links_of_a_mail_that_went_out_twice_work(
    clock: Clock, cast: Cast, sink: Sink
) -> None:
    User.objects.filter(pk=cast.dora.pk).update(
        email="swallows@x.example", email_key="swallows@x.example", password=NO_PASSWORD
    )
    ask(AskedKind.RESET, "swallows@x.example")
    send(sink)
    clock.wait(minutes=1)
    send(sink)
    first, second = sink.mails()
    assert first["Message-ID"] == second["Message-ID"]
    tokens = {link_in(mail, "sign-in/forgotten") for mail in (first, second)}
    assert len(tokens) == 2
    assert all(asked.find_reset(token) for token in tokens)


def test_s51_nobody_is_named_in_these_mails_or_in_the_log(
    dora: User, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for kind in AskedKind:
        ask(kind, dora.email, WORD)
    addresses.ask(user_id=dora.pk, new_email="d@home.example", by=user_actor(dora.pk))
    send(sink)
    told = "\n".join(str(mail.get_body(("plain",))) for mail in sink.mails())
    assert len(sink.mails()) == 4
    assert not re.search(r"(?<![\w-])(Dora|Teague|Amira|Haddad)(?![\w-])", told)
    assert "@" not in caplog.text


# With programs of their own, as they run


NUMBER = 20


def crowd(named: str) -> list[str]:
    """The addresses of so many who have set up; over those named "slow" a mail server takes its
    time."""
    new = [NewUser(f"{named}{n}@x.example", "", "N", "N") for n in range(NUMBER)]
    ids = people.create_users(new, by=SYSTEM, source=Source.IMPORT)
    User.objects.filter(pk__in=ids).update(password=make_password("correct horse battery"))
    return [user.email for user in new]


def reply_to(kind: AskedKind, name: str) -> tuple[float, float, Any]:
    """How long the answer took, how much of that was work, and all that is in it."""
    client = Client(raise_request_exception=False)
    began, idle = time.perf_counter(), time.thread_time()
    sent = client.post(PAGES[kind], {"name": name})
    took, worked = time.perf_counter() - began, time.thread_time() - idle
    page = client.get(sent.headers["Location"])
    cookies = {name: {**morsel, "expires": ""} for name, morsel in sorted(client.cookies.items())}
    shown = _CSRF.sub(rb"\1", page.content)
    answers = (sent.status_code, dict(sent.headers), sent.content, dict(page.headers), shown)
    return took, worked, (answers, cookies)


def ended(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    worker.wait(30)


@pytest.mark.parametrize("kind", list(AskedKind))
@pytest.mark.parametrize("server", ["fast", "slow", "dead"])
def test_s11_the_reply_is_the_same_whoever_asks_and_however_the_mail_server_is(
    own_database: OwnDatabase,
    tmp_path: Path,
    settings: Any,
    server: str,
    kind: AskedKind,
) -> None:
    known = crowd("slow" if server == "slow" else "quick")
    denied = User.objects.filter(email__in=known[NUMBER // 2 :])
    access.deny(denied.values_list("pk", flat=True), by=SYSTEM)
    settings.MAIL = f"smtp://127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        sink = None
        if server != "dead":
            sink = stack.enter_context(running(tmp_path / "sink"))
            settings.MAIL = sink.url
        worker = mail_worker_process(own_database, settings.MAIL)
        stack.callback(ended, worker)
        reply_to(kind, "warm@up.example")
        times: dict[str, list[float]] = {"there": [], "denied": [], "nobody": []}
        work: dict[str, list[float]] = {what: [] for what in times}
        answers = []
        for number in range(NUMBER // 2):
            for what, name in (
                ("there", known[number]),
                ("nobody", f"nobody{number}@x.example"),
                ("denied", known[NUMBER // 2 + number]),
            ):
                took, worked, answer = reply_to(kind, name)
                times[what].append(took)
                work[what].append(worked)
                answers.append(answer)
        until(lambda: not AskedByMail.objects.filter(looked_at=None).exists(), seconds=60)
        wanted = User.objects.filter(email__in=known[: NUMBER // 2])
        posted = list(Mail.objects.order_by("user_id").values_list("user_id", flat=True))
        assert posted == list(wanted.order_by("pk").values_list("pk", flat=True))
        if sink is not None:
            until(sink.mails, seconds=30)
    assert all(answer == answers[0] for answer in answers)
    # Work and not time is compared: on a busy machine each waits for others. Nobody waits for the
    # slow server, which takes twice as long for one mail.
    middle = [statistics.median(found) for found in work.values()]
    assert max(middle) - min(middle) < 0.02, work
    assert max(map(statistics.median, times.values())) < SLOW_SECONDS / 2, times
