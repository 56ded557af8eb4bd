"""Writing the demonstration: everything through the actions, in one transaction."""

from collections.abc import Iterator
from random import Random

from django.utils import timezone

from schoolgate.access import actions as access
from schoolgate.access import restrictions
from schoolgate.access.actions import NewGrant
from schoolgate.access.restrictions import NewRestriction
from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    FINANCE_MANAGER,
    LA_SUPER_USER,
    LA_USER,
    LEADER,
    PARENT,
    SCHOOL_ADMIN,
    SOCIAL_WORKER,
    TEACHER,
)
from schoolgate.audit.actions import SYSTEM, batch
from schoolgate.jobs.demo import crowd, families, inside, reviewing, sign_ins
from schoolgate.jobs.demo import places as register
from schoolgate.jobs.demo.hard_cases import hard_cases
from schoolgate.jobs.demo.parts import Adult, Child
from schoolgate.jobs.demo.places import Place
from schoolgate.kit.records import Source
from schoolgate.people import actions as people
from schoolgate.people.actions import NewUser
from schoolgate.schools import actions as schools
from schoolgate.schools import classes
from schoolgate.schools.actions import NewEnrolment, NewEpisode, NewIdentifier
from schoolgate.schools.models import EstablishmentLink, IdentifierKind

ORGANISATION = "Northshire Virtual School"
PASS_PHRASE = "lantern-orchard-ferry-quilt"  # noqa: S105 - published: it opens invented records
DESIGNATED = "megan.rhys@maddenfordhigh.example"
SIGN_INS = [
    (LA_SUPER_USER.name, "helen.ashworth@northshire.example"),
    (LA_USER.name, "tom.adeyemi@northshire.example"),
    (SOCIAL_WORKER.name, "priya.nair@social-care.northshire.example"),
    (DESIGNATED_TEACHER.name, DESIGNATED),
    (SCHOOL_ADMIN.name, "ruth.calloway@maddenfordhigh.example"),
    (LEADER.name, "owen.fairclough@maddenfordhigh.example"),
    (TEACHER.name, "imani.clarke@maddenfordhigh.example"),
    (FINANCE_MANAGER.name, "derek.pilling@maddenfordhigh.example"),
    (PARENT.name, families.MOTHER),
]
PUPILS, IN_CARE = 2000, 150
SOCIAL_WORKERS, LA_USERS = 16, 6
_SEED = 20260901


def load() -> None:
    """Write the whole organisation into an empty database, or (when that fails) nothing."""
    today = timezone.localdate()
    chance = Random(_SEED)  # noqa: S311 - the same people each time
    places = register.places(today)
    hard = hard_cases(today)
    told = families.add(hard)
    many = crowd.children(PUPILS - len(hard.children), places, today, chance)
    already = sum(child.is_in_care(today) for child in hard.children)
    caseload = crowd.take_into_care(many, IN_CARE - already, today, chance)
    with_teacher = {urn for adult in hard.adults for _, urn, _ in adult.grants}
    without = {register.TARNBECK_ACADEMY, register.SKELMOOR}
    adults = [
        *hard.adults,
        *crowd.teachers(
            [place for place in places if place.share and place.urn not in with_teacher | without],
            today,
            chance,
        ),
        *crowd.social_workers(SOCIAL_WORKERS, caseload, today, chance),
        *crowd.la_users(LA_USERS, caseload, today, chance),
    ]
    with batch(by=SYSTEM):
        schools.name_organisation(name=ORGANISATION, by=SYSTEM, is_demonstration=True)
        school_ids = _write_places(places)
        child_ids = _write_children([*hard.children, *many], school_ids)
        user_ids = _write_adults(adults, school_ids, child_ids)
        classes.follow_register(child_ids.values(), by=SYSTEM)
        school = next(place for place in places if place.urn == register.MADDENFORD)
        user_ids |= inside.write(
            school, school_ids[school.urn], child_ids, user_ids[DESIGNATED], today,
            Random(_SEED + 1),  # noqa: S311 - the same people each time
        )  # fmt: skip
        families.write(told, user_ids, child_ids, today)
        user_ids |= reviewing.write([child_ids[child] for child in caseload[:8]], today)
        families.open_parent_access()
        sign_ins.write(user_ids, PASS_PHRASE)


