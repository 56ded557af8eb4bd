"""Where mail goes, as the setting says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from schoolgate.outbox.places import Folder, Server, place_of


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
