"""First passwords of a file on the command line: hashed at its end, told nowhere (S22)."""

from __future__ import annotations

import pytest

from schoolgate.access.sign_in import is_password_of
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import steps
from schoolgate.intake.models import Import, ImportFile
from schoolgate.kit.records import Source
from schoolgate.people.models import FirstPassword, User
from schoolgate.schools import actions as schools
from schoolgate.schools.actions import NewIdentifier
from schoolgate.schools.models import IdentifierKind

CANARY = "Canary"
FILE = """First name,Last name,E-mail,Initial password,Child
Elizabeth,Dickinson,liz@home.example,Canary-1,K-1
Gwen,Price,gwen@home.example,Canary-2,K-9
Split,Cell,split@home.example,Canary-left,Canary-right,K-1
"""
FLAGS = (
    "--sync-field", "Child", "--match-by", "Synchronisation key", "--map",
    "Initial password=Password", "--skip-faulty",
)  # fmt: skip


@pytest.fixture
def world(cast):
    """Amira has a synchronisation key."""
    key = NewIdentifier(cast.amira.pk, IdentifierKind.SYNC_KEY, "K-1")
    schools.add_identifiers([key], by=SYSTEM, source=Source.BY_HAND)
    return cast


def test_s22_it_hashes_at_its_end_and_tells_none(world, desk, caplog):
    refused = desk.folder / "refused.csv"
    ran = desk.take_in("parents", FILE, *FLAGS, "--refused", str(refused))
    assert ran.counts == (1, 0, 0, 2)
    assert not FirstPassword.objects.exists()
    assert is_password_of(User.objects.get(email="liz@home.example"), "Canary-1")
    for text in (ran.out, ran.err, caplog.text, refused.read_text("utf-8")):
        assert CANARY not in text
    with steps.file_of(Import.objects.get()) as path, open(path, encoding="utf-8") as file:  # noqa: PTH123
        kept = file.read()
    assert "Dickinson" in kept
    assert CANARY not in kept


def test_s22_for_a_persons_eyes_neither(world, desk):
    ran = desk.run("import", "parents", str(desk.file(FILE)), *FLAGS)
    assert "Elizabeth" not in ran.err
    assert CANARY not in ran.out + ran.err
    assert "Put every cell beneath a heading" in ran.out


def test_s22_checked_only_nothing_is_kept_and_not_applied_it_is_sealed(world, desk):
    desk.take_in("parents", FILE, *FLAGS, "--check")
    assert not ImportFile.objects.exists()
    desk.take_in("parents", FILE, *FLAGS[:-1])
    (kept,) = ImportFile.objects.all()
    assert kept.is_sealed
    assert kept.wipe_at is not None
    assert not User.objects.filter(email="liz@home.example").exists()
