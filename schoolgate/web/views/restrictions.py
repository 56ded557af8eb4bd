"""Keeping a user from a child, and lifting that again (NEW5)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access import scope
from schoolgate.access.holdings import restrictions_on
from schoolgate.access.restrictions import NewRestriction, lift_restrictions, restrict
from schoolgate.audit.actions import viewed
from schoolgate.kit.refusal import Refusal
from schoolgate.web.forms.why import RestrictionForm
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.confirm import confirm
from schoolgate.web.views.pupils import visible


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Keeps a user from the pupil, from this moment."""
    child = visible(request, pupil_id)
    form = RestrictionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        row = NewRestriction(
            given["user"].pk,
            child.pk,
            given["reason"],
            given["starts_on"] or timezone.localdate(),
            given["ends_on"],
        )
        try:
            restrict([row], by=actor(request))
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{given['user']} is now kept from this pupil's record.")
            if not scope.may_see(visitor(request).pk, child.pk):
                return redirect("home")
            return redirect("pupil", child.pk)
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(request, "web/restriction.html", {"pupil": child, "form": form})


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
