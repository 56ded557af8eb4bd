"""How an uploaded file is taken in: onto the disk, never into memory, and never beyond the limit.

Django reads the body of a request before the view runs (the protection against forged requests
looks into it), so who may send a file, and how much, is asked here.
"""

from pathlib import Path
from typing import Any

from django.core.files.uploadhandler import SkipFile, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from schoolgate.intake.sources.limits import MAX_BYTES
from schoolgate.web import permissions

# Up to here the rest of a file that is too large is read and thrown away, so that the browser
# comes to show our sentence; beyond it the connection is cut.
_PATIENCE = 8 * MAX_BYTES


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Keeps a file of at most ``MAX_BYTES``, and only on a page that takes one from this person.

    Of a larger one it keeps nothing and notes that on the request (see :func:`was_too_large`).
    """

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        if content_length > _PATIENCE:
            raise StopUpload(connection_reset=True)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if self.request is None or not _takes_files(self.request):
            raise SkipFile
        super().new_file(*args, **kwargs)
        # Read by its handle alone: whatever becomes of this process, nothing of the file, which may
        # have passwords in it, is left on the disk (S22).
        Path(self.file.temporary_file_path()).unlink()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > MAX_BYTES:
            self.request.upload_was_too_large = True  # type: ignore[union-attr]
            self.upload_interrupted()
            raise SkipFile
        super().receive_data_chunk(raw_data, start)


def takes_files(view: Any) -> Any:
    """Marks a view as one that takes files."""
    view.takes_files = True
    return view


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file was sent that is larger than the limit, and therefore not kept."""
    return getattr(request, "upload_was_too_large", False)


def _takes_files(request: HttpRequest) -> bool:
    view = request.resolver_match.func if request.resolver_match else None
    return getattr(view, "takes_files", False) and permissions.may_open(
        request, permissions.permission_of(view)
    )
