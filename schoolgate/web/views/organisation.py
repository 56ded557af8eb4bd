"""Settings > Organisation: its name, colour and grace; and the style sheet of the colour."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from schoolgate.kit.refusal import Refusal
from schoolgate.schools.actions import set_organisation
from schoolgate.schools.models import Organisation
from schoolgate.web.forms.organisation import OrganisationForm
from schoolgate.web.permissions import actor, only_super_user, public
from schoolgate.web.theme import FIRST_COLOUR, style_sheet


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def organisation(request: HttpRequest) -> HttpResponse:
    """The settings, and saving them."""
    now = _on_record()
    if request.method != "POST":
        return render(request, "web/organisation.html", {"form": OrganisationForm.of(now)})
    form = OrganisationForm(request.POST)
    if not form.is_valid():
        return render(request, "web/organisation.html", {"form": form})
    given = form.cleaned_data
    try:
        set_organisation(
            name=given["name"],
            colour=given["colour"],
            contact=given["contact"],
            factor_grace_hours=int(given["grace"]),
            seen=given["seen"],
            by=actor(request),
        )
    except Refusal as refusal:
        # What was typed stays; what is there now is shown, and saving again overwrites it.
        now = _on_record()
        form = OrganisationForm({**request.POST.dict(), "seen": now.standing()})
        form.add_error(None, str(refusal))
        return render(request, "web/organisation.html", {"form": form, "now": now})
    messages.success(request, "Saved.")
    return redirect("organisation")


@public
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """The organisation's colour as a style sheet. It may be kept when the address names it."""
    colour = _on_record().colour or FIRST_COLOUR
    answer = HttpResponse(style_sheet(colour), content_type="text/css; charset=utf-8")
    if f"#{request.GET.get('v', '')}" == colour:
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def _on_record() -> Organisation:
    return Organisation.objects.order_by("pk").first() or Organisation()
