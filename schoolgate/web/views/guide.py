"""The guide in the product: the pages of docs/guide, as the build made them (assets/guide.mjs)."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from schoolgate.intake.columns import KINDS
from schoolgate.web.permissions import public

# The order in which one reads them; docs/guide/README.md has the same.
ORDER = (
    "signing-in", "roles", "bulk-add", "columns", "mistakes", "preview-and-undo", "users",
    "pupils", "who-can-see", "who-is-missing", "staff", "parents", "letters", "restrictions",
    "two-people", "my-children", "invitations", "sign-in-desk", "events",
)  # fmt: skip
# This page shows intake's own list of columns besides, so that it cannot differ from it.
COLUMNS = "columns"
KIND_ORDER = ("users", "parents", "leavers", "pupils", "establishments", "links")


@dataclass(frozen=True)
class Chapter:
    """A page of the guide. ``html`` is our own text, made by the build."""

    slug: str
    title: str
    html: SafeString


@public
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """The first page: what Schoolgate does, and the way to the others."""
    return _show(request, _chapters()[""])


@public
@require_safe
def page(request: HttpRequest, page: str) -> HttpResponse:
    """One page of the guide."""
    if page not in ORDER:
        raise Http404
    return _show(request, _chapters()[page])


def _show(request: HttpRequest, chapter: Chapter) -> HttpResponse:
    chapters = _chapters()
    titles = [(slug, chapters[slug].title) for slug in ORDER]
    kinds = [KINDS[code] for code in KIND_ORDER] if chapter.slug == COLUMNS else []
    return render(request, "web/guide.html", {"chapter": chapter, "titles": titles, "kinds": kinds})


@cache
def _chapters() -> dict[str, Chapter]:
    built = json.loads((Path(settings.STATIC_ROOT) / "guide.json").read_text("utf-8"))
    return {
        slug: Chapter(slug, page["title"], mark_safe(page["html"]))  # noqa: S308 - our own text
        for slug, page in built.items()
    }
