"""Choosing a password in place of the first one, which came with a file (ITS8, S22)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from schoolgate.access.sign_in import is_password_of
from schoolgate.audit.actions import batch
from schoolgate.people import invitations
from schoolgate.people.actions import set_password
from schoolgate.sign_in import links
from schoolgate.sign_in.notices import tell_of_change
from schoolgate.web.forms.sign_in import ChoosePasswordForm
from schoolgate.web.permissions import actor, first_password, visitor
from schoolgate.web.views.account import others_out


class _Form(ChoosePasswordForm):
    """Another password than the one there is."""

    def clean_password(self) -> str:
        password = super().clean_password()
        if is_password_of(self.person, password):
            raise ValidationError(
                "Choose another password than the one that you were given: others have seen it."
            )
        return password


@first_password
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Nothing else is open until it is done; it signs out whoever else came in with the old one."""
    person = visitor(request)
    form = _Form(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        by = actor(request)
        with batch(by=by) as events:
            set_password(user=person, password=form.cleaned_data["password"], by=by)
            tell_of_change([person.pk], at=events.at)
            links.void([person.pk], by=by, stops=False)
            invitations.cancel([person.pk], by=by)
            others_out(request, wanted=True)
        request.session.cycle_key()
        messages.success(request, "Your password is set. Sign in with it from now on.")
        return redirect("home")
    return render(request, "web/first_password.html", {"form": form, "person": person})
