"""One connection of a child's family: what is known of it, and its end (ITS7)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from schoolgate.access.families import NewFact, disconnect, set_facts, set_relationship
from schoolgate.access.family_list import Connection, connections, licences_over
from schoolgate.access.models import Fact
from schoolgate.access.proposals import deciding
from schoolgate.audit.actions import batch, viewed
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.models import Pupil
from schoolgate.web import words
from schoolgate.web.forms.families import FactsForm
from schoolgate.web.permissions import actor, only_super_user
from schoolgate.web.views.confirm import confirm
from schoolgate.web.views.pupils import visible
from schoolgate.web.views.restrictions import STALE


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def facts(request: HttpRequest, pupil_id: int, grant_id: int) -> HttpResponse:
    """What an adult is to a child, and which facts are known between the two."""
    child = visible(request, pupil_id)
    found = _there(child, grant_id)
    form, stale = FactsForm(connection=found), False
    if request.method == "POST":
        with deciding([found.grant.user_id], by=actor(request)):
            found = _there(child, grant_id)
            form = FactsForm(request.POST, connection=found)
            stale = request.POST.get("seen") != found.standing()
            if form.is_valid() and not stale and _saved(request, form, found):
                return redirect("pupil", child.pk)
        if stale:
            form.add_error(None, STALE)
    viewed(by=actor(request), kind="pupil", object_id=child.pk, pupil_ids=[child.pk])
    return render(
        request,
        "web/family_facts.html",
        {
            "pupil": child,
            "connection": found,
            "licence": words.role_name(found.grant.role),
            "form": form,
            "stale": stale,
            "seen": found.standing(),
        },
    )


def _saved(request: HttpRequest, form: FactsForm, found: Connection) -> bool:
    """Whether it was saved; the form is told why not."""
    grant, by = found.grant, actor(request)
    pupil_id = grant.pupil_id
    assert pupil_id is not None  # noqa: S101 - a licence is over a pupil
    changed = [
        NewFact(grant.user_id, pupil_id, fact, holds, since or timezone.localdate(), until)
        for fact in Fact
        if (wanted := form.wanted(fact)) != form.known(fact)
        for holds, since, until in [wanted]
    ]
    try:
        with batch(by=by):
            set_relationship([(grant.pk, form.cleaned_data["relationship"])], by=by)
            set_facts(changed, by=by)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, f"What is known of {grant.user} and {grant.pupil} has been saved.")
    return True


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pupil_id: int, grant_id: int) -> HttpResponse:
    """Takes an adult off a child, after asking."""
    child = visible(request, pupil_id)
    grant = _there(child, grant_id).grant

    def do() -> HttpResponse:
        disconnect([grant.pk], by=actor(request))
        messages.success(request, f"{grant.user} is no longer connected to {child}.")
        return redirect("pupil", child.pk)

    return confirm(
        request,
        do,
        title=f"Remove {grant.user} from {child}?",
        sentences=[
            f"{grant.user} no longer sees this child as {words.role_name(grant.role)}, from this"
            " moment.",
            "It stays on record that they did, with what is known of the two. A file that names"
            " them together again asks first, and says that you removed it.",
        ],
        button="Remove",
        back=("pupil", child.pk),
        pupil_ids=[child.pk],
    )


def _there(child: Pupil, grant_id: int) -> Connection:
    grants = licences_over(child.pk).filter(pk=grant_id) if grant_id < 2**63 else []
    found = connections(grants, timezone.localdate())
    if not found:
        raise Http404
    return found[0]
