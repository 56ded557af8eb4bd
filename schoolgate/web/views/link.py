"""Linking a social worker to a child, from the child's page: the way into the selection of pupils.

Nothing is decided or written here. The preview that this leads to (views/user_pupils.py) shows what
the link would open, asks where somebody has removed it before, and saves.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.roles import SOCIAL_WORKER
from schoolgate.audit.actions import viewed
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from schoolgate.web.forms.why import SocialWorkerForm
from schoolgate.web.permissions import actor, only_super_user
from schoolgate.web.views.pupils import visible
from schoolgate.web.views.user_pupils import Draft, links_of, roles_by_hand


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def social_worker(request: HttpRequest, pupil_id: int) -> HttpResponse:
    """Takes who it is, and goes on to the preview of the link. Its address has ids only."""
    child = visible(request, pupil_id)
    form = SocialWorkerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        worker = form.cleaned_data["user"]
        if obstacle := _obstacle(worker, child):
            form.add_error("user", obstacle)
        else:
            draft = Draft(SOCIAL_WORKER, frozenset(), frozenset([child.pk]), frozenset())
            return redirect(draft.address("user-pupils-save", worker.pk))
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(request, "web/link.html", {"pupil": child, "form": form})


def _obstacle(worker: User, child: Pupil) -> str:
    if SOCIAL_WORKER not in roles_by_hand(worker):
        return f"Choose a social worker, or give {worker} that role on their page first."
    if links_of(worker, SOCIAL_WORKER).filter(pupil_id=child.pk).exists():
        return f"Choose somebody else: {worker} is linked to {child} already."
    return ""
