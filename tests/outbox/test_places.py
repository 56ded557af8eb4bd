"""Where mail goes, as the setting says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from schoolgate.outbox.places import Folder, Mailbox, Server, letterbox_of, place_of


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("", None),
        ("smtp://mail.x.example", Server("mail.x.example", 587, "starttls")),
        ("smtp://mail.x.example:25", Server("mail.x.example", 25, "starttls")),
        ("smtps://mail.x.example", Server("mail.x.example", 465, "tls")),
        ("smtp://r%40x:w%2Ford@mail.x.example:587/",
         Server("mail.x.example", 587, "starttls", "r@x", "w/ord")),
        ("smtp://mail.x.example?tls=no", Server("mail.x.example", 25, "none")),
        ("smtp://localhost:2525", Server("localhost", 2525, "none")),
        ("smtp://[::1]", Server("::1", 25, "none")),
        ("smtp://127.0.0.1", Server("127.0.0.1", 25, "none")),
        ("file:/srv/mail", Folder(Path("/srv/mail"))),
        ("file:///srv/our%20mail", Folder(Path("/srv/our mail"))),
    ],
)  # fmt: skip
def test_a_setting_is_understood(setting: str, place: Server | Folder | None) -> None:
    assert place_of(setting) == place


@pytest.mark.parametrize(
    "setting",
    [
        "mail.x.example", "smtp://", "smtp://mail.x.example:many", "http://mail.x.example",
        "smtp://mail.x.example/box", "smtp://mail.x.example?tls=off", "smtp://mail.x.example?x=1",
        "smtps://mail.x.example?tls=no", "smtp://mail.x.example#x", "smtp://mail.x.example?tls",
        "file:", "file:/", "file:mail", "file://mail/box",
    ],
)  # fmt: skip
def test_another_setting_is_not(setting: str) -> None:
    with pytest.raises(ValueError):
        place_of(setting)


def test_a_password_is_not_shown_by_chance() -> None:
    assert "word" not in repr(place_of("smtp://robin:word@mail.x.example"))


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("", None),
        ("maildir:/srv/bounces", Folder(Path("/srv/bounces"))),
        ("imaps://r%40x:w%2Ford@mail.x.example",
         Mailbox("mail.x.example", 993, "tls", "r@x", "w/ord", "INBOX")),
        ("imaps://r:w@mail.x.example:1993/Bounces%2FNew",
         Mailbox("mail.x.example", 1993, "tls", "r", "w", "Bounces/New")),
        ("imap://r:w@mail.x.example/INBOX",
         Mailbox("mail.x.example", 143, "starttls", "r", "w", "INBOX")),
    ],
)  # fmt: skip
def test_where_bounces_are_read_is_understood(setting: str, place: Mailbox | Folder | None) -> None:
    assert letterbox_of(setting) == place
    assert "w/ord" not in repr(place)


@pytest.mark.parametrize(
    "setting",
    [
        "mail.x.example", "maildir:bounces", "maildir:/", "maildir://host/x", "file:/srv/bounces",
        "imaps://mail.x.example", "imaps://r@mail.x.example", "imaps://:w@mail.x.example",
        "imaps://r:w@/INBOX", "imaps://r:w@x?tls=no", "imaps://r:w@x/IN%0ABOX", "imaps://r%0A:w@x",
        "imaps://r:w%C3%BC@x", "imaps://r:w@x:many/", "https://r:w@x",
    ],
)  # fmt: skip
def test_where_bounces_are_read_cannot_be_understood(setting: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        letterbox_of(setting)
