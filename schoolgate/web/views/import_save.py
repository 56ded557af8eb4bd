"""What somebody mended and answered on a page of an import, and sent back.

Fields: ``cell-ROW-PLACE`` with ``was-ROW-PLACE`` (what the page showed: only what differs is a
mend), ``answer-ROW-CODE`` (yes or no) with ``mark-ROW-CODE`` (the question as it was asked),
``answer-all`` (CODE:yes:COUNT), ``take-back`` (CODE:ROW, row 0 for an answer to all), ``reset``
(ROW-PLACE) and ``seen`` (what was last asked for when the page was shown).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.http import HttpRequest, QueryDict

from schoolgate.audit.actions import batch
from schoolgate.intake import decisions, shown
from schoolgate.intake.findings import Severity
from schoolgate.intake.models import Import
from schoolgate.intake.unseen import found_in, mask
from schoolgate.kit.refusal import Refusal
from schoolgate.web.permissions import actor, visitor
from schoolgate.web.views import findings

_LONGEST = 32_767  # characters of a cell, as many as a spreadsheet's
_CELL = re.compile(r"cell-(\d{1,9})-(\d{1,5})", re.ASCII)
_ANSWER = re.compile(r"answer-(\d{1,9})-([a-z-]{1,40})", re.ASCII)
_ALL = re.compile(r"([a-z-]{1,40}):(yes|no):(\d{1,9})", re.ASCII)
_RESET = re.compile(r"(\d{1,9})-(\d{1,5})", re.ASCII)
_BACK = re.compile(r"([a-z-]{1,40}):(\d{1,9})", re.ASCII)
CHANGED = (
    "Look at the import again: somebody has decided something about it, or checked it anew, since"
    " you opened this page. What you typed is kept below; save it if it still fits."
)


@dataclass(frozen=True)
class Sent:
    """A form as it was sent. ``typed``: what to show in it again when it could not be saved."""

    mends: dict[tuple[int, int], str] = field(default_factory=dict)
    answers: dict[tuple[int, str], bool] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)


def sent(post: QueryDict) -> Sent:
    """Read the form: what differs from what the page showed."""
    found = Sent()
    for name in post:
        if match := _CELL.fullmatch(name):
            row, place = int(match[1]), int(match[2])
            was = post.get(f"was-{row}-{place}", "")
            # A cell with two findings stands twice on a page.
            changed = [value for value in post.getlist(name) if _lines(value) != _lines(was)]
            if changed:
                found.mends[row, place] = changed[-1][:_LONGEST]
                found.typed[name] = changed[-1]
        elif (match := _ANSWER.fullmatch(name)) and post[name] in ("yes", "no"):
            found.answers[int(match[1]), match[2]] = post[name] == "yes"
            found.typed[name] = str(post[name])
    return found


def save(request: HttpRequest, run: Import) -> None:
    """Do what the form says, all or nothing. Raises Refusal."""
    form, by = sent(request.POST), actor(request)
    answers: list[tuple[str, int | None, bool | None]] = [
        (code, row, accept) for (row, code), accept in form.answers.items()
    ]
    to_all = _ALL.fullmatch(request.POST.get("answer-all", ""))
    if to_all:
        answers.append((to_all[1], None, to_all[2] == "yes"))
    if back := _BACK.fullmatch(request.POST.get("take-back", "")):
        answers.append((back[1], int(back[2]) or None, None))
    if reset := _RESET.fullmatch(request.POST.get("reset", "")):
        row, place = int(reset[1]), int(reset[2])
        cells = shown.row_of(run.pk, row, reader=visitor(request).pk).cells
        form.mends.update({(row, cell.place): cell.was for cell in cells if cell.place == place})
    if not form.mends and not answers:
        raise Refusal("Mend a cell or answer a question first: nothing was changed.")
    with batch(by=by):
        now = Import.objects.select_for_update().get(pk=run.pk)
        if request.POST.get("seen", "") != seen(now):
            raise Refusal(CHANGED)
        _is_still_asked(request, run, form, to_all)
        if form.mends:
            decisions.mend(run.pk, by=by, cells=form.mends)
        for code, row_, accept in answers:
            decisions.answer(run.pk, by=by, code=code, row=row_, accept=accept)


def seen(run: Import) -> str:
    """What was last asked for: another when somebody has decided something meanwhile."""
    return run.asked_at.isoformat() if run.asked_at else ""


def _is_still_asked(
    request: HttpRequest, run: Import, form: Sent, to_all: re.Match[str] | None
) -> None:
    questions = found_in(run.pk, reader=visitor(request).pk).filter(kind=Severity.QUESTION)
    if form.answers:
        rows = {row for row, _ in form.answers}
        asked = {findings.mark_of(mask(fault)) for fault in questions.filter(row__in=rows)}
        if not set(_marks(request.POST, form)) <= asked:
            raise Refusal(CHANGED)
    if to_all and findings.of_code(questions, to_all[1]).count() != int(to_all[3]):
        raise Refusal(CHANGED)


def _marks(post: QueryDict, form: Sent) -> Iterator[str]:
    for row, code in form.answers:
        yield post.get(f"mark-{row}-{code}", "")


def _lines(text: str) -> str:
    """A browser sends every line break as two characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
