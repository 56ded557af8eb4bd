"""Mail of the demonstration: what would have been sent, to be opened here. Nowhere else."""

import re
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from schoolgate.outbox import folder
from schoolgate.web.permissions import in_demonstration

SHOWN = 100
_ADDRESS = re.compile(r"(https?://\S+)")


@dataclass(frozen=True)
class Piece:
    """A stretch of a mail's text; ``leads_to`` when it is a link into this installation."""

    text: str
    leads_to: str = ""


@in_demonstration
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """The newest mails."""
    found = folder.numbers()
    read = [mail for number in found[:SHOWN] if (mail := folder.read(number))]
    context = {"mails": read, "more": max(0, len(found) - SHOWN)}
    return render(request, "web/demo_mails.html", context)


@in_demonstration
@require_safe
def mail(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail, with its links."""
    found = folder.read(mail_id) if mail_id < 10**10 else None
    if found is None:
        raise Http404
    context = {"mail": found, "pieces": _pieces(found.plain)}
    return render(request, "web/demo_mail.html", context)


def _pieces(text: str) -> list[Piece]:
    ours = settings.URL + "/"
    return [
        Piece(part, part if part.startswith(ours) else "") for part in _ADDRESS.split(text.strip())
    ]
