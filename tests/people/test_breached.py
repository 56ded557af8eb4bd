"""The lists of breached passwords: ours, and a larger one in the form of Have I Been Pwned."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from schoolgate.people import breached

KNOWN = [f"password number {number}" for number in range(500)]


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


def pwned(folder: Path, passwords: list[str], *, ending: str = "\r\n", count: str = ":{}") -> Path:
    """A file as Have I Been Pwned gives it."""
    file = folder / "pwned.txt"
    lines = [f"{sha1(text)}{count.format(n * 37)}" for n, text in enumerate(passwords, 1)]
    file.write_bytes("".join(line + ending for line in sorted(lines)).encode())
    return file


@pytest.mark.parametrize(
    "password",
    ["password1234", "123456789012", "aaaaaaaaaaaa", "qwertyuiop123", "manchesterunited"],
)
def test_s23_our_list_has_what_is_guessed_first(password: str) -> None:
    assert breached.is_breached(password)
    assert breached.is_breached(f" {password.upper()} ")


def test_s23_our_list_has_hundreds_of_thousands_and_not_everything() -> None:
    assert breached.number_of_ours() > 600_000
    chance = random.Random(23)
    made_up = ["".join(chance.choices("abcdefghjkmnpqrstuvwxyz", k=16)) for _ in range(2_000)]
    assert not [text for text in made_up if breached.is_breached(text)]


def test_every_password_of_a_list_is_found_and_none_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "list.bin"
    assert breached.write(path, [*KNOWN, KNOWN[0].upper(), "short", "pässword eight"]) == 501
    assert all(breached.is_listed(text, path) for text in KNOWN)
    assert breached.is_listed("pa\u0308ssword EIGHT", path)  # in two pieces
    assert not any(breached.is_listed(text + "!", path) for text in KNOWN)
    assert not breached.is_listed("short", path)
    assert b"password number" not in path.read_bytes()


def test_an_empty_list_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "list.bin"
    assert breached.write(path, []) == 0
    # mmap takes no empty file; the heading is always there.
    assert not breached.is_listed("password1234", path)


@pytest.mark.parametrize(
    "content", [b"", b"nothing of ours", b"schoolgate breached passwords 1\nabc"]
)
def test_s60_a_list_that_cannot_be_read_permits_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.bin"
    path.write_bytes(content)
    with pytest.raises((OSError, ValueError)):
        breached.is_listed("a password in no list", path)
    with pytest.raises(OSError):
        breached.is_breached("a password in no list", str(tmp_path / "not there"))


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize("count", [":{}", ""])
@pytest.mark.parametrize("number", [1, 2, 3, 500])
def test_s23_every_line_of_the_operators_file_is_found(
    tmp_path: Path, ending: str, count: str, number: int
) -> None:
    file = pwned(tmp_path, KNOWN[:number], ending=ending, count=count)
    assert all(breached.is_in_file(text, file) for text in KNOWN[:number])
    assert not any(breached.is_in_file(text + "!", file) for text in KNOWN)
    assert breached.is_breached(KNOWN[0].title(), str(file))
    assert breached.fault_of(file) == ""


def test_a_file_without_its_last_line_end_is_read_to_its_end(tmp_path: Path) -> None:
    file = pwned(tmp_path, KNOWN)
    file.write_bytes(file.read_bytes().rstrip())
    assert all(breached.is_in_file(text, file) for text in KNOWN)


def test_what_is_wrong_with_the_operators_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "pwned.txt"
    assert "cannot be read" in breached.fault_of(file)
    for content in (b"", b"password\n" * 100, b"0" * 32 + b":1\n", b"x" * 5_000):
        file.write_bytes(content)
        assert "40 hexadecimal digits" in breached.fault_of(file), content[:50]
    lines = [f"{sha1(text)}:3\n" for text in KNOWN]
    file.write_text("".join(sorted(lines, reverse=True)))
    assert "not ordered" in breached.fault_of(file)
    assert not any(breached.is_in_file(text + "!", file) for text in KNOWN)  # and it ends
