"""Subject areas, classes and who is in them. Every function takes many and leaves its events.

Categories and the names of subject areas decide nothing; the subject area of a class, and the
pupils in it, decide whom Leaders and Teachers see, and are dated like all that decides a scope.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from django.db import IntegrityError
from django.utils import timezone

from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.names import name_key
from schoolgate.kit.records import Ending, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.models import (
    ClassMembership,
    ClassSubject,
    SchoolClass,
    SubjectArea,
    SubjectCategory,
)

_Inside = type[SubjectArea] | type[SubjectCategory] | type[SchoolClass]
_KINDS: dict[type, str] = {
    SubjectArea: "subject area", SubjectCategory: "subject category", SchoolClass: "class",
}  # fmt: skip


class Named(NamedTuple):
    """Something inside an establishment, by its name there."""

    establishment_id: int
    name: str


class Membership(NamedTuple):
    """A pupil in a class."""

    school_class_id: int
    pupil_id: int


def create(
    model: _Inside,
    rows: Iterable[Named],
    *,
    by: Actor,
    source: Source = Source.BY_HAND,
    import_id: int | None = None,
) -> list[int]:
    """Make subject areas, categories or classes; their ids in the order given.

    Raises Refusal when one has no name, or a name that is taken in its establishment.
    """
    wanted = [row._replace(name=" ".join(row.name.split())) for row in rows]
    if not all(name_key(row.name) for row in wanted):
        raise Refusal(f"Enter a name for the {_KINDS[model]}.")
    made: list[int] = []
    with batch(by=by, import_id=import_id) as events, _name_taken_in_words(model):
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, source, import_id)
        keyed = ((*row, name_key(row.name)[:100]) for row in wanted)
        columns = ["establishment_id", "name", "name_key"]
        for ids, _ in records.insert(model, columns, keyed, stamp=stamp):
            made += ids
            events.add(("created", _KINDS[model], id_, "", None, None, "") for id_ in ids)
    return made


class _name_taken_in_words:
    """Say in words what the database refuses."""

    def __init__(self, model: _Inside) -> None:
        self.kind = _KINDS[model]

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, IntegrityError):
            raise Refusal(
                f"Enter another name: this school has a {self.kind} of that name."
            ) from error


def rename(model: _Inside, names: Iterable[tuple[int, str]], *, by: Actor) -> None:
    """Give subject areas, categories or classes another name: pairs of id and name."""
    wanted = [(id_, " ".join(name.split())) for id_, name in names]
    if not all(name_key(name) for _, name in wanted):
        raise Refusal(f"Enter a name for the {_KINDS[model]}.")
    with batch(by=by) as events, _name_taken_in_words(model):
        locks.while_writing()
        records.set_field(model, "name", wanted)
        records.set_field(model, "name_key", [(id_, name_key(name)[:100]) for id_, name in wanted])
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND)
        records.touch(model, [id_ for id_, _ in wanted], stamp=stamp)
        events.add(("changed", _KINDS[model], id_, "name", None, None, "") for id_, _ in wanted)


def put_in_category(pairs: Iterable[tuple[int, int | None]], *, by: Actor) -> None:
    """Put subject areas into categories of their establishment: ids of both, None for none."""
    wanted = list(pairs)
    with batch(by=by) as events:
        locks.while_writing()
        places = dict(
            SubjectCategory.objects.filter(gone_at__isnull=True).values_list(
                "pk", "establishment_id"
            )
        )
        there = dict(
            SubjectArea.objects.filter(
                pk__in=[id_ for id_, _ in wanted], gone_at__isnull=True
            ).values_list("pk", "establishment_id")
        )
        if any(id_ not in there or (c and places.get(c) != there[id_]) for id_, c in wanted):
            raise Refusal("Choose a category of the same school.")
        records.set_field(SubjectArea, "category", wanted)
        events.add(
            ("changed", "subject area", id_, "category", None, None, "") for id_, _ in wanted
        )


def set_subjects(
    pairs: Iterable[tuple[int, int | None]],
    *,
    by: Actor,
    source: Source = Source.BY_HAND,
    import_id: int | None = None,
) -> None:
    """Say to which subject area classes belong, from today: ids of both, None for to none.

    What they belonged to until now stays on record. Raises Refusal when the two are of different
    establishments, or not there.
    """
    wanted = dict(pairs)
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        subjects = set(filter(None, wanted.values()))
        schools = dict(
            SubjectArea.objects.filter(pk__in=subjects, gone_at__isnull=True).values_list(
                "pk", "establishment_id"
            )
        )
        there = dict(
            SchoolClass.objects.filter(pk__in=wanted, gone_at__isnull=True).values_list(
                "pk", "establishment_id"
            )
        )
        if any(c not in there or (s and schools.get(s) != there[c]) for c, s in wanted.items()):
            raise Refusal("Choose a subject area of the school that the class is in.")
        live = ClassSubject.objects.filter(school_class__in=wanted, ended_at__isnull=True)
        now = {one.school_class_id: one for one in live}
        changed = {
            c: s for c, s in wanted.items() if (now[c].subject_area_id if c in now else None) != s
        }
        stamp = Stamp(events.at, by.user_id, source, import_id)
        ending = [now[c].pk for c in changed if c in now]
        records.end(ClassSubject, ending, how=Ending.REPLACED, stamp=stamp)
        rows = [(c, s, timezone.localdate(), None) for c, s in changed.items() if s]
        columns = ["school_class_id", "subject_area_id", "starts_on", "ends_on"]
        for _ in records.insert(ClassSubject, columns, rows, stamp=stamp):
            pass
        events.add(("changed", "class", c, "subject area", None, None, "") for c in changed)


def join(
    rows: Iterable[Membership],
    *,
    by: Actor,
    source: Source,
    from_register: bool = False,
    since: date | None = None,
    import_id: int | None = None,
) -> None:
    """Put pupils into classes, from today or ``since`` a day. Who is in one stays as they are."""
    wanted = dict.fromkeys(rows)
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        classes = {row.school_class_id for row in wanted}
        live = ClassMembership.objects.filter(school_class__in=classes, ended_at__isnull=True)
        for pair in live.values_list("school_class_id", "pupil_id"):
            wanted.pop(Membership(*pair), None)
        stamp = Stamp(events.at, by.user_id, source, import_id)
        first = since or timezone.localdate()
        new = ((*row, from_register, first, None) for row in wanted)
        columns = ["school_class_id", "pupil_id", "from_register", "starts_on", "ends_on"]
        for ids, chunk in records.insert(ClassMembership, columns, new, stamp=stamp):
            events.add(
                ("recorded", "class membership", id_, "", None, row[1], "")
                for id_, row in zip(ids, chunk, strict=True)
            )


def leave(
    membership_ids: Iterable[int],
    *,
    by: Actor,
    how: Ending = Ending.REMOVED,
    import_id: int | None = None,
) -> None:
    """Take pupils out of classes at this moment."""
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        ids = list(membership_ids)
        pupils = dict(ClassMembership.objects.filter(pk__in=ids).values_list("pk", "pupil_id"))
        ended = records.end(ClassMembership, ids, how=how, stamp=stamp)
        events.add(("ended", "class membership", id_, "", None, pupils[id_], "") for id_ in ended)


def remove(
    model: _Inside,
    ids: Iterable[int],
    *,
    by: Actor,
    how: Ending = Ending.REMOVED,
    import_id: int | None = None,
) -> None:
    """Let subject areas, categories or classes be gone. What was in them is so no more.

    Raises Refusal while somebody leads a subject area or teaches a class (access/ says who): those
    grants are taken away first.
    """
    wanted = sorted(set(ids))
    with batch(by=by, import_id=import_id) as events:
        locks.while_writing()
        stamp = Stamp(events.at, by.user_id, Source.BY_HAND, import_id)
        if model is SubjectCategory:
            areas = SubjectArea.objects.filter(category__in=wanted).values_list("pk", flat=True)
            put_in_category([(id_, None) for id_ in areas], by=by)
        elif model is SubjectArea:
            belonging = ClassSubject.objects.filter(subject_area__in=wanted, ended_at__isnull=True)
            classes = list(belonging.values_list("school_class_id", flat=True))
            set_subjects([(id_, None) for id_ in classes], by=by)
        else:
            inside = ClassMembership.objects.filter(
                school_class__in=wanted, ended_at__isnull=True
            ).values_list("pk", flat=True)
            leave(list(inside), by=by)
        records.remove(model, wanted, how=how, stamp=stamp)
        events.add(("removed", _KINDS[model], id_, "", None, None, "") for id_ in wanted)


def follow_register(pupil_ids: Iterable[int], *, by: Actor, import_id: int | None = None) -> None:
    """Bring the class lists that the pupil file makes in step with it, for these pupils.

    The Class of a pupil is a class of each establishment where they are on roll today; it is made
    where there is none of that name. A class list from a sync is left as it is.
    """
    wanted = set(pupil_ids)
    if not wanted:
        return
    with batch(by=by, import_id=import_id):
        locks.while_writing()
        with _following(wanted):
            _make_missing_classes(by, import_id)
            stale, missing = _out_of_step()
        how = Ending.REPLACED
        leave(stale, by=by, how=how, import_id=import_id)
        join(missing, by=by, source=Source.IMPORT, from_register=True, import_id=import_id)


def out_of_step(pupil_ids: Iterable[int]) -> tuple[list[int], list[Membership]]:
    """What ``follow_register`` would end (ids) and make in the class lists that there are."""
    with _following(set(pupil_ids)):
        return _out_of_step()


@contextmanager
def _following(pupil_ids: set[int]) -> Iterator[None]:
    with bulk.temporary("following", "id BIGINT PRIMARY KEY"):
        bulk.load("following", ["id"], ((id_,) for id_ in pupil_ids))
        bulk.analyse("following")
        yield


# The classes by the register, of the pupils in "following": (pupil_id, establishment_id, name).
# Only names are keyed in Python, so the key of each distinct name is worked out once there.
_BY_REGISTER = (
    "SELECT DISTINCT p.id AS pupil_id, e.establishment_id, p.class_name FROM following f"
    " JOIN schools_pupil p ON p.id = f.id AND p.gone_at IS NULL AND p.class_name <> ''"
    " JOIN schools_enrolment e ON e.pupil_id = p.id AND e.ended_at IS NULL"
    " AND e.establishment_id IS NOT NULL AND e.starts_on <= %s"
    " AND (e.ends_on IS NULL OR e.ends_on >= %s)"
)


def _make_missing_classes(by: Actor, import_id: int | None) -> None:
    today = timezone.localdate()
    named = bulk.select(
        f"SELECT DISTINCT r.establishment_id, r.class_name FROM ({_BY_REGISTER}) r", [today, today]
    )
    places = {place for place, _ in named}
    there = SchoolClass.objects.filter(establishment__in=places, gone_at__isnull=True)
    known = set(there.values_list("establishment_id", "name_key"))
    new: dict[tuple[int, str], Named] = {}
    for place, name in sorted(named):
        key = name_key(name)[:100]
        if key and (place, key) not in known:
            new.setdefault((place, key), Named(place, name[:100]))
    if new:
        create(SchoolClass, new.values(), by=by, source=Source.IMPORT, import_id=import_id)


def _out_of_step() -> tuple[list[int], list[Membership]]:
    """The memberships of these pupils to end, and those to make."""
    today = timezone.localdate()
    by_register = bulk.select(_BY_REGISTER, [today, today])
    places = {place for _, place, _ in by_register}
    there = SchoolClass.objects.filter(establishment__in=places, gone_at__isnull=True)
    class_of = {
        (place, key): id_
        for id_, place, key in there.values_list("pk", "establishment_id", "name_key")
    }
    should = {
        Membership(class_of[place, key], pupil_id)
        for pupil_id, place, name in by_register
        if (key := name_key(name)[:100]) and (place, key) in class_of
    }
    live = bulk.select(
        "SELECT m.id, m.school_class_id, m.pupil_id, m.from_register FROM schools_classmembership m"
        " JOIN following f ON f.id = m.pupil_id WHERE m.ended_at IS NULL"
    )
    are = {Membership(class_id, pupil_id) for _, class_id, pupil_id, _ in live}
    stale = [
        id_
        for id_, class_id, pupil_id, from_register in live
        if from_register and Membership(class_id, pupil_id) not in should
    ]
    return stale, sorted(should - are)
