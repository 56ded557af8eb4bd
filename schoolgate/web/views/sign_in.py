"""Signing in and out."""

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from schoolgate.people.activity import signed_in as note_signed_in
from schoolgate.web.forms.sign_in import SignInForm
from schoolgate.web.permissions import public

# One sentence for every failure: it must not tell who has an account, or is inactive (S9).
NO = "Check your e-mail address or user name and your password, then try again."


@public
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page. Whoever is signed in already is led on."""
    back = _local(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(back)
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = authenticate(
            request, username=form.cleaned_data["name"], password=form.cleaned_data["password"]
        )
        if user is not None:
            note_signed_in(user.pk)
            login(request, user)  # the session gets a new id
            return HttpResponseRedirect(back)
        form.add_error(None, NO)
    return render(request, "web/sign_in.html", {"form": form, "next": back})


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return redirect("sign-in")


def _local(request: HttpRequest) -> str:
    """Where to go after signing in: an address of ours only (S59)."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("home")
