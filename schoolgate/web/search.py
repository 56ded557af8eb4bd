"""Finding the users and pupils whom somebody means by a few words."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from schoolgate.kit.names import email_key, identifier_key, name_key
from schoolgate.people.models import User
from schoolgate.people.queries import users_called
from schoolgate.schools.models import IdentifierKind, Pupil, PupilIdentifier
from schoolgate.schools.queries import pupils_identified
from schoolgate.web.paging import beginning

AT_MOST = 20  # suggested, or offered to choose from


def called(users: QuerySet[User], wanted: str) -> QuerySet[User]:
    """Those whose last name, e-mail address or user name begins with ``wanted``."""
    if not wanted:
        return users
    address = email_key(wanted)
    found = [beginning("email_key", address), beginning("username_key", address)]
    if key := name_key(wanted):
        found.append(beginning("last_key", key))
    parts = [name_key(part) for part in wanted.replace(",", " ").split()]
    if len(parts) > 1 and parts[0] and parts[-1]:
        for first, last in (parts[0], parts[-1]), (parts[-1], parts[0]):
            found.append(beginning("first_key", first) & beginning("last_key", last))
    if len(address) == 1:
        # One letter fits many: in the order of the table its first page is soon full.
        return users.filter(reduce(or_, found))
    # Each by its own index; a condition with OR would be asked of every user.
    there = User.objects.filter(gone_at__isnull=True).order_by()
    ids = [there.filter(condition).values("pk") for condition in found]
    return users.filter(pk__in=ids[0].union(*ids[1:]))


BY_NAME = ("last_key", "first_key", "pk")


def called_in_turn(
    users: QuerySet[User], wanted: str
) -> list[tuple[QuerySet[User], tuple[str, ...]]]:
    """Those of :func:`called` as lists that follow one another, each with its order: by last name,
    by both names, by e-mail address, by user name; nobody is in two.

    Each list is read from an index in its own order, so that the first page of many thousands
    costs what is on it, where all of them sorted by name would have to be found first.
    """
    address, key = email_key(wanted), name_key(wanted)
    parts = [name_key(part) for part in wanted.replace(",", " ").split()]
    named = [beginning("last_key", key)] if key else []
    if len(parts) > 1 and parts[0] and parts[-1]:
        for first, last in (parts[0], parts[-1]), (parts[-1], parts[0]):
            named.append(beginning("first_key", first) & beginning("last_key", last))
    ways: list[tuple[Q, tuple[str, ...]]] = [(condition, BY_NAME) for condition in named]
    ways.append((beginning("email_key", address), ("email_key", "pk")))
    ways.append((beginning("username_key", address), ("username_key", "pk")))
    lists: list[tuple[QuerySet[User], tuple[str, ...]]] = []
    before = Q()
    for condition, order in ways:
        others = users.filter(condition)
        lists.append((others.exclude(before) if before else others, order))
        before |= condition
    return lists


def named(pupils: QuerySet[Pupil], wanted: str) -> QuerySet[Pupil]:
    """Those of ``pupils`` whose last name or UPN (a former one too) begins with ``wanted``.

    Two words are also read as a first and a last name, in either order.
    """
    if not wanted:
        return pupils
    found = Q()
    if key := name_key(wanted):
        found |= beginning("last_key", key)
    parts = [name_key(part) for part in wanted.replace(",", " ").split()]
    if len(parts) > 1 and parts[0] and parts[-1]:
        found |= beginning("first_key", parts[0]) & beginning("last_key", parts[-1])
        found |= beginning("first_key", parts[-1]) & beginning("last_key", parts[0])
    if number := identifier_key(wanted):
        bearing = PupilIdentifier.objects.filter(
            beginning("value_key", number),
            kind__in=[IdentifierKind.UPN, IdentifierKind.FORMER_UPN],
            ended_at__isnull=True,
        )
        found |= Q(pk__in=bearing.values("pupil_id"))
    return pupils.filter(found) if found else pupils.none()


def users_meant(text: str, limit: int = AT_MOST) -> list[User]:
    """The users whom ``text`` may mean, at most ``limit``: the one whom it names exactly, by an
    e-mail address, a user name or what :func:`user_described` says; else by :func:`called`."""
    for name in (text, text.rpartition(", ")[2]):
        if name.strip() and (exact := users_called(name)):
            return exact
    there = User.objects.filter(gone_at__isnull=True)
    found: list[User] = []
    for some, order in called_in_turn(there, text.strip()) if text.strip() else ():
        found += some.order_by(*order)[: limit - len(found)]
    return found


def user_described(user: User) -> str:
    """A user in one line that is one's own."""
    return f"{user}, {user.get_username()}"


def pupils_meant(text: str, pupils: QuerySet[Pupil], limit: int = AT_MOST) -> list[Pupil]:
    """Those of ``pupils`` (the reader's) whom ``text`` may mean, at most ``limit``: the one whom an
    identifier, or what :func:`pupils_described` says, names exactly; else by :func:`named`."""
    for value in (text, text.rpartition(", ")[2]):
        ids = [pupil.pk for pupil in pupils_identified(value)]
        if ids and (exact := list(pupils.filter(pk__in=ids))):
            return exact
    found = named(pupils, text.strip()) if text.strip() else pupils.none()
    return list(found.order_by("last_key", "first_key", "pk")[:limit])


def pupils_described(pupils: Sequence[Pupil]) -> list[str]:
    """Each pupil in one line that is one's own: name and UPN, or another identifier; one query."""
    order = list(IdentifierKind)
    known: dict[int, PupilIdentifier] = {}
    found = PupilIdentifier.objects.filter(pupil__in=pupils, ended_at__isnull=True)
    for one in sorted(found, key=lambda one: (order.index(IdentifierKind(one.kind)), one.pk)):
        known.setdefault(one.pupil_id, one)
    return [
        f"{pupil}, {known[pupil.pk].value}" if pupil.pk in known else str(pupil) for pupil in pupils
    ]
