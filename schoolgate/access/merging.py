"""Two users who are one adult become one (ITS10): by a person, and never by themselves.

What the other holds goes to the one who is kept, with its dates and where it came from; what keeps
either of them from a child keeps the one who stays. The other is gone, and past days answer as they
did.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.utils import timezone

from schoolgate.access import accounts, held_links, relations
from schoolgate.access.actions import NewGrant, grant, revoke
from schoolgate.access.authority import may_manage
from schoolgate.access.duplicates import hand_down
from schoolgate.access.models import Denial, FamilyFact, Grant, Restriction
from schoolgate.access.preview import UserPreview, for_user
from schoolgate.audit.actions import Actor, Batch, batch
from schoolgate.kit import bulk, locks, records
from schoolgate.kit.records import Dated, Ending, Known, Source, Stamp
from schoolgate.kit.refusal import Refusal
from schoolgate.people import staff
from schoolgate.people.models import StaffRecord, SyncId, User
from schoolgate.people.queries import hold

_Place = tuple[str, int | None, int | None, int | None, int | None]


def merge(keep_id: int, other_id: int, *, by: Actor) -> None:
    """Make the other user one with the one who is kept. There is no undo of it.

    Raises Refusal unless an LA Super User asks for it who is neither of the two, both are there,
    and they are active, or inactive, in the same places.
    """
    with batch(by=by) as events:
        locks.while_writing()
        locks.while_removing_administrators()
        # Whoever restricts one of the two waits, and then finds the one who is kept.
        locks.while_restricting()
        _may_merge(keep_id, other_id, by)
        # Before the grants: one that is approved in this moment is among them then.
        held_links.hand_down(other_id, keep_id, by=by)
        both = _Both(keep_id, other_id, by, events)
        both.move_restrictions()
        both.move_grants()
        both.move_facts()
        both.move_sync_ids()
        both.move_posts()
        hand_down(other_id, keep_id, by=by)
        accounts.let_go([other_id], how=Ending.MERGED, by=by)
        User.objects.filter(pk=other_id).update(merged_into=keep_id)
        records.touch(User, [keep_id], stamp=both.stamp(Source.BY_HAND))
        events.add([("merged", "user", other_id, "", keep_id, None, "")])


def merged_sight(keep_id: int, other_id: int) -> UserPreview:
    """Whom the one who is kept would see then, and sees now: for the question before."""
    now = relations.at()
    after = replace(
        now,
        grants=_as_one(now.grants, relations.GRANT, keep_id, other_id),
        restrictions=_as_one(now.restrictions, "user_id, pupil_id", keep_id, other_id),
    )
    return for_user(keep_id, now, after)


def _as_one(table: str, columns: str, keep_id: int, other_id: int) -> str:
    """A table of relations in which what is the other's is the kept one's."""
    whose = f"CASE user_id WHEN {int(other_id)} THEN {int(keep_id)} ELSE user_id END AS user_id"
    return f"(SELECT {columns.replace('user_id', whose)} FROM {table} o)"


def _may_merge(keep_id: int, other_id: int, by: Actor) -> None:
    may_manage(by)
    if by.user_id is None:
        raise Refusal("Sign in to merge users: only a person says that two are one.")
    if by.user_id in (keep_id, other_id):
        raise Refusal("Ask another LA Super User: nobody merges their own account.")
    there = [user for user in hold([keep_id, other_id]) if user.gone_at is None]
    if len(there) < 2:
        raise Refusal("Choose two users who are there: one of these is not, or not any more.")
    live = Denial.objects.filter(user_id__in=(keep_id, other_id), ended_at__isnull=True)
    where: dict[int, set[int | None]] = {keep_id: set(), other_id: set()}
    for user_id, establishment_id in live.values_list("user_id", "establishment_id"):
        where[user_id].add(establishment_id)
    if where[keep_id] != where[other_id]:
        raise Refusal(
            "Decide first whether this person is to be active: make both users inactive, or"
            " reactivate both. One of the two is inactive where the other is not."
        )


def _place(one: Grant) -> _Place:
    return (
        one.role, one.establishment_id, one.pupil_id, one.subject_area_id, one.school_class_id
    )  # fmt: skip


def _last(one: Dated) -> date:
    return one.ends_on or date.max


@dataclass
class _Giving:
    """What is given to the one who is kept, and what is ended before it."""

    new: dict[tuple[str, int | None], list[NewGrant]] = field(
        default_factory=lambda: defaultdict(list)
    )
    ending: list[int] = field(default_factory=list)


@dataclass
class _Both:
    """The two users, under the locks of :func:`merge`."""

    keep_id: int
    other_id: int
    by: Actor
    events: Batch

    def stamp(self, source: str, import_id: int | None = None) -> Stamp:
        return Stamp(self.events.at, self.by.user_id, source, import_id)

    def move_grants(self) -> None:
        """What the other holds, unless the kept one holds it for as long already."""
        live = Grant.objects.filter(
            user_id__in=(self.keep_id, self.other_id), ended_at__isnull=True
        )
        held: dict[_Place, list[Grant]] = defaultdict(list)
        theirs = []
        for one in live.order_by("pk"):
            if one.user_id == self.keep_id:
                held[_place(one)].append(one)
            else:
                theirs.append(one)
        giving = _Giving()
        for one in theirs:
            if _last(one) >= timezone.localdate():
                self._give(one, held[_place(one)], giving)
        self._carry_removals({_place(one) for one in theirs} | {k for k, v in held.items() if v})
        revoke(giving.ending, by=self.by, how=Ending.MERGED)
        # Given before the other's are ended, so that the last LA Super User stays one throughout.
        for (source, import_id), new in giving.new.items():
            grant(new, by=self.by, source=Source(source), import_id=import_id)
        revoke([one.pk for one in theirs], by=self.by, how=Ending.MERGED)

    def _give(self, one: Grant, held: Sequence[Grant], giving: _Giving) -> None:
        for mine in held:
            lasts = mine.starts_on <= one.starts_on and _last(mine) >= _last(one)
            # Undoing an import must not take away what a person gave one of the two.
            sound = mine.import_id is None or mine.import_id == one.import_id
            if lasts and sound and (mine.relationship or not one.relationship):
                return
        first = next((mine for mine in held if mine.starts_on == one.starts_on), None)
        origin, ends_on, relationship = one, one.ends_on, one.relationship
        if first is not None:
            giving.ending.append(first.pk)
            ends_on = max(first, one, key=_last).ends_on
            relationship = first.relationship or one.relationship
            origin = first if first.import_id is None else one
        giving.new[origin.source, origin.import_id].append(
            NewGrant(
                self.keep_id, one.role, one.establishment_id, one.pupil_id, one.starts_on, ends_on,
                one.subject_area_id, one.school_class_id, relationship,
            )
        )  # fmt: skip

    def _carry_removals(self, held: set[_Place]) -> None:
        """What a person took from the other, and nobody gave back to either, stays taken from the
        kept one: the next file asks (ITS7).

        It is written down as ended before it was recorded, and so as held at no time.
        """
        past: dict[_Place, Grant] = {}
        for one in Grant.objects.filter(user_id=self.other_id, ended_at__isnull=False):
            if one.ended_how != Ending.UNDONE:
                earlier = past.get(_place(one))
                if earlier is None or earlier.pk < one.pk:
                    past[_place(one)] = one
        removed = [
            one for key, one in past.items() if one.ended_how == Ending.REMOVED and key not in held
        ]
        columns = [
            "user_id", "role", "establishment_id", "pupil_id", "subject_area_id",
            "school_class_id", "relationship", "starts_on", "ends_on", "recorded_at",
            "recorded_by_id", "source", "import_id", "ended_at", "ended_by_id", "ended_how",
            "ended_import_id",
        ]  # fmt: skip
        ids = bulk.new_ids(Grant, len(removed))
        bulk.load(
            Grant._meta.db_table,
            ["id", *columns],
            (
                (
                    id_, self.keep_id, *_place(one), one.relationship, one.starts_on,
                    one.ends_on, self.events.at, self.by.user_id, one.source, one.import_id,
                    one.ended_at, one.ended_by_id, one.ended_how, one.ended_import_id,
                )
                for id_, one in zip(ids, removed, strict=True)
            ),
        )  # fmt: skip

    def move_restrictions(self) -> None:
        """What keeps the other from a child keeps the kept one from now on."""
        live = Restriction.objects.filter(user_id=self.other_id, ended_at__isnull=True)
        theirs = list(live.order_by("pk"))
        columns = [
            "user_id", "pupil_id", "reason", "starts_on", "ends_on", "evidence", "review_on",
        ]  # fmt: skip
        for one in theirs:
            row = (
                self.keep_id, one.pupil_id, one.reason, one.starts_on, one.ends_on, one.evidence,
                one.review_on,
            )  # fmt: skip
            stamp = self.stamp(one.source, one.import_id)
            for ids, _ in records.insert(Restriction, columns, [row], stamp=stamp):
                self.events.add(
                    ("restricted", "restriction", id_, "", self.keep_id, one.pupil_id, "")
                    for id_ in ids
                )
        self._end(Restriction, [one.pk for one in theirs])

    def move_facts(self) -> None:
        """Where the two say different things of one child, no goes before yes (unknown is no)."""
        live = FamilyFact.objects.filter(
            user_id__in=(self.keep_id, self.other_id), ended_at__isnull=True
        )
        mine: dict[tuple[int, str], list[FamilyFact]] = defaultdict(list)
        theirs = []
        for one in live.order_by("pk"):
            if one.user_id == self.keep_id:
                mine[one.pupil_id, one.fact].append(one)
            else:
                theirs.append(one)
        ending = [one.pk for one in theirs]
        moving = []
        for one in theirs:
            same = [
                fact for fact in mine[one.pupil_id, one.fact]
                if fact.starts_on <= _last(one) and one.starts_on <= _last(fact)
            ]  # fmt: skip
            if not same or (not one.holds and any(fact.holds for fact in same)):
                ending += [fact.pk for fact in same]
                moving.append(one)
        self._end(FamilyFact, ending)
        columns = ["user_id", "pupil_id", "fact", "holds", "starts_on", "ends_on"]
        for one in moving:
            row = (self.keep_id, one.pupil_id, one.fact, one.holds, one.starts_on, one.ends_on)
            stamp = self.stamp(one.source, one.import_id)
            for ids, _ in records.insert(FamilyFact, columns, [row], stamp=stamp):
                self.events.add(
                    ("recorded", "family fact", id_, "", self.keep_id, one.pupil_id, "")
                    for id_ in ids
                )

    def move_sync_ids(self) -> None:
        """A file that calls the other by a SyncID means the kept one from now on."""
        theirs = list(SyncId.objects.filter(user_id=self.other_id, ended_at__isnull=True))
        self._end(SyncId, [one.pk for one in theirs])
        for one in theirs:
            row = (self.keep_id, one.value, one.value_key)
            stamp = self.stamp(one.source, one.import_id)
            columns = ["user_id", "value", "value_key"]
            for ids, _ in records.insert(SyncId, columns, [row], stamp=stamp):
                self.events.add(
                    ("recorded", "SyncID", id_, "", self.keep_id, None, "") for id_ in ids
                )

    def move_posts(self) -> None:
        """On whose staff the other is, the kept one is."""
        theirs = list(StaffRecord.objects.filter(user_id=self.other_id, ended_at__isnull=True))
        staff.end([one.pk for one in theirs], by=self.by, how=Ending.MERGED)
        for one in theirs:
            post = staff.NewPost(self.keep_id, one.establishment_id, one.sync, one.mis_id)
            staff.record([post], by=self.by, source=Source(one.source), import_id=one.import_id)

    def _end(
        self, model: type[Restriction] | type[FamilyFact] | type[SyncId], ids: Iterable[int]
    ) -> None:
        wanted = list(ids)
        if not wanted:
            return
        about = {one.pk: one for one in model.objects.filter(pk__in=wanted)}
        kinds: dict[type[Known], str] = {
            Restriction: "restriction", FamilyFact: "family fact", SyncId: "SyncID",
        }  # fmt: skip
        ended = records.end(model, wanted, how=Ending.MERGED, stamp=self.stamp(Source.BY_HAND))
        self.events.add(
            (
                "ended", kinds[model], id_, "", about[id_].user_id,
                getattr(about[id_], "pupil_id", None), "",
            )
            for id_ in ended
        )  # fmt: skip


def merged_with(user_id: int) -> list[User]:
    """The users who are gone because they are this one, the last merged first."""
    return list(
        User.objects.filter(merged_into=user_id, gone_how=Ending.MERGED).order_by("-gone_at")
    )
