"""The people who come to the door while it is measured. Run by child.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import check_password, make_password
from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access.actions import NewGrant
from schoolgate.access.roles import DESIGNATED_TEACHER, LA_SUPER_USER, LA_USER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil
from tests.bench import files
from tests.bench.door_times import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

SEEN_BY_A_WORKER = 20
READERS = 10  # of each role


def load(signing_in: int, victims: int, of_a_class: int) -> Callable[[], Any]:
    """Everybody, with the groups that they are asked for by: e-mail addresses, and the ids of those
    who will be made inactive. Nobody has the addresses of ``unknown``."""

    def work() -> dict[str, Any]:
        sizes = {
            "super users": READERS, "la users": READERS, "teachers": READERS,
            "workers": READERS, "signing in": signing_in, "victims": victims,
            "right": of_a_class, "denied": of_a_class, "denied too": of_a_class,
            "not set up": of_a_class,
        }  # fmt: skip
        ids = _users(sum(sizes.values()))
        groups, at = {}, 0
        for name, size in sizes.items():
            groups[name], at = ids[at : at + size], at + size
        _roles(groups)
        _passwords([id_ for name, ids in groups.items() if name != "not set up" for id_ in ids])
        access.deny([*groups["denied"], *groups["denied too"]], by=SYSTEM)
        emails = dict(User.objects.values_list("pk", "email"))
        named = {name: [emails[id_] for id_ in ids] for name, ids in groups.items()}
        named["unknown"] = [_email(number) for number in range(at, at + of_a_class)]
        return {"emails": named, "victims": groups["victims"]}

    return work


def verify(times: int) -> Callable[[], Any]:
    """The yardstick: passwords checked one after the other, and nothing else."""
    kept = make_password(PASSWORD)

    def work() -> None:
        for _ in range(times):
            check_password(PASSWORD, kept)

    return work


def _email(number: int) -> str:
    return f"somebody.{number:06d}@school.example"


def _users(number: int) -> list[int]:
    new = (NewUser(_email(one), "", *files.person(one)) for one in range(number))
    return people.create_users(new, by=SYSTEM, source=Source.IMPORT)


def _roles(groups: dict[str, list[int]]) -> None:
    schools = list(Establishment.objects.order_by("pk").values_list("pk", flat=True))
    schools = schools[: files.ESTABLISHMENTS]
    in_care = list(Pupil.objects.filter(care_episodes__isnull=False).values_list("pk", flat=True))
    today = timezone.localdate()
    grants = []
    for name, ids in groups.items():
        for place, id_ in enumerate(ids):
            if name in ("super users", "la users"):
                role = LA_SUPER_USER if name == "super users" else LA_USER
                grants.append(NewGrant(id_, role.code, None, None, today))
            elif name == "workers":
                first = place * SEEN_BY_A_WORKER
                theirs = in_care[first : first + SEEN_BY_A_WORKER]
                grants += [
                    NewGrant(id_, SOCIAL_WORKER.code, None, pupil, today)
                    for pupil in (None, *theirs)
                ]
            else:
                school = schools[place % len(schools)]
                grants.append(NewGrant(id_, DESIGNATED_TEACHER.code, school, None, today))
    access.grant(grants, by=SYSTEM, source=Source.IMPORT)


def _passwords(user_ids: list[int]) -> None:
    # One hash for all: making them is not what is measured, and each is checked at full cost.
    # They have been here before, and what the database knows of its tables says so.
    User.objects.filter(pk__in=user_ids).update(
        password=make_password(PASSWORD), last_login=timezone.now()
    )