def _write_places(places: list[Place]) -> dict[str, int]:
    rows = [
        (
            place.urn, place.name, register.LA_CODE, register.LA_NAME, place.number,
            *place.kind, place.status, _phase(place), place.town,
            f"NX{int(place.urn) % 20 + 1} {int(place.urn) % 9 + 1}QM", "", *place.trust,
            place.opened_on, place.closed_on,
        )
        for place in places
    ]  # fmt: skip
    ids = schools.create_establishments(rows, by=SYSTEM, source=Source.SET_UP)
    names = {place.urn: place.name for place in places}
    closed = {place.urn: place.closed_on for place in places}
    links = EstablishmentLink.objects.bulk_create(
        EstablishmentLink(
            urn=urn,
            link_urn=link_urn,
            link_name=names[link_urn],
            link_type=kind,
            established_on=closed[old],
        )
        for old, new, forward, back in register.SUCCESSORS
        for urn, link_urn, kind in ((old, new, forward), (new, old, back))
    )
    with batch(by=SYSTEM) as events:
        events.add(("created", "link", link.pk, "", None, None, "") for link in links)
    return dict(zip(names, ids, strict=True))


def _phase(place: Place) -> str:
    if not place.ages:
        return "Not applicable"
    first, last = place.ages[0], place.ages[-1]
    if last < 0:
        return "Nursery" if place.kind == register.NURSERY else "Not applicable"
    if first >= 12:
        return "16 plus"
    if first < 7 <= last:
        return "All-through"
    return "Secondary" if first >= 7 else "Primary"


def _write_children(children: list[Child], school_ids: dict[str, int]) -> dict[Child, int]:
    made = schools.create_pupils(
        ((c.first, c.last, c.born, c.year_name, c.form) for c in children),
        by=SYSTEM, source=Source.SET_UP,
    )  # fmt: skip
    ids = dict(zip(children, made, strict=True))
    schools.add_identifiers(_identifiers(ids), by=SYSTEM, source=Source.SET_UP)
    schools.enrol(
        (
            NewEnrolment(id_, school_ids.get(urn), "" if urn in school_ids else urn, start, end)
            for child, id_ in ids.items()
            for urn, (start, end) in child.on_roll
        ),
        by=SYSTEM, source=Source.SET_UP,
    )  # fmt: skip
    schools.start_episodes(
        (
            NewEpisode(id_, start, end)
            for child, id_ in ids.items()
            for start, end in child.in_care
        ),
        by=SYSTEM, source=Source.SET_UP,
    )  # fmt: skip
    return ids


def _identifiers(ids: dict[Child, int]) -> Iterator[NewIdentifier]:
    for child, id_ in ids.items():
        if child.upn:
            yield NewIdentifier(id_, IdentifierKind.UPN, child.upn)
        for kind, value in child.others:
            yield NewIdentifier(id_, kind, value)


def _write_adults(
    adults: list[Adult], school_ids: dict[str, int], child_ids: dict[Child, int]
) -> dict[str, int]:
    """The ids of the users by their addresses or user names."""
    made = people.create_users(
        (
            NewUser(
                adult.email if "@" in adult.email else "",
                "" if "@" in adult.email else adult.email,
                adult.first, adult.last, adult.job, adult.phone, school_ids.get(adult.workplace),
            )
            for adult in adults
        ),
        by=SYSTEM, source=Source.SET_UP,
    )  # fmt: skip
    ids = dict(zip(adults, made, strict=True))
    access.grant(
        (
            NewGrant(
                id_,
                role,
                school_ids[place] if isinstance(place, str) else None,
                child_ids[place] if isinstance(place, Child) else None,
                start,
                end,
                relationship=adult.relationships.get(place) if isinstance(place, Child) else None,
            )
            for adult, id_ in ids.items()
            for role, place, (start, end) in adult.grants
        ),
        by=SYSTEM, source=Source.SET_UP,
    )  # fmt: skip
    restrictions.restrict(
        (
            NewRestriction(id_, child_ids[child], reason, start, end)
            for adult, id_ in ids.items()
            for child, reason, (start, end) in adult.kept_from
        ),
        by=SYSTEM,
    )
    access.deny([id_ for adult, id_ in ids.items() if adult.inactive], by=SYSTEM)
    return {adult.email: id_ for adult, id_ in ids.items()}
