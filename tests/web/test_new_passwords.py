"""Every form in which a password is chosen (S23)."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING, Any

import pytest
from django import forms as django_forms
from django.utils import timezone

from schoolgate.audit.actions import SYSTEM
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, User
from schoolgate.sign_in.models import Totp
from schoolgate.web import forms
from schoolgate.web.forms.sign_in import ChoosePasswordForm, NewPassword, SignInForm

if TYPE_CHECKING:
    from tests.cast import Cast

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

BREACHED, GOOD = "1qaz2wsx3edc", "lantern ferry quilt"


def every_form() -> set[type[django_forms.Form]]:
    """The forms of the product."""
    modules = [
        importlib.import_module(f"{forms.__name__}.{found.name}")
        for found in pkgutil.iter_modules(forms.__path__)
    ]
    return {
        form
        for module in modules
        for _, form in inspect.getmembers(module, inspect.isclass)
        if issubclass(form, django_forms.Form)
    }


def chooses(field: django_forms.Field) -> bool:
    told = field.widget.attrs.get("autocomplete", "")
    return isinstance(field, NewPassword) or "new-password" in told


FORMS = sorted(
    (form for form in every_form() if any(map(chooses, form.base_fields.values()))),
    key=lambda form: form.__name__,
)


def filled(form: type[django_forms.Form], user: User, password: str) -> django_forms.Form:
    """The form of this user, with this password wherever one is chosen."""
    given: dict[str, Any] = {
        name: password for name, field in form.base_fields.items() if chooses(field)
    }
    wants_person = "person" in inspect.signature(form.__init__).parameters
    names = {"first_name": user.first_name, "last_name": user.last_name, "email": user.email}
    made: Any = form
    filled_in: django_forms.Form = made(
        {**names, **given}, **({"person": user} if wants_person else {})
    )
    return filled_in


def test_the_forms_were_found() -> None:
    assert ChoosePasswordForm in FORMS
    assert len(FORMS) >= 2


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_s23_every_form_asks_whether_the_password_will_do(
    form: type[django_forms.Form], cast: Cast
) -> None:
    (name,) = [name for name, field in form.base_fields.items() if chooses(field)]
    for password, why in [
        (BREACHED, "on the lists of those who guess"),
        ("short", "at least 12 characters"),
        ("dora and the ferry", "without your first name"),
        ("x" * 1_001, "at most 1,000 characters"),
    ]:
        errors = filled(form, cast.dora, password).errors
        assert why in str(errors[name]), password
        assert password not in str(errors)
    assert name not in filled(form, cast.dora, GOOD).errors
    assert name not in filled(form, cast.dora, f"  {GOOD}  ").errors


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_s23_a_password_may_be_pasted_whole_and_kept_by_a_manager(
    form: type[django_forms.Form], cast: Cast
) -> None:
    (name,) = [name for name, field in form.base_fields.items() if chooses(field)]
    shown = str(filled(form, cast.dora, GOOD)[name])
    assert 'autocomplete="new-password"' in shown
    assert "Show password" in shown
    # A browser would cut off what is longer, and not say so.
    assert "maxlength" not in shown
    assert "onpaste" not in shown
    # It is never sent back.
    assert GOOD not in shown


def test_s23_the_longest_password_can_be_signed_in_with(cast: Cast, browse) -> None:
    longest = "a lantern " * 100
    page = browse(None).post(f"/invitation/{token_of(cast.dora)}/", password=longest)
    assert page.leads_to == "/"
    assert SignInForm({"name": "dora@abbey.example", "password": longest}).is_valid()
    page = browse(None).post("/sign-in/", name="dora@abbey.example", password=longest)
    assert page.leads_to


def test_s23_the_page_says_how_long_a_password_must_be(cast: Cast, browse) -> None:
    address = f"/invitation/{token_of(cast.dora)}/"
    assert "12 characters or more. Several words" in browse(None).get(address).text
    assert "Enter a password of 12 characters" in browse(None).post(address, password="").text
    Totp.objects.create(user=cast.dora, sealed_secret="-", made_at=timezone.now())
    assert "8 characters or more. Several words" in browse(None).get(address).text
    assert "Enter a password of 8 characters" in browse(None).post(address, password="").text
    page = browse(None).post(address, password="kwm fer")
    assert "Choose a password of at least 8 characters: this one has 7 characters." in page.text


def token_of(user: User) -> str:
    """The token of a new invitation."""
    invitations.invite([user.pk], by=SYSTEM)
    live = Invitation.objects.get(user=user, ended_at=None)
    return invitations.make_tokens({live.pk: live.email_key}, at=timezone.now())[live.pk].token
