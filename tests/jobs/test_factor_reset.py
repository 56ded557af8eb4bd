"""The mail that says that a second factor was reset: what is in it, and who gets none."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from schoolgate.access.accounts import FACTOR_RESET, reset_second_factors
from schoolgate.access.actions import deny
from schoolgate.audit.actions import SYSTEM
from schoolgate.jobs.mail_texts import TEXTS
from schoolgate.outbox.models import Mail, State
from schoolgate.outbox.places import place_of
from schoolgate.outbox.sending import send_some
from schoolgate.people.actions import change_users
from schoolgate.schools.models import Organisation
from schoolgate.sign_in.models import Totp
from tests.outbox.sink import running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cast import Cast


@pytest.fixture(autouse=True)
def address(settings: object) -> None:
    settings.URL, settings.MAIL_FROM = "https://gate.example", "gate@x.example"  # type: ignore[attr-defined]


def test_the_user_is_told_what_was_done_and_whom_to_ask(cast: Cast, tmp_path: Path) -> None:
    Organisation.objects.create(name="Northshire", contact="the helpdesk, 01234 567890")
    for user in (cast.sara, cast.dora, cast.theo):
        Totp.objects.create(user=user, sealed_secret="sealed", made_at=timezone.now())
    reset_second_factors([user.pk for user in (cast.sara, cast.dora, cast.theo)], by=cast.as_ada)
    deny([cast.dora.pk], by=SYSTEM)
    change_users([(cast.theo.pk, "email", "theo.marsh@brook.example")], by=SYSTEM)
    with running(tmp_path / "sink") as sink:
        place = place_of(sink.url)
        assert place is not None
        send_some(TEXTS, place, stopping=threading.Event())
        mails = [mail for mail in sink.mails() if "second factor" in str(mail["Subject"])]

    (mail,) = mails
    assert mail["To"] == cast.sara.email
    assert mail["Subject"] == "The second factor of your account at Northshire has been reset"
    words = str(mail)
    assert "please tell the helpdesk, 01234 567890 at once" in words.replace("=\n", "")
    assert "https://gate.example/sign-in/" in words
    for told in ("Sara", "Ada", "sealed", "Amira"):
        assert told not in words
    states = Mail.objects.filter(kind=FACTOR_RESET).values_list("user_id", "state")
    assert set(states) == {
        (cast.sara.pk, State.SENT),
        (cast.dora.pk, State.CANCELLED),
        (cast.theo.pk, State.CANCELLED),
    }
