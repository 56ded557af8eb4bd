"""My account > Devices: where I am signed in, signing out there, and my last sign-ins (S5)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.sign_in import sessions
from schoolgate.sign_in.models import SessionEnding, SignInEvent
from schoolgate.web.permissions import actor, current_session, signed_in, visitor

_LAST = 20


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def account_sessions(request: HttpRequest) -> HttpResponse:
    """The sessions that hold. One that is over, or somebody else's, is told as one that is over."""
    person, here = visitor(request), current_session(request)
    if request.method != "POST":
        shown = {
            "lines": sessions.live(person.pk),
            "here": here,
            "events": SignInEvent.objects.filter(user_id=person.pk).order_by("-id")[:_LAST],
        }
        return render(request, "web/account_sessions.html", shown)
    others = sessions.live(person.pk).exclude(pk=here.pk)
    wanted = request.POST.get("session", "")
    if wanted != "others":
        number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else 0
        others = others.filter(pk=number)
    how = SessionEnding.BY_SELF
    ended = sessions.end(others.values_list("pk", flat=True), how=how, by=actor(request))
    if ended:
        messages.success(request, "Signed out there. If that was not you, change your password.")
    else:
        messages.success(request, "There was nothing to sign out of: that was over already.")
    return redirect("account-sessions")
