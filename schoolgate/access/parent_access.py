"""Whether parents and other licence holders may sign in: for the organisation, and for each
establishment (ITS1). It governs who comes in, and no link (access/relations.py: ``kept_out``).
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.authority import may_manage
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk, locks
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.actions import change_things
from schoolgate.schools.models import Enrolment, Establishment, Organisation
from schoolgate.schools.today import holds
from schoolgate.sign_in import links, sessions
from schoolgate.sign_in.models import SessionEnding

CHANGED_SINCE = (
    "Look at what is there now, then save again if you still want to: somebody has changed these"
    " settings, or whom they shut out, since you opened the page."
)


@dataclass(frozen=True)
class Change:
    """A wish about parent access: of the organisation (None: as it is), and of some establishments
    (``schools``: ids), on or off."""

    organisation: bool | None = None
    schools: frozenset[int] = frozenset()
    school_access: bool = False

    @property
    def _organisations(self) -> str:
        if self.organisation is None:
            return "schools_organisation"
        # A truth value as either database compares one.
        return (
            f"(SELECT id, 1 = {int(self.organisation)} AS parent_access FROM schools_organisation)"
        )

    @property
    def _establishments(self) -> str:
        if not self.schools:
            return "schools_establishment"
        wished = ", ".join(map(str, sorted(self.schools)))
        return (
            f"(SELECT id, CASE WHEN id IN ({wished}) THEN 1 = {int(self.school_access)}"
            " ELSE parent_access END AS parent_access FROM schools_establishment)"
        )

    def shut_out(self) -> str:
        """A query (user_id): who comes to be kept out by it, who is not yet."""
        after = relations.shut_out_families(self._organisations, self._establishments)
        return f"SELECT * FROM ({after}) a EXCEPT SELECT * FROM ({relations.shut_out_families()}) b"


@dataclass(frozen=True)
class Weighed:
    """What a change would do: how many who may sign in now could not any more. ``mark``: another
    one when anybody has changed the settings, or others would be shut out (S42, S57)."""

    out: int
    mark: str


def weighed(change: Change) -> Weighed:
    """What the change would do as things stand."""
    one = Organisation.objects.order_by("pk").first()
    schools = Establishment.objects.filter(pk__in=change.schools).order_by("pk")
    now, out = list(schools.values_list("pk", "parent_access")), would_shut_out(change)
    told = (change.organisation, change.school_access, standing_of(one), now, out)
    return Weighed(out, hashlib.sha256(repr(told).encode()).hexdigest()[:32])


def would_shut_out(change: Change) -> int:
    """How many who may sign in now could not any more; nobody, where nothing is switched off."""
    if change.organisation is not False and (change.school_access or not change.schools):
        return 0
    return int(
        bulk.value(
            f"SELECT count(*) FROM ({change.shut_out()}) o JOIN people_user u ON u.id = o.user_id"
            " WHERE u.gone_at IS NULL AND substr(u.password, 1, 1) NOT IN ('', '!')"
            f" AND NOT EXISTS (SELECT 1 FROM ({relations.inactive()}) i WHERE i.user_id = u.id)"
        )
    )


def standing_of(organisation: Organisation | None) -> str:
    """A word for what the organisation has decided; another one when anybody has changed it."""
    one = organisation or Organisation()
    told = repr((bool(one.parent_access), bool(one.names_to_parents)))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def set_organisation_access(
    *, parent_access: bool, names_to_parents: bool, seen: str, by: Actor
) -> None:
    """Say whether parents may sign in at all, and whether they are told the names of staff who see
    their child.

    ``seen``: :func:`standing_of` the organisation as the person saw it. Whoever is kept out from
    now on is signed out for good. Raises Refusal when the actor may not, or somebody was quicker.
    """
    wanted = {"parent_access": parent_access, "names_to_parents": names_to_parents}
    with batch(by=by) as events:
        locks.while_writing()
        may_manage(by)
        found = Organisation.objects.select_for_update().order_by("pk").first()
        one = found or Organisation()
        if standing_of(one) != seen:
            raise Refusal(CHANGED_SINCE)
        changed = [field for field in wanted if bool(getattr(one, field)) != wanted[field]]
        if not changed:
            return
        _sign_out(relations.shut_out_families(), by)
        for field in changed:
            setattr(one, field, wanted[field])
        one.save()
        events.add([("changed", "organisation", one.pk, ",".join(changed), None, None, "")])
        _sign_out(relations.shut_out_families(), by)


def set_schools_access(school_ids: Collection[int], *, on: bool, seen: str, by: Actor) -> int:
    """Say whether the parents of these establishments' pupils may sign in; how many it changes.

    ``seen``: the ``mark`` of the change, :func:`weighed` as the person saw it. Whoever is kept out
    from now on is signed out for good. Raises Refusal as :func:`set_organisation_access` does.
    """
    with batch(by=by):
        locks.while_writing()
        may_manage(by)
        there = Establishment.objects.select_for_update().filter(
            pk__in=school_ids, gone_at__isnull=True
        )
        now = dict(there.order_by("pk").values_list("pk", "parent_access"))
        if weighed(Change(schools=frozenset(now), school_access=on)).mark != seen:
            raise Refusal(CHANGED_SINCE)
        changes = [(pk, "parent_access", on) for pk, before in now.items() if bool(before) != on]
        _sign_out(relations.shut_out_families(), by)
        change_things(Establishment, changes, by=by)
        _sign_out(relations.shut_out_families(), by)
        return len(changes)


def _sign_out(users: str, by: Actor) -> None:
    """End for good the sessions of these (a query of user_id), and what was mailed to them to come
    in. Asked before a switch goes on as well: what only slept till then would wake (S2)."""
    with_something = (
        "SELECT s.user_id FROM sign_in_usersession s WHERE s.ended_at IS NULL UNION"
        " SELECT a.user_id FROM sign_in_askedbymail a WHERE a.ended_at IS NULL"
        " AND a.user_id IS NOT NULL"
    )
    found = bulk.select(f"SELECT w.user_id FROM ({with_something}) w WHERE w.user_id IN ({users})")
    out = [user_id for (user_id,) in found]
    links.void(out, by=by, changes=False, stops=False)
    sessions.end_all(out, how=SessionEnding.SHUT_OUT, by=by)


def schools_with_pupils() -> QuerySet[Establishment]:
    """The establishments where a pupil is on roll today, and those that are switched on."""
    enrolled = Enrolment.objects.filter(holds(timezone.localdate()), establishment=OuterRef("pk"))
    there = Establishment.objects.filter(gone_at__isnull=True)
    return there.filter(Exists(enrolled)) | there.filter(parent_access=True)


def without_sign_in() -> int:
    """How many licence holders have no way yet to sign in: neither password nor passkey is set."""
    return int(
        bulk.value(
            "SELECT count(*) FROM people_user u WHERE u.gone_at IS NULL"
            " AND substr(u.password, 1, 1) IN ('', '!')"
            f" AND u.id IN (SELECT l.user_id FROM {relations.licences()} l)"
        )
    )


def has_families() -> bool:
    """Whether anybody holds a licence over a pupil now."""
    return bool(bulk.select(f"SELECT 1 FROM {relations.licences()} l LIMIT 1"))
