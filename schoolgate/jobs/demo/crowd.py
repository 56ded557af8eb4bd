"""The many: children and adults put together at random, the same each time for the same day."""

import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from schoolgate.access.roles import DESIGNATED_TEACHER, LA_USER, SOCIAL_WORKER
from schoolgate.jobs.demo.names import FIRST, LAST
from schoolgate.jobs.demo.parts import Adult, Child, Span, school_year, upn
from schoolgate.jobs.demo.places import CENTRE, Place
from schoolgate.schools.models import IdentifierKind
from schoolgate.schools.upn import check_letter

LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def children(count: int, places: list[Place], today: date, chance: Random) -> list[Child]:
    """``count`` children on roll at the open schools, each name and birthday there once."""
    schools = [place for place in places if place.share]
    shares = [place.share for place in schools]
    serials: dict[tuple[int, int], int] = {}
    seen: set[tuple[str, str, date]] = set()
    made: list[Child] = []
    while len(made) < count:
        place = chance.choices(schools, shares)[0]
        child = _child(place, today, chance)
        if (child.first, child.last, child.born) in seen:
            continue
        seen.add((child.first, child.last, child.born))
        _identify(child, len(made), serials, places, today, chance)
        made.append(child)
    return made


def _child(place: Place, today: date, chance: Random) -> Child:
    year = chance.choice(list(place.ages) or [-1])
    first_day = date(school_year(today) - year - 5, 9, 1)
    born = first_day + timedelta(days=chance.randrange(365))
    if year == -1:
        born = min(born, today - timedelta(days=700))
    child = Child(chance.choice(FIRST), chance.choice(LAST), born, year)
    # Most came with their year group, some in the middle of a year.
    entry = date(school_year(today) - (year - min(place.ages, default=-1)), 9, 1)
    if chance.random() < 0.15:
        entry += timedelta(days=chance.randrange(1, 300))
    entry = min(entry, today - timedelta(days=3))
    if place.opened_on and entry < place.opened_on:
        if place.follows:
            child.on_roll.append((place.follows, (entry, place.opened_on - timedelta(days=1))))
        entry = place.opened_on
    child.on_roll.append((place.urn, (entry, None)))
    if year >= 0:
        child.form = f"{max(year, 1)}{chance.choice('ABC')}" if year else "R1"
    return child


def _identify(
    child: Child,
    number: int,
    serials: dict[tuple[int, int], int],
    places: list[Place],
    today: date,
    chance: Random,
) -> None:
    """Most have a UPN; one in a hundred a wrong one, some only other identifiers."""
    urn = child.on_roll[-1][0]
    establishment = int(next(place.number for place in places if place.urn == urn) or 0)
    if chance.random() < 0.35:
        child.others.append((IdentifierKind.SYNC_KEY, f"nvs-{number + 4000}"))
    if establishment and child.year >= 0 and number % 80 != 7:
        joined = school_year(today) - child.year
        serial = serials[establishment, joined] = serials.get((establishment, joined), 0) + 1
        child.upn = upn(establishment, joined, serial)
        if number % 100 == 3:
            child.upn = _with_wrong_letter(child.upn)
        if chance.random() < 0.02:
            child.others.append((IdentifierKind.FORMER_UPN, _temporary(establishment, number)))
    elif chance.random() < 0.3:
        child.others.append((IdentifierKind.USERNAME, f"pupil{number + 4000}"))
    else:
        child.others.append((IdentifierKind.INTERNAL_ID, f"P{number + 4000:06d}"))


def _with_wrong_letter(right: str) -> str:
    return LETTERS[(LETTERS.index(right[0]) + 5) % len(LETTERS)] + right[1:]


def _temporary(establishment: int, number: int) -> str:
    rest = f"990{establishment:04d}19{number % 90 + 10}{LETTERS[number % len(LETTERS)]}"
    return check_letter(rest) + rest


