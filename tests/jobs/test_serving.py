"""What `start` says of each setting that is missing or dangerous."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from schoolgate.jobs import serving
from schoolgate.jobs.stop import Stop
from schoolgate.people import breached
from tests.jobs.programs import SECRET, free_port, is_a_sentence, schoolgate

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the setting is what is tested
GOOD = {
    "SCHOOLGATE_SECRET_KEY": SECRET,
    "SCHOOLGATE_URL": "https://schoolgate.example.org",
    "SCHOOLGATE_BEHIND_PROXY": "yes",
    "SCHOOLGATE_MAIL_FROM": "no-reply@example.org",
}


def problems(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str] | None = None, *, demo: bool = False
) -> list[str]:
    """The sentences with which `start` stops, with these settings instead of good ones."""
    for name in [name for name in os.environ if name.startswith("SCHOOLGATE_")]:
        monkeypatch.delenv(name)
    for name, value in {**({} if demo else GOOD), **(settings or {})}.items():
        monkeypatch.setenv(name, value)
    # What `check` puts into the environment goes again when the test ends.
    for name in ("SCHOOLGATE_URL", "SCHOOLGATE_HOSTS", "SCHOOLGATE_MAIL"):
        if name not in os.environ:
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
    try:
        serving.check(demo=demo, port=8000)
    except Stop as stop:
        assert is_a_sentence(str(stop)), str(stop)
        return str(stop).splitlines()
    return []


def test_good_settings_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(monkeypatch) == []
    assert os.environ["SCHOOLGATE_HOSTS"] == "schoolgate.example.org"


def test_the_demonstration_needs_only_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(monkeypatch, {"SCHOOLGATE_SECRET_KEY": SECRET}, demo=True) == []
    assert os.environ["SCHOOLGATE_URL"] == "http://localhost:8000"


def test_all_that_is_missing_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(
        monkeypatch,
        {"SCHOOLGATE_SECRET_KEY": "", "SCHOOLGATE_URL": "", "SCHOOLGATE_BEHIND_PROXY": ""},
    )
    assert [line.split(" to ")[0] for line in said] == [
        "Set SCHOOLGATE_SECRET_KEY",
        "Set SCHOOLGATE_URL",
    ]


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("SECRET_KEY", "", "Set SCHOOLGATE_SECRET_KEY to a long random text"),
        ("SECRET_KEY", SECRET[:49], "Set SCHOOLGATE_SECRET_KEY to at least 50"),
        ("SECRET_KEY", "a" * 60, "Set SCHOOLGATE_SECRET_KEY to a random text"),
        ("SECRET_KEY", "correcthorsebattery" * 4, "Set SCHOOLGATE_SECRET_KEY to a random text"),
        ("SECRET_KEY", "1234567890abcdef" * 4, "Set SCHOOLGATE_SECRET_KEY to a random text"),
        ("SECRET_KEY", "django-insecure-" + SECRET, "Set SCHOOLGATE_SECRET_KEY to a random text"),
        ("SECRET_KEY", "change-me-" + SECRET, "Set SCHOOLGATE_SECRET_KEY to a random text"),
        ("URL", "", "Set SCHOOLGATE_URL to the address"),
        ("URL", "schoolgate.example.org", "Set SCHOOLGATE_URL to an address"),
        ("URL", "ftp://schoolgate.example.org", "Set SCHOOLGATE_URL to an address"),
        ("URL", "https://", "Set SCHOOLGATE_URL to an address"),
        ("URL", "https://[::1", "Set SCHOOLGATE_URL to an address"),
        ("URL", "https://a.example:port", "Set SCHOOLGATE_URL to an address"),
        ("URL", "https://a.example/gate", "Set SCHOOLGATE_URL to an address"),
        ("URL", "https://me:pass@a.example", "Set SCHOOLGATE_URL to an address"),
        ("URL", "http://a.example", "Set SCHOOLGATE_URL to https://a.example"),
        ("URL", "http://192.168.0.7", "Set SCHOOLGATE_URL to https://192.168.0.7"),
        ("URL", "http://localhost.example", "Set SCHOOLGATE_URL to https://localhost.example"),
        ("HOSTS", "*", "List the names"),
        ("HOSTS", "schoolgate.example.org, *", "List the names"),
        ("HOSTS", "*.example.org", "List the names"),
        ("HOSTS", "other.example.org", "Add schoolgate.example.org to SCHOOLGATE_HOSTS"),
        ("BEHIND_PROXY", "", "Set SCHOOLGATE_BEHIND_PROXY to yes"),
        ("BEHIND_PROXY", "true", "Set SCHOOLGATE_BEHIND_PROXY to yes"),
        ("MAIL", "mail.example.org", "Set SCHOOLGATE_MAIL"),
        ("MAIL", "smtp://", "Set SCHOOLGATE_MAIL"),
        ("MAIL", "smtp://mail.example.org:many", "Set SCHOOLGATE_MAIL"),
        ("MAIL", "file:", "Set SCHOOLGATE_MAIL"),
    ],
)
def test_a_dangerous_setting_stops_with_its_remedy(
    setting: str, value: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = problems(monkeypatch, {f"SCHOOLGATE_{setting}": value})
    assert said
    assert said[0].startswith(remedy)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SECRET_KEY", "0123456789" * 2 + "8f3e1c7d9a2b4f605c8e7d1a3b9f2c4e"),
        ("URL", "https://schoolgate.example.org/"),
        ("URL", "https://schoolgate.example.org:8443"),
        ("HOSTS", "old.example.org, schoolgate.example.org"),
        ("HOSTS", ".example.org"),
        ("MAIL", "smtp://user:word@mail.example.org:587"),
        ("MAIL", "smtps://mail.example.org"),
        ("MAIL", "smtp://mail.example.org?tls=no"),
        ("MAIL", "smtp://localhost:2525"),
        ("MAIL", "file:/srv/mail"),
        ("MAIL_FROM", ""),
        ("MAIL_REPLY_TO", "office@example.org"),
        ("INVITATION_DAYS", "30"),
        ("LETTER_DAYS", "90"),
        ("BIND", EVERYWHERE),
    ],
)
def test_a_good_setting_passes(setting: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert problems(monkeypatch, {f"SCHOOLGATE_{setting}": value}) == []


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:80"])
def test_http_serves_this_machine_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"SCHOOLGATE_URL": url, "SCHOOLGATE_BEHIND_PROXY": ""}
    assert problems(monkeypatch, settings) == []
    said = problems(monkeypatch, {**settings, "SCHOOLGATE_BIND": EVERYWHERE})
    assert said[0].startswith("Leave out SCHOOLGATE_BIND")


def test_the_demonstration_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(monkeypatch, GOOD, demo=True)
    assert said[0].startswith("Leave out --demo")
    settings = {"SCHOOLGATE_SECRET_KEY": SECRET, "SCHOOLGATE_BIND": EVERYWHERE}
    assert problems(monkeypatch, settings, demo=True)[0].startswith("Leave out SCHOOLGATE_BIND")


def test_secrets_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(monkeypatch, {"SCHOOLGATE_MAIL": "smpt://me:hunter22@mail.example.org"})
    said += problems(monkeypatch, {"SCHOOLGATE_SECRET_KEY": "hunter22"})
    assert len(said) == 2
    assert not any("hunter22" in line for line in said)


def test_an_address_that_is_not_this_machines_is_a_sentence() -> None:
    with pytest.raises(Stop, match=r"^Choose another port .* or another address"):
        serving.listen(serving.Serving("http://localhost", "192.0.2.1", free_port()))


def test_start_stops_before_it_makes_a_database(blank_database: str) -> None:
    said = schoolgate("start", url=blank_database)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("Set SCHOOLGATE_SECRET_KEY")
    assert is_a_sentence(said.stderr)
    if blank_database.startswith("sqlite"):
        assert not Path(blank_database.removeprefix("sqlite:///")).exists()


def test_s23_a_list_of_breached_passwords_must_be_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "pwned.txt"
    setting = {"SCHOOLGATE_BREACHED_PASSWORDS": str(file)}
    (said,) = problems(monkeypatch, setting)
    assert said.startswith("Set SCHOOLGATE_BREACHED_PASSWORDS to a file of SHA-1 hashes in order")
    assert said.endswith("it cannot be read (No such file or directory).")
    file.write_text("password\n")
    (said,) = problems(monkeypatch, setting)
    assert said.endswith("its lines do not begin with the 40 hexadecimal digits of a SHA-1.")
    file.write_text("".join(f"{digit * 40}:1\n" for digit in "0123456789ABCDEF"))
    assert problems(monkeypatch, setting) == []


def test_s23_nothing_is_served_without_our_own_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(breached, "OURS", tmp_path / "breached.bin")
    assert problems(monkeypatch) == [
        "Run ./dev setup: the list of breached passwords has not been made."
    ]
