"""Who may come in: a user who is there, has set up their sign-in, or has a first password from a
file that still works, and whom no denial stops; a parent, only where parent access is on (ITS1).

Everything here does the same work for everybody, whether there is such a user or not, so that
neither the answer nor its time tells (S9, S10).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.kit.names import email_key
from schoolgate.people import first_passwords
from schoolgate.people.models import User

BACKEND = "schoolgate.access.sign_in.SignInBackend"


@dataclass(frozen=True)
class Candidate:
    """Whom a name stands for. ``user_id`` is of whoever has it, ``user`` is None for all but those
    who may come in."""

    user_id: int | None
    user: User | None


def candidate(name: str) -> Candidate:
    """Whom an e-mail address or a user name stands for."""
    key = email_key(name)
    return _known("(u.email_key = %s OR u.username_key = %s) AND %s <> ''", [key, key, key])


def may_enter(user_id: int | None) -> User | None:
    """The user, if they may come in."""
    return _known("u.id = %s", [user_id or 0]).user


def _known(condition: str, values: list[Any]) -> Candidate:
    found = _first(condition, values)
    if found is None:
        return Candidate(None, None)
    # Django takes a blank in place of a hash for one.
    is_set_up = bool(found.password) and found.has_usable_password()
    is_late = first_passwords.is_over(found, timezone.now())
    enters = is_set_up and not is_late and not vars(found)["is_shut_out"]
    return Candidate(found.pk, found if enters else None)


def _first(condition: str, values: list[Any]) -> User | None:
    """The user, with ``is_shut_out`` and the id of their last denial, in one query."""
    sql = (
        "SELECT u.*, (SELECT max(d.id) FROM access_denial d WHERE d.user_id = u.id) AS denial,"
        f" (EXISTS (SELECT 1 FROM ({relations.inactive()}) i WHERE i.user_id = u.id)"
        f" OR {relations.kept_out('u.id')}) AS is_shut_out"
        f" FROM people_user u WHERE u.gone_at IS NULL AND {condition} ORDER BY u.id LIMIT 1"
    )
    for user in User.objects.raw(sql, values):
        user.last_denial_id = vars(user)["denial"]
        return user
    return None


def is_password_of(user: User | None, password: str) -> bool:
    """Whether the password is the user's; for nobody as much work, and never."""
    nobodys = _nobodys_password()  # made by whoever is first in a process, whoever that is
    right = check_password(password, user.password if user else nobodys)
    return right and user is not None


@lru_cache(maxsize=1)
def _nobodys_password() -> str:
    return make_password("the password of nobody")


class SignInBackend(BaseBackend):
    """Signs in by e-mail address or user name and password.

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
        user = candidate(username or "").user
        return user if is_password_of(user, password or "") else None

    def get_user(self, user_id: int) -> User | None:
        found = _first("u.id = %s", [user_id])
        return found if found and not vars(found)["is_shut_out"] else None
