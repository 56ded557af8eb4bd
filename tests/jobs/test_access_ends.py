"""The mail that says that access ends: what is in it, and who gets none."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access import ends
from schoolgate.access.models import Grant
from schoolgate.audit.actions import SYSTEM
from schoolgate.jobs.mail_texts import TEXTS
from schoolgate.kit.dates import in_words
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.places import place_of
from schoolgate.outbox.sending import send_some
from tests.outbox.sink import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cast import Cast
    from tests.outbox.sink import Sink


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with running(tmp_path / "sink") as sink:
        yield sink


@pytest.fixture(autouse=True)
def address(settings: object) -> None:
    settings.URL, settings.MAIL_FROM = "https://gate.example", "gate@x.example"  # type: ignore[attr-defined]


def test_s51_the_mail_says_a_day_and_whom_to_ask_and_nothing_else(cast: Cast, sink: Sink) -> None:
    day = timezone.localdate() + timedelta(days=10)
    for user in (cast.sara, cast.dora):
        held = Grant.objects.filter(user=user, ended_at__isnull=True)
        ends.set_last_day(held.values_list("pk", flat=True), day, by=SYSTEM)
    assert ends.post_notices() == 2
    held = Grant.objects.filter(user=cast.dora, ended_at__isnull=True)
    ends.set_last_day(held.values_list("pk", flat=True), None, by=SYSTEM)  # she stays after all
    send(sink)

    (mail,) = sink.mails()
    words = str(mail)
    assert sink.to() == [cast.sara.email]
    assert in_words(day) in mail["Subject"]
    assert f"ends after {in_words(day)}" in words
    for told in ("Amira", "Haddad", "Eve", "Abbey", "Social Worker", "Sara", "care"):
        assert told not in words.replace("gate@x.example", "")
    states = set(Mail.objects.values_list("user_id", "state"))
    assert states == {(cast.sara.pk, State.SENT), (cast.dora.pk, State.CANCELLED)}


def send(sink: Sink) -> None:
    """Hand over all that is due."""
    place = place_of(sink.url)
    assert place is not None
    send_some(TEXTS, place, stopping=threading.Event())
