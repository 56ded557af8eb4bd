"""Keeping a user from a child, and lifting that again (NEW5)."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.access import scope
from schoolgate.access.holdings import restrictions_on
from schoolgate.access.models import Restriction
from schoolgate.access.proposals import deciding
from schoolgate.access.restrictions import (
    NewRestriction,
    Review,
    due_for_review,
    keep_restrictions,
    lift_restrictions,
    restrict,
    standing_of,
    that_count,
)
from schoolgate.audit.actions import viewed
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web import words
from schoolgate.web.forms.restrictions import ChildToKeepFrom, ReviewForm, UserToKeepOut
from schoolgate.web.paging import page_of
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.confirm import confirm
from schoolgate.web.views.pupils import visible
from schoolgate.web.views.user import there

STALE = (
    "Look again before you save: somebody has changed this since you opened it. What you entered"
    " is still here; what is on record now stands above it."
)


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Keeps a user from the pupil, from this moment."""
    child = visible(request, pupil_id)
    form = UserToKeepOut(request.POST or None)
    if request.method == "POST" and form.is_valid() and _added(request, form, pupil=child):
        if not scope.may_see(visitor(request).pk, child.pk):
            return redirect("home")
        return redirect("pupil", child.pk)
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(request, "web/restriction.html", {"pupil": child, "form": form})


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def add_to_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """Keeps the user from a pupil, from this moment."""
    person = there(user_id)
    mine = scope.pupils_visible_to(visitor(request).pk)
    form = ChildToKeepFrom(request.POST or None, pupils=mine)
    if request.method == "POST" and form.is_valid() and _added(request, form, person=person):
        return redirect("user", person.pk)
    viewed(by=actor(request), kind="user", object_id=person.pk, pupil_ids=form.offered)
    return render(request, "web/restriction_of_user.html", {"person": person, "form": form})


def _added(
    request: HttpRequest,
    form: UserToKeepOut | ChildToKeepFrom,
    *,
    person: User | None = None,
    pupil: Pupil | None = None,
) -> bool:
    """Whether it was saved; the form is told why not."""
    given = form.cleaned_data
    person, pupil = person or given["user"], pupil or given["pupil"]
    row = NewRestriction(
        person.pk,
        pupil.pk,
        given["reason"],
        given["starts_on"] or timezone.localdate(),
        given["ends_on"],
        given["evidence"] or None,
        given["review_on"],
    )
    try:
        restrict([row], by=actor(request))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    begins = "is now" if row.starts_on <= timezone.localdate() else "will be"
    messages.success(request, f"{person} {begins} kept from this pupil's record.")
    return True


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, pupil_id: int, restriction_id: int) -> HttpResponse:
    """Lifts one restriction, after asking."""
    child = visible(request, pupil_id)
    found = restrictions_on(child.pk).filter(pk=restriction_id).first()
    if found is None:
        raise Http404

    def do() -> HttpResponse:
        lift_restrictions([found.pk], by=actor(request))
        messages.success(request, f"The restriction on {found.user} has been lifted.")
        return redirect("pupil", child.pk)

    return confirm(
        request,
        do,
        title=f"Lift the restriction on {found.user}?",
        sentences=[
            f"{found.user} will see {child} again, where a role of theirs reaches this pupil.",
            f"The reason for the restriction was: {found.reason}",
        ],
        button="Lift the restriction",
        back=("pupil", child.pk),
        pupil_ids=[child.pk],
    )


@only_super_user
@require_safe
def restrictions(request: HttpRequest) -> HttpResponse:
    """All that count or will, on children whom the reader sees; or those to be looked at again."""
    reader, only_due = visitor(request).pk, request.GET.get("show") == "due"
    if only_due:
        lists = [due_for_review(reader)]
    else:
        every = that_count(reader)
        lists = [every.filter(review_on__isnull=False), every.filter(review_on__isnull=True)]
    page = page_of(request, lists, ("review_on", "pk"), ("pk",))
    day, origins = timezone.localdate(), words.Origins(page.rows)
    named = sorted({one.pupil_id for one in page.rows})
    viewed(by=actor(request), kind="restrictions", object_id=None, pupil_ids=named)
    return render(
        request,
        "web/restrictions.html",
        {
            "lines": [_line(one, day, origins) for one in page.rows],
            "page": page,
            "only_due": only_due,
            "due": due_for_review(reader).count(),
        },
    )


def _line(one: Restriction, day: date, origins: words.Origins) -> dict[str, Any]:
    return {
        "restriction": one,
        "origin": origins.of(one),
        "is_due": one.review_on is not None and one.review_on <= day,
        "state": "Not yet" if one.starts_on > day else "",
    }


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pupil_id: int, restriction_id: int) -> HttpResponse:
    """A restriction is looked at again: it is kept until another day, or lifted."""
    child = visible(request, pupil_id)
    found = _one_of(child, restriction_id)
    form, stale = ReviewForm(restriction=found), False
    if request.method == "POST":
        with deciding(by=actor(request)):
            found = _one_of(child, restriction_id)
            form = ReviewForm(request.POST, restriction=found)
            stale = request.POST.get("seen") != standing_of(found)
            if form.is_valid() and not stale and _kept(request, form, found):
                return redirect("restrictions")
        if stale:
            form.add_error(None, STALE)
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(
        request,
        "web/restriction_review.html",
        {
            "pupil": child,
            "restriction": found,
            "origin": words.Origins([found]).of(found),
            "form": form,
            "stale": stale,
            "seen": standing_of(found),
        },
    )


def _one_of(child: Pupil, restriction_id: int) -> Restriction:
    found = restrictions_on(child.pk).filter(pk=restriction_id).first()
    if found is None:
        raise Http404
    return found


def _kept(request: HttpRequest, form: ReviewForm, found: Restriction) -> bool:
    """Whether it was saved; the form is told why not."""
    given = form.cleaned_data
    try:
        row = Review(found.pk, given["evidence"] or None, given["review_on"])
        keep_restrictions([row], by=actor(request))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, f"The restriction on {found.user} is kept.")
    return True