def take_into_care(pupils: list[Child], count: int, today: date, chance: Random) -> list[Child]:
    """Record that ``count`` of the children are in care today, and half as many that were."""
    chosen = chance.sample([child for child in pupils if child.year >= 0], count + count // 2)
    for child in chosen[:count]:
        since = _between(max(child.born, today - timedelta(days=2000)), today, chance)
        child.in_care.append((since, None))
        if chance.random() < 0.25 and (since - child.born).days > 800:
            began = _between(child.born, since - timedelta(days=200), chance)
            child.in_care.insert(0, (began, began + timedelta(days=chance.randrange(20, 150))))
    for child in chosen[count:]:
        since = _between(child.born, today - timedelta(days=400), chance)
        child.in_care.append((since, since + timedelta(days=chance.randrange(30, 390))))
    return chosen[:count]


def _between(first: date, last: date, chance: Random) -> date:
    return first + timedelta(days=chance.randrange(max(1, (last - first).days)))


def teachers(places: list[Place], today: date, chance: Random) -> Iterator[Adult]:
    """A Designated Teacher for each of these schools."""
    used: set[str] = set()
    for place in places:
        first, last = new_name(used, chance)
        since = date(school_year(today) - chance.randrange(5), 9, 1)
        since = min(max(since, place.opened_on or since), today)
        job = "Family support worker" if place.kind == CENTRE else "Designated Teacher"
        yield Adult(
            first, last, address_of(first, last, place.domain), job, place.urn, _phone(chance),
            grants=[(DESIGNATED_TEACHER.code, place.urn, (since, None))],
        )  # fmt: skip


def social_workers(
    count: int, caseload: list[Child], today: date, chance: Random
) -> Iterator[Adult]:
    """``count`` social workers who share the children, and some children whom they had before."""
    used: set[str] = set()
    for number in range(count):
        first, last = new_name(used, chance)
        adult = Adult(
            first, last, address_of(first, last, "social-care.northshire.example"),
            "Senior social worker" if number % 5 == 0 else "Social worker",
            phone=_phone(chance),
        )  # fmt: skip
        for child in caseload[number::count]:
            began = child.in_care[-1][0]
            adult.grants.append((SOCIAL_WORKER.code, child, _since(began, today, chance)))
        for child in caseload[(number + 1) % count :: count * 3]:
            began, until = child.in_care[-1][0], today - timedelta(days=chance.randrange(30, 300))
            if began < until:
                adult.grants.append((SOCIAL_WORKER.code, child, (began, until)))
        yield adult


def la_users(count: int, caseload: list[Child], today: date, chance: Random) -> Iterator[Adult]:
    """``count`` people of the virtual school; all but the last have children assigned to them."""
    used: set[str] = set()
    for number in range(count):
        first, last = new_name(used, chance)
        since = today - timedelta(days=chance.randrange(200, 1500))
        adult = Adult(
            first, last, address_of(first, last, "northshire.example"),
            "Education adviser", phone=_phone(chance),
            grants=[(LA_USER.code, None, (since, None))],
        )  # fmt: skip
        if number < count - 1:
            for child in chance.sample(caseload, 22):
                adult.grants.append((LA_USER.code, child, _since(since, today, chance)))
        yield adult


def _since(first: date, today: date, chance: Random) -> Span:
    return _between(first, today, chance), None


def new_name(used: set[str], chance: Random) -> tuple[str, str]:
    while True:
        first, last = chance.choice(FIRST), chance.choice(LAST)
        if last not in used:
            used.add(last)
            return first, last


def address_of(first: str, last: str, domain: str) -> str:
    parts = unicodedata.normalize("NFKD", f"{first}.{last}".casefold().replace("ł", "l"))
    return "".join(c for c in parts if c.isascii() and (c.isalpha() or c == ".")) + f"@{domain}"


def _phone(chance: Random) -> str:
    # 01632 960000 to 960999 are kept free by Ofcom for drama.
    return f"01632 960{chance.randrange(1000):03d}"
