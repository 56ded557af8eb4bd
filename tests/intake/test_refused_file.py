"""The file of refused rows: what is in it, and what becomes of the files that are there already."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from schoolgate.audit.actions import COMMAND_LINE
from schoolgate.intake import command_runs, refused
from schoolgate.intake.models import Import
from tests.intake.desk import APPLIED, REFUSED, SOME_REFUSED, SW, WRONG_USAGE, Desk, person

if TYPE_CHECKING:
    from tests.cast import Cast

GOOD, BAD = person(), person(email="nobody", first="Bo")
FAILED = 1


def names_in(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_file_whose_headings_are_all_mapped_comes_back_as_it_was_read(
    cast: Cast, desk: Desk
) -> None:
    back = desk.folder / "refused.csv"
    # Told by our own headings alone, the delimiter would be a comma.
    text = "Forename;Surname;Mail (work, home, other, none)\r\nJo;Day;nobody\r\n"
    maps = [
        "--map", "Forename=User First Name", "--map", "Surname=User Last Name",
        "--map", "Mail (work, home, other, none)=Email",
    ]  # fmt: skip

    ran = desk.users(text, *maps, "--refused", str(back))

    assert (ran.status, ran.counts) == (REFUSED, (0, 0, 0, 1))
    lines = back.read_text("utf-8-sig").splitlines()
    assert lines[0].endswith(',Forename,Surname,"Mail (work, home, other, none)"')
    assert lines[1].endswith(",Jo,Day,nobody")
    mended = back.read_text("utf-8-sig").replace(",nobody", ",jo@x.example")
    assert desk.users(mended, *maps).status == APPLIED


@pytest.mark.parametrize("how", ["the same name", "another way there", "a link", "a hard link"])
def test_the_file_that_is_read_is_never_written_over(cast: Cast, desk: Desk, how: str) -> None:
    file = desk.file([GOOD, BAD])
    before = file.read_bytes()
    other = desk.folder / "other.csv"
    if how == "a link":
        other.symlink_to(file)
    elif how == "a hard link":
        other.hardlink_to(file)
    names = {"the same name": file, "another way there": desk.folder / "." / ".." / (
        f"{desk.folder.name}/{file.name}")}  # fmt: skip

    ran = desk.users(file, "--skip-faulty", "--refused", str(names.get(how, other)))

    assert (ran.status, ran.out) == (WRONG_USAGE, "")
    assert ran.err.startswith("Name another file for --refused: ")
    assert file.read_bytes() == before
    assert not Import.objects.exists()


def test_an_earlier_file_stays_when_the_command_does_nothing(cast: Cast, desk: Desk) -> None:
    file = str(desk.file([GOOD, BAD]))
    earlier = desk.folder / "refused.csv"
    earlier.write_text("of yesterday")
    words = ["import", "users", file, "--role", SW, "--refused", str(earlier)]

    assert desk.run(*words, "--map", "Forename=First").status == WRONG_USAGE
    assert earlier.read_text() == "of yesterday"
    assert names_in(desk.folder) == ["people.csv", "refused.csv"]

    assert desk.run(*words, "--skip-faulty").status == SOME_REFUSED
    assert "nobody" in earlier.read_text("utf-8-sig")
    assert names_in(desk.folder) == ["people.csv", "refused.csv"]


def test_half_a_file_is_never_left(cast: Cast, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = desk.folder / "refused.csv"
    earlier.write_text("of yesterday")

    def broken(path: str, plan: object, out: object) -> None:
        out.write(b"half a row,")  # type: ignore[attr-defined]
        raise RuntimeError(path)

    monkeypatch.setattr(refused, "write", broken)
    file = str(desk.file([GOOD, BAD]))
    ran = desk.run("import", "users", file, "--role", SW, "--refused", str(earlier))

    assert ran.status == FAILED
    assert earlier.read_text() == "of yesterday"
    assert names_in(desk.folder) == ["people.csv", "refused.csv"]


def test_the_new_file_has_the_rights_of_the_one_before(cast: Cast, desk: Desk) -> None:
    new, earlier = desk.folder / "new.csv", desk.folder / "refused.csv"
    earlier.write_text("of yesterday")
    earlier.chmod(0o640)
    desk.file([GOOD]).touch()

    for path in (new, earlier):
        desk.users([BAD], "--refused", str(path))

    usual = stat.S_IMODE((desk.folder / "people.csv").stat().st_mode)
    assert stat.S_IMODE(new.stat().st_mode) == usual
    assert stat.S_IMODE(earlier.stat().st_mode) == 0o640


def test_a_link_to_the_file_stays_a_link(cast: Cast, desk: Desk) -> None:
    target, link = desk.folder / "target.csv", desk.folder / "link.csv"
    link.symlink_to(target)

    desk.users([BAD], "--refused", str(link))

    assert link.is_symlink()
    assert "nobody" in target.read_text("utf-8-sig")


def test_what_is_no_file_is_written_to_as_it_stands(cast: Cast, desk: Desk) -> None:
    assert desk.users([BAD], "--refused", os.devnull).status == REFUSED
    assert Path(os.devnull).is_char_device()


def test_a_place_that_cannot_be_written_is_told_before_anything_is_done(
    cast: Cast, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(command_runs, "take_in", lambda *_, **__: started.append(COMMAND_LINE))
    file = desk.file([GOOD])
    read_only = _unwritable(desk.folder)

    for name in (desk.folder, desk.folder / "none" / "r.csv", file / "r.csv", *read_only):
        ran = desk.users(file, "--refused", str(name))

        assert (ran.status, ran.out) == (WRONG_USAGE, ""), name
        assert ran.err.startswith("Name a file that can be written: ")
    assert started == []


def _unwritable(folder: Path) -> list[Path]:
    """A file that may not be written, and one in a folder that may not be (not for root)."""
    if os.geteuid() == 0:
        return []
    locked, file = folder / "locked", folder / "read-only.csv"
    locked.mkdir(mode=0o500)
    file.touch(mode=0o400)
    return [locked / "r.csv", file]
