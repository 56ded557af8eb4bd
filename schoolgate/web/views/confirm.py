"""The page that asks before something is done."""

from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from schoolgate.audit.actions import viewed
from schoolgate.kit.refusal import Refusal
from schoolgate.web.permissions import actor


def confirm(
    request: HttpRequest,
    do: Callable[[], HttpResponse],
    *,
    title: str,
    sentences: Sequence[str],
    button: str,
    back: tuple[str, int],
    warning: bool = True,
    pupil_ids: Sequence[int] = (),
    choices: Sequence[tuple[str, str, str]] = (),
) -> HttpResponse:
    """:func:`ask` with the way back as a view and its argument."""
    name, pk = back
    return ask(
        request,
        do,
        title=title,
        sentences=sentences,
        button=button,
        back=reverse(name, args=[pk]),
        warning=warning,
        pupil_ids=pupil_ids,
        choices=choices,
    )


def ask(
    request: HttpRequest,
    do: Callable[[], HttpResponse],
    *,
    title: str,
    sentences: Sequence[str],
    button: str,
    back: str,
    warning: bool = True,
    pupil_ids: Sequence[int] = (),
    choices: Sequence[tuple[str, str, str]] = (),
) -> HttpResponse:
    """Asks on GET, does it on POST. What an action refuses is said on the page.

    ``back``: the address to which whoever does not want to goes. ``pupil_ids``: the children whom
    the page names. ``choices``: where there is one to be made, value, label and a sentence each; it
    comes as ``at``, the first unless another is chosen.
    """
    refused = ""
    if request.method == "POST":
        try:
            return do()
        except Refusal as refusal:
            refused = str(refusal)
    viewed(by=actor(request), kind="question", object_id=None, pupil_ids=list(pupil_ids))
    return render(
        request,
        "web/confirm.html",
        {
            "title": title,
            "sentences": sentences,
            "button": button,
            "back": back,
            "warning": warning,
            "choices": choices,
            "chosen": request.POST.get("at") or (choices[0][0] if choices else ""),
            "failed": refused,
        },
    )
