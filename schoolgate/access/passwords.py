"""Choosing a password: every door asks here (S23)."""

from collections.abc import Iterable

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q

from schoolgate.access.models import Grant
from schoolgate.kit.refusal import Refusal
from schoolgate.people import passwords
from schoolgate.people.models import StaffRecord, User
from schoolgate.schools.models import Establishment, Organisation
from schoolgate.sign_in.factors import has_factor


def check(password: str, user: User, *, organisation: str = "") -> None:
    """Raise Refusal, in words, when the user may not have this password.

    The user may be one who is yet to be made, with no places of their own; ``organisation``: a name
    that the organisation is to have.
    """
    organisations = [organisation, *Organisation.objects.values_list("name", flat=True)]
    passwords.check(
        password,
        user,
        has_second_factor=has_second_factor(user),
        schools=_schools_of(user),
        organisations=organisations,
        more=settings.BREACHED_PASSWORDS,
    )


def has_second_factor(user: User) -> bool:
    """Whether a shorter password is long enough for the user."""
    return user.pk is not None and has_factor(user.pk)


class Checked:
    """The same for Django's `validate_password`."""

    def validate(self, password: str, user: User | None = None) -> None:
        try:
            check(password, user or User())
        except Refusal as refusal:
            raise ValidationError(str(refusal), code="password") from None

    def get_help_text(self) -> str:
        least = passwords.shortest(has_second_factor=False)
        return f"Choose a password of at least {least} characters."


def _schools_of(user: User) -> Iterable[str]:
    """The names of the establishments where the user works or holds something."""
    if user.pk is None:
        return []
    theirs = {"user_id": user.pk, "ended_at__isnull": True}
    places = Establishment.objects.filter(
        Q(pk=user.workplace_id)
        | Q(pk__in=Grant.objects.filter(**theirs).values("establishment_id"))
        | Q(pk__in=StaffRecord.objects.filter(**theirs).values("establishment_id"))
    )
    return places.values_list("name", flat=True)
