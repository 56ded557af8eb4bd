"""Who would come to see which child, person by person and child by child (NEW1).

Over what a check kept (models.Proposal), each page from the scope SQL for its own people or
children only: a hundred thousand designated teachers are millions of pairs. A child whom the reader
may not see is counted, and neither named nor told apart.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from django.utils import timezone

from schoolgate.access.roles import Over, Role
from schoolgate.intake import steps, unseen
from schoolgate.intake.gain_lines import (
    Child,
    ChildLine,
    ChildrenOfPerson,
    ChildrenPage,
    PeopleOfChild,
    PeoplePage,
    Person,
    PersonLine,
)
from schoolgate.intake.held import roles_and_places
from schoolgate.intake.kept_access import KeptAccess, Pair
from schoolgate.intake.models import Import, ImportRow, Proposal
from schoolgate.kit.names import listed
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment, Pupil, SubjectArea

FIRST = 5  # of those on the other side, beneath each line
_MOST_LOOKED_AT = 4_000  # candidates for one page

T = TypeVar("T")


def people_who_gain(run_id: int, *, reader: int, after: int = 0, limit: int = 50) -> PeoplePage:
    """A page of the people whose access a checked run would change, behind the key ``after``.

    Of a file of users everybody to whom it gives something, though it open no child yet, and of one
    of leavers everybody who leaves; of a file of pupils those who gain or lose one.
    """
    kept = KeptAccess(steps.run_of(run_id))
    if kept.by_row:
        rows = kept.rows_that_change(after, limit + 1)
        people = _people_of_rows(kept, rows[:limit], reader)
        return PeoplePage(people, rows[limit - 1] if len(rows) > limit else None)
    if kept.run.kind != "pupils":
        return PeoplePage([], None)
    found, following = _filled(
        after,
        limit,
        lambda behind, count: [(id_, id_) for id_ in kept.users_near(behind, count)],
        lambda ids: _known_people(kept, ids, reader),
    )
    return PeoplePage(found, following, kept.new_children())


def children_gained(run_id: int, *, reader: int, after: int = 0, limit: int = 50) -> ChildrenPage:
    """A page of the children whom people would gain or lose, behind the key ``after``; of those
    whom the reader may see."""
    kept = KeptAccess(steps.run_of(run_id))
    if not kept.by_row and kept.run.kind != "pupils":
        return ChildrenPage([], None, 0, 0)
    found, following = _filled(
        after, limit, kept.children_near, lambda ids: _children(kept, ids, reader)
    )
    return ChildrenPage(
        found, following, kept.unseen_children(reader), kept.people_with_everything()
    )


def children_of_person(
    run_id: int, *, reader: int, person: int, after: int = 0, limit: int = 100
) -> ChildrenOfPerson:
    """The children of one person (a key of ``people_who_gain``), by name, behind the first
    ``after``. Raises Refusal where the run gives them nothing."""
    kept = KeptAccess(steps.run_of(run_id))
    lines = (
        _people_of_rows(kept, [person], reader)
        if kept.by_row
        else list(_known_people(kept, [person], reader).values())
    )
    if not lines:
        raise Refusal("Look at the preview again: nothing changes for this person any more.")
    line = lines[0]
    id_ = line.user_id if line.user_id is not None else -person
    rows = [person] if kept.by_row else []
    pairs = kept.pairs_of_people([id_], rows, reader=reader, first=limit, behind=after)
    named = _children_named(kept.run, pairs, reader)
    seen = [child for child in named if child.name != unseen.NOBODY]
    more = line.gained + line.lost > after + limit and not line.everything
    return ChildrenOfPerson(line, seen, after + limit if more else None, len(named) - len(seen))


def people_of_child(
    run_id: int, *, reader: int, child: int, after: int = 0, limit: int = 100
) -> PeopleOfChild:
    """The people who would gain or lose one child (a key of ``children_gained``). Raises Refusal
    where nobody does, or the reader may not see the child."""
    kept = KeptAccess(steps.run_of(run_id))
    near = kept.children_near(child - 1, 1)
    lines = _children(kept, [near[0][1]], reader) if near and near[0][0] == child else {}
    if not lines:
        raise Refusal("Look at the preview again: nothing changes for this child any more.")
    ((id_, line),) = lines.items()
    pairs = kept.pairs_of_children([id_], first=limit, behind=after)
    more = max(line.gained, line.lost) > after + limit
    return PeopleOfChild(line, _people_named(kept.run, pairs), after + limit if more else None)


def _filled(
    after: int,
    limit: int,
    near: Callable[[int, int], list[tuple[int, int]]],
    lines: Callable[[list[int]], dict[int, T]],
) -> tuple[list[T], int | None]:
    """``limit`` lines behind a key, and the key of the last if there may be more: candidates are
    looked at in growing blocks, for some of them may turn out to have nothing to tell."""
    found: list[T] = []
    block, looked_at = limit + 1, 0
    while True:
        keyed = near(after, block)
        told = lines([id_ for _, id_ in keyed])
        for key, id_ in keyed:
            if id_ in told:
                if len(found) == limit:
                    return found, after
                found.append(told[id_])
            after = key
        looked_at += len(keyed)
        if len(keyed) < block:
            return found, None
        if looked_at > _MOST_LOOKED_AT:
            return found, after
        block = min(block * 3, 1_000)


# People


def _people_of_rows(kept: KeptAccess, rows: list[int], reader: int) -> list[PersonLine]:
    known = {row.row: row for row in ImportRow.objects.filter(run=kept.run, row__in=rows)}
    ids = {row: known[row].subject_id or -row for row in rows if row in known}
    everything = kept.everything_for(ids.values(), ids)
    pairs = kept.pairs_of_people(ids.values(), ids, reader=reader, first=FIRST)
    children = dict(zip(map(_key, pairs), _children_named(kept.run, pairs, reader), strict=True))
    places = _held_by(ids) if kept.of_leavers else _places(kept, rows)
    lines = []
    for row, id_ in ids.items():
        mine = [pair for pair in pairs if pair.user_id == id_]
        count = everything.get(id_) or next((pair.of for pair in mine), 0)
        gained, lost = (0, count) if kept.of_leavers else (count, 0)
        lines.append(
            PersonLine(
                row, known[row].name, row, known[row].subject_id, places.get(row, []), gained,
                lost, id_ in everything, [children[_key(pair)] for pair in mine],
            )
        )  # fmt: skip
    return lines


def _held_by(ids: Mapping[int, int]) -> dict[int, list[str]]:
    """The roles and places that the users of these rows (row: id) hold today, in words."""
    held = roles_and_places(ids.values(), timezone.localdate())
    return {row: held[id_] for row, id_ in ids.items()}


def _known_people(kept: KeptAccess, ids: list[int], reader: int) -> dict[int, PersonLine]:
    pairs = kept.pairs_of_people(ids, reader=reader, first=FIRST) if ids else []
    children = dict(zip(map(_key, pairs), _children_named(kept.run, pairs, reader), strict=True))
    users = User.objects.in_bulk({pair.user_id for pair in pairs})
    lines = {}
    for id_, user in users.items():
        mine = [pair for pair in pairs if pair.user_id == id_]
        lines[id_] = PersonLine(
            id_, str(user), None, id_, [], _count(mine, gained=True), _count(mine, gained=False),
            False, [children[_key(pair)] for pair in mine],
        )  # fmt: skip
    return lines


def _places(kept: KeptAccess, rows: list[int]) -> dict[int, list[str]]:
    """What the file gives the people of these rows, in words."""
    assert kept.role is not None  # noqa: S101 - a file of users has one
    grants = list(
        Proposal.objects.filter(run=kept.run, what="grant", row__in=rows).order_by("row", "pk")
    )
    schools = Establishment.objects.in_bulk({grant.establishment_id for grant in grants} - {None})
    areas = SubjectArea.objects.in_bulk({grant.subject_area_id for grant in grants} - {None})
    words: dict[int, list[str]] = {}
    led: dict[tuple[int, int], list[str]] = {}
    linked: dict[int, int] = {}
    for grant in grants:
        if grant.establishment_id is not None and grant.subject_area_id is not None:
            subjects = led.setdefault((grant.row, grant.establishment_id), [])
            subjects.append(areas[grant.subject_area_id].name)
        elif grant.establishment_id is not None:
            school = schools[grant.establishment_id].name
            words.setdefault(grant.row, []).append(f"{kept.role.name} at {school}")
        elif grant.pupil_id is not None:
            linked[grant.row] = linked.get(grant.row, 0) + 1
        else:
            words.setdefault(grant.row, []).append(_without_place(kept.role))
    for (row, school_id), names in led.items():
        of = listed(sorted(names))
        words.setdefault(row, []).append(f"{kept.role.name} of {of} at {schools[school_id].name}")
    for row, count in linked.items():
        children = "1 child" if count == 1 else f"{count:,} children"
        what = "assigned first" if kept.role.assigns_pupils else "linked"
        words.setdefault(row, []).append(f"{kept.role.name}: {children} {what}")
    return words


def _without_place(role: Role) -> str:
    if role.over is Over.ORGANISATION:
        return role.name
    if role.over is Over.ESTABLISHMENT:
        return f"{role.name}, school not known yet"
    return f"{role.name}, no child linked yet"


# Children


def _children(kept: KeptAccess, ids: list[int], reader: int) -> dict[int, ChildLine]:
    """The lines of those of these children who have something to tell, and may be told."""
    hidden = unseen.hidden_pupils({id_ for id_ in ids if id_ > 0}, reader=reader)
    hidden |= _new_and_hidden(kept.run, ids, reader)
    ids = [id_ for id_ in ids if id_ not in hidden]
    if not ids:
        return {}
    pairs = kept.pairs_of_children(ids, first=FIRST)
    people = dict(zip(map(_key, pairs), _people_named(kept.run, pairs), strict=True))
    known = Pupil.objects.in_bulk([id_ for id_ in ids if id_ > 0])
    new = {
        row.row: row.name
        for row in ImportRow.objects.filter(run=kept.run, row__in=[-id_ for id_ in ids if id_ < 0])
    }
    rows = _rows_of(kept, [id_ for id_ in ids if id_ > 0])
    lines = {}
    mine: dict[int, list[Pair]] = {}
    for pair in pairs:
        mine.setdefault(pair.pupil_id, []).append(pair)
    for id_ in ids:
        theirs = mine.get(id_, [])
        if not theirs and id_ > 0:
            continue
        row = -id_ if id_ < 0 else rows.get(id_)
        lines[id_] = ChildLine(
            id_ if kept.by_row else row or 0,
            new.get(-id_, "") if id_ < 0 else str(known[id_]),
            row,
            id_ if id_ > 0 else None,
            _count(theirs, gained=True),
            _count(theirs, gained=False),
            id_ < 0,
            [people[_key(pair)] for pair in theirs],
        )
    return lines


def _rows_of(kept: KeptAccess, ids: list[int]) -> dict[int, int]:
    """The row of each of these children in a file of pupils."""
    if kept.by_row:
        return {}
    found = Proposal.objects.filter(run=kept.run, pupil_id__in=ids).distinct()
    return {id_: row for id_, row in found.values_list("pupil_id", "row") if id_ is not None}


def _children_named(run: Import, pairs: list[Pair], reader: int) -> list[Child]:
    """The children of these pairs, in order; one whom the reader may not see has no name."""
    ids = {pair.pupil_id for pair in pairs}
    known = Pupil.objects.in_bulk([id_ for id_ in ids if id_ > 0])
    hidden = unseen.hidden_pupils(known.keys(), reader=reader)
    hidden |= _new_and_hidden(run, ids, reader)
    new = dict(
        ImportRow.objects.filter(run=run, row__in=[-id_ for id_ in ids if id_ < 0]).values_list(
            "row", "name"
        )
    )
    return [
        Child(unseen.NOBODY, pair.gained)
        if pair.pupil_id in hidden
        else Child(new.get(-pair.pupil_id, ""), pair.gained, None, -pair.pupil_id)
        if pair.pupil_id < 0
        else Child(str(known[pair.pupil_id]), pair.gained, pair.pupil_id)
        for pair in pairs
    ]


def _new_and_hidden(run: Import, ids: Collection[int], reader: int) -> set[int]:
    """Those of these children of a file, not on record when it was checked, whose rows are kept
    from the reader: somebody else may have added the child since."""
    if all(id_ > 0 for id_ in ids):
        return set()
    return {-row for row in unseen.hidden_rows(run, reader=reader)} & set(ids)


def _people_named(run: Import, pairs: list[Pair]) -> list[Person]:
    ids = {pair.user_id for pair in pairs}
    known = User.objects.in_bulk([id_ for id_ in ids if id_ > 0])
    new = dict(
        ImportRow.objects.filter(run=run, row__in=[-id_ for id_ in ids if id_ < 0]).values_list(
            "row", "name"
        )
    )
    return [
        Person(new.get(-pair.user_id, ""), pair.gained, None, -pair.user_id)
        if pair.user_id < 0
        else Person(str(known[pair.user_id]), pair.gained, pair.user_id)
        for pair in pairs
    ]


def _key(pair: Pair) -> tuple[int, int, bool]:
    return pair.user_id, pair.pupil_id, pair.gained


def _count(pairs: list[Pair], *, gained: bool) -> int:
    """How many pairs there are in all of those of which these are the first."""
    return next((pair.of for pair in pairs if pair.gained is gained), 0)
