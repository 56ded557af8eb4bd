"""Who may sign in: a user who is there, whom no denial stops, and whose password is right."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from schoolgate.access import relations
from schoolgate.kit import bulk
from schoolgate.people.models import User
from schoolgate.people.queries import user_signing_in


class SignInBackend(BaseBackend):
    """Signs in by e-mail address or username and password.

    ``get_user`` runs at every request, so that a denial ends a session at its next request; and
    for good, for the user's last denial is part of what a session is made for (S2).
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        user = user_signing_in(username or "")
        if user is None or not user.has_usable_password() or not _is_active(user):
            make_password(password)  # as much work as for a user who is there
            return None
        return user if user.check_password(password or "") else None

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.filter(pk=user_id, gone_at__isnull=True).first()
        return user if user and _is_active(user) else None


def _is_active(user: User) -> bool:
    """Whether the user may be signed in; notes on the user their last denial, if any, by id."""
    found = bulk.select(
        "SELECT (SELECT max(d.id) FROM access_denial d WHERE d.user_id = u.id)"
        f" FROM {relations.at().users} u WHERE u.id = %s"
        f" AND NOT EXISTS (SELECT 1 FROM ({relations.inactive()}) i WHERE i.user_id = u.id)",
        [user.pk],
    )
    for (denial_id,) in found:
        user.last_denial_id = denial_id
    return bool(found)
