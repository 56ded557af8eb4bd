"""How an uploaded file is taken in (S47)."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from schoolgate.intake.models import Import
from schoolgate.web import uploads
from tests.web.files import a_file

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def kept(monkeypatch) -> list[int]:
    """The sizes of the pieces that were kept on the disk."""
    pieces: list[int] = []
    keep = uploads.TemporaryFileUploadHandler.receive_data_chunk

    def note(self, raw_data: bytes, start: int) -> None:
        pieces.append(len(raw_data))
        keep(self, raw_data, start)

    monkeypatch.setattr(uploads.TemporaryFileUploadHandler, "receive_data_chunk", note)
    return pieces


def test_s47_a_file_beyond_the_limit_is_told_and_not_kept(cast, browse, monkeypatch, kept):
    monkeypatch.setattr(uploads, "MAX_BYTES", 200_000)
    large = SimpleUploadedFile("large.csv", b"x" * 1_000_000)
    page = browse(cast.ada).post(
        "/settings/imports/new/", kind="users", role="designated_teacher", file=large
    )
    assert page.status == 200
    assert "Choose a file of 256 MB or less" in page.text
    assert "Choose a file." not in page.text
    assert sum(kept) <= 200_000
    assert not Import.objects.exists()


def test_s47_nobody_else_can_fill_the_disk(cast, browse, kept):
    for user in (None, cast.dora, cast.liam):
        browse(user).post("/settings/imports/new/", kind="users", file=a_file("x" * 5000))
    browse(None).post("/sign-in/", name="x", password="y", file=a_file("x" * 5000))
    assert kept == []


def test_a_file_of_the_limit_is_taken(cast, browse, monkeypatch, kept):
    content = a_file("Grace,Okoro,,grace@abbey.example,,100001,,,,")
    monkeypatch.setattr(uploads, "MAX_BYTES", content.size)
    page = browse(cast.ada).post(
        "/settings/imports/new/", kind="users", role="designated_teacher", file=content
    )
    assert page.status == 302
    assert sum(kept) == content.size


def test_s22_an_upload_has_no_name_on_the_disk_that_a_killed_process_would_leave(
    cast, browse, kept, tmp_path, settings, monkeypatch
):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    there: list[bool] = []
    keep = uploads.TemporaryFileUploadHandler.receive_data_chunk

    def look(self, raw_data: bytes, start: int) -> None:
        keep(self, raw_data, start)
        there.append(any(tmp_path.iterdir()))

    monkeypatch.setattr(uploads.TemporaryFileUploadHandler, "receive_data_chunk", look)
    page = browse(cast.ada).post(
        "/settings/imports/new/", kind="users", role="designated_teacher",
        file=a_file("Grace,Okoro,,grace@abbey.example,,100001,,,,"),
    )  # fmt: skip
    assert (page.status, there, len(kept)) == (302, [False], 1)


def test_fields_beyond_reason_are_refused(cast, browse):
    page = browse(None).post("/sign-in/", name="x" * 2_000_000, password="y")
    assert page.status == 400
