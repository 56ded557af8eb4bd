"""The questions of scope, asked and timed one by one. Run by child.py."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User as GuardianUser

from schoolgate.access import scope
from schoolgate.access.why import why
from schoolgate.kit import bulk
from schoolgate.schools.models import Pupil
from tests.bench import bare
from tests.bench.scope_sizes import LINKS, ONE_IN_CARE_OF, PUPILS_AT_A_SCHOOL, sizes

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("wide", "teacher", "social worker")
WARMING = 5
ENOUGH = 60.0  # seconds for one way of asking one question
Pair = tuple[int, int]
Ways = dict[str, "Callable[[int, int], Any]"]


def ask(pupils: int, questions: int) -> Callable[[], Any]:
    """Every question of every kind of user, by every way, about the same users and pupils."""
    chance = random.Random(pupils)
    asked = {
        kind: [_pair(chance, kind, sizes(pupils)) for _ in range(questions + WARMING)]
        for kind in KINDS
    }

    def work() -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        for kind, pairs in asked.items():
            for question, ways in _questions(kind).items():
                answers += _timed(question, kind, ways, pairs)
        anybody = [(0, pupil) for pairs in asked.values() for _, pupil in pairs]
        chance.shuffle(anybody)
        in_care = [
            (0, chance.randint(1, sizes(pupils)["in_care"]) * ONE_IN_CARE_OF) for _ in anybody
        ]
        for kind, pairs in (("any child", anybody), ("a child in care", in_care)):
            answers += _timed("who sees", kind, _who(), pairs[: questions + WARMING])
        return answers

    return work


def _pair(chance: random.Random, kind: str, many: dict[str, int]) -> Pair:
    """A user of the kind and a pupil: now one that they are likely to see, now any."""
    pupil = chance.randint(1, many["pupils"])
    theirs = chance.random() < 0.5
    if kind == "wide":
        return chance.randint(1, many["wide"]), pupil
    if kind == "teacher":
        school = chance.randint(1, many["teachers"])
        if theirs:
            in_care = chance.randint(1, PUPILS_AT_A_SCHOOL // ONE_IN_CARE_OF) * ONE_IN_CARE_OF
            pupil = (school - 1) * PUPILS_AT_A_SCHOOL + in_care
        return many["wide"] + school, pupil
    worker = chance.randint(1, many["social_workers"])
    if theirs:
        link = (worker - 1) * LINKS + chance.randint(1, LINKS)
        pupil = link * 7919 % many["pupils"] + 1
    return many["wide"] + many["teachers"] + worker, pupil


def _questions(kind: str) -> dict[str, Ways]:
    def page(user: int, _pupil: int) -> list[int]:
        found = scope.pupils_visible_to(user).order_by("last_key", "first_key", "pk")[:25]
        return [pupil.pk for pupil in found]

    asked: dict[str, Ways] = {
        "may see": {"ours": scope.may_see, "bare SQL": bare.may_see},
        "first 25 of the list": {
            "ours": page, "bare SQL": lambda user, _pupil: bare.first_page(kind, user),
        },
        "why": {
            "ours": lambda user, pupil: why(user, pupil).answer,
            "bare SQL": lambda user, pupil: bare.why(user, pupil)[0],
        },
    }  # fmt: skip
    if kind == "social worker":
        asked["may see"]["django-guardian"] = _guardian_may_see
        asked["first 25 of the list"]["django-guardian"] = _guardian_page
    return asked


def _guardian_may_see(user: int, pupil: int) -> bool:
    return GuardianUser(pk=user).has_perm("schools.view_pupil", Pupil(pk=pupil))


def _guardian_page(user: int, _pupil: int) -> list[int]:
    from guardian.shortcuts import get_objects_for_user

    found: Any = get_objects_for_user(
        GuardianUser(pk=user), "schools.view_pupil", accept_global_perms=False
    )
    return [pupil.pk for pupil in found.order_by("last_key", "first_key", "pk")[:25]]


def _who() -> Ways:
    def ours(_user: int, pupil: int) -> set[Pair]:
        return {(one.user.pk, one.grant.pk) for one in scope.users_who_can_see(pupil)}

    def guardian(_user: int, pupil: int) -> list[Any]:
        from guardian.shortcuts import get_users_with_perms

        return list(get_users_with_perms(Pupil(pk=pupil), only_with_perms_in=["view_pupil"]))

    return {
        "ours": ours,
        "bare SQL": lambda _user, pupil: bare.who(pupil),
        "django-guardian": guardian,
    }


def _timed(question: str, kind: str, ways: Ways, pairs: list[Pair]) -> list[dict[str, Any]]:
    """The times of each way in milliseconds; they take turns, so that none has the warm pages."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    yes = 0
    for number, pair in enumerate(pairs):
        answers = {}
        for turn in range(len(names)):
            name = names[(number + turn) % len(names)]
            if sum(times[name]) > ENOUGH * 1000:
                continue
            began = time.perf_counter()
            answers[name] = ways[name](*pair)
            taken = (time.perf_counter() - began) * 1000
            if number >= WARMING:
                times[name].append(taken)
        if "ours" in answers and "bare SQL" in answers and answers["ours"] != answers["bare SQL"]:
            raise SystemExit(f"{question} of {kind} {pair}: ours and bare SQL differ: {answers}")
        yes += bool(answers.get("ours"))
    return [
        {
            "question": question, "kind": kind, "way": name, "asked": len(took), "yes": yes,
            "p50": _percentile(took, 50), "p99": _percentile(took, 99), "worst": max(took),
        }
        for name, took in times.items()
    ]  # fmt: skip


def _percentile(times: list[float], percent: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def size() -> Callable[[], Any]:
    """How large the database is."""
    return lambda: bulk.value("SELECT pg_database_size(current_database())")
