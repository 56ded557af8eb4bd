"""What the roles and licence types that the organisation adds may be called (LAC15, PT11)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError

from schoolgate.access.models import LicenceType, OwnRole
from schoolgate.access.own_roles import every_role, in_one_word
from schoolgate.kit.names import name_key, tidy
from schoolgate.kit.refusal import Refusal

LONGEST_NAME, LONGEST_PURPOSE = 100, 200
TAKEN = "Enter another name: there is a role of this name."


def named(name: str, what: str = "role") -> str:
    """The name, tidied. Raises Refusal when it is empty or too long."""
    name = tidy(name)
    if not name_key(name):
        raise Refusal(f"Enter a name for the {what}.")
    if len(name) > LONGEST_NAME or len(in_one_word(name)) > LONGEST_NAME:
        raise Refusal(f"Shorten the name to {LONGEST_NAME} characters or fewer.")
    return name


def purpose_of(purpose: str) -> str:
    """What it is for, tidied. Raises Refusal when that is too long."""
    purpose = tidy(purpose)
    if len(purpose) > LONGEST_PURPOSE:
        raise Refusal(f"Shorten the purpose to {LONGEST_PURPOSE} characters or fewer.")
    return purpose


def refuse_taken(name: str, *, but: OwnRole | LicenceType | None = None) -> None:
    """Raise Refusal when a role or licence type, other than the one, has this name: files name
    them by it."""
    wanted = in_one_word(name)
    code = but.code if but is not None else ""
    if any(in_one_word(r.name) == wanted and r.code != code for r in every_role().values()):
        raise Refusal(TAKEN)


@contextmanager
def name_taken_in_words() -> Iterator[None]:
    """The same where somebody was quicker."""
    try:
        yield
    except IntegrityError as error:
        raise Refusal(TAKEN) from error
