"""Giving out sign-ins to the holders of licences, by mail and by printed letter (ITS8)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from schoolgate.access import relations
from schoolgate.access.actions import shut_out
from schoolgate.access.authority import may_manage_accounts
from schoolgate.access.holdings import users_with_status
from schoolgate.access.letters import natural
from schoolgate.access.models import Grant
from schoolgate.access.roles import LICENCE
from schoolgate.audit.actions import Actor, batch
from schoolgate.kit import bulk
from schoolgate.kit.dates import day_of, in_words
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail, State
from schoolgate.people import invitations, printing
from schoolgate.people.invitations import ACTIVE
from schoolgate.people.models import Invitation, LetterRun, User


class Whom(NamedTuple):
    """Whom sign-ins are for: holders of licences over children on roll at a school, or in one of
    its classes; or who came with an import; or these users. None of them: everybody."""

    school_id: int | None = None
    class_id: int | None = None
    import_id: int | None = None
    user_ids: Collection[int] = ()


def without_sign_in(whom: Whom) -> QuerySet[User]:
    """Those of the holders of licences who may come in and have yet to set up their sign-in; with
    named users, also those of them who are set up and have no e-mail address.

    Unless they are named, not those who hold a role of staff as well and have no address: there is
    no way to them but a letter, and see :func:`waiting`.
    """
    stand = relations.at()
    held = f"SELECT g.user_id FROM {stand.grants} g WHERE {relations.is_licence('g.role')}"
    values: list[int] = []
    if whom.school_id is not None:
        rolls = f"SELECT e.pupil_id FROM {stand.enrolments} e WHERE e.establishment_id = %s"
        held += f" AND g.pupil_id IN ({rolls})"
        values.append(whom.school_id)
    if whom.class_id is not None:
        lists = f"SELECT m.pupil_id FROM {stand.memberships} m WHERE m.school_class_id = %s"
        held += f" AND g.pupil_id IN ({lists})"
        values.append(whom.class_id)
    found = users_with_status().filter(Q(is_denied=False), pk__in=RawSQL(held, values))
    waiting = ~Q(invitation_state=ACTIVE)
    if whom.user_ids:
        return found.filter(waiting | Q(email_key__isnull=True), pk__in=whom.user_ids)
    found = found.exclude(pk__in=_of_staff(), email_key__isnull=True)
    if whom.import_id is not None:
        found = found.filter(import_id=whom.import_id)
    return found.filter(waiting)


class Waits(NamedTuple):
    """Somebody who is waiting: whether an invitation can go to them by mail, and a letter."""

    user_id: int
    by_mail: bool
    by_letter: bool


def waiting(whom: Whom) -> list[Waits]:
    """Who of them is waiting.

    Who holds a role of staff and has an address gets no letter: it would be handed out where their
    child is, by people who know when the child was born and could not give them that role (S62).
    """
    found: QuerySet[Any] = without_sign_in(whom).order_by("pk")
    staff = set(found.filter(pk__in=_of_staff()).values_list("pk", flat=True))
    rows = found.values_list("pk", "email_key", "invitation_state")
    return [
        Waits(pk, bool(key) and state != ACTIVE, not (key and pk in staff))
        for pk, key, state in rows
    ]


def _of_staff() -> QuerySet[Grant, int]:
    """The ids of the users who hold a role that is no licence, now or from a day to come."""
    not_over = Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())
    held = Grant.objects.filter(not_over, ended_at__isnull=True)
    return held.exclude(role__startswith=LICENCE).values_list("user_id", flat=True)


class Waiting(NamedTuple):
    """Where there are holders of licences: schools, classes of one, and imports with their days."""

    schools: list[tuple[int, str]]
    classes: list[tuple[int, str]]
    imports: list[tuple[int, str]]


def places_waiting(school_id: int | None) -> Waiting:
    """The schools where linked children are on roll; the classes of one of them that such children
    are in; and the last imports that brought holders of licences."""
    stand = relations.at()
    linked = (
        f"SELECT g.pupil_id FROM {stand.grants} g WHERE {relations.is_licence('g.role')}"
        " AND g.pupil_id IS NOT NULL"
    )
    schools = bulk.select(
        "SELECT s.id, s.name FROM schools_establishment s WHERE s.id IN"
        f" (SELECT e.establishment_id FROM {stand.enrolments} e WHERE e.pupil_id IN ({linked}))"
        " ORDER BY s.name_key, s.id"
    )
    classes = bulk.select(
        "SELECT c.id, c.name FROM schools_schoolclass c WHERE c.gone_at IS NULL"
        " AND c.establishment_id = %s AND c.id IN (SELECT m.school_class_id FROM"
        f" {stand.memberships} m WHERE m.pupil_id IN ({linked}))",
        [school_id or 0],
    )
    imports = bulk.select(
        "SELECT DISTINCT u.import_id FROM people_user u WHERE u.import_id IS NOT NULL"
        f" AND u.id IN (SELECT g.user_id FROM {stand.grants} g WHERE"
        f" {relations.is_licence('g.role')})"
        " ORDER BY u.import_id DESC LIMIT 50"
    )
    made = User.objects.filter(import_id__in=[id_ for (id_,) in imports])
    days = dict(made.order_by().values_list("import_id").annotate(at=Min("recorded_at")))
    return Waiting(
        [(id_, name) for id_, name in schools],
        sorted(((id_, name) for id_, name in classes), key=lambda row: natural(row[1])),
        [(id_, in_words(day_of(days[id_]))) for (id_,) in imports],
    )


def give_out(*, mailed: Collection[int], lettered: Collection[int], by: Actor) -> LetterRun:
    """Invite some by mail, and note that letters for others are to be made. Raises Refusal when an
    account among them is not the actor's."""
    with batch(by=by) as events:
        may_manage_accounts(by, {*mailed, *lettered})
        invitations.invite(set(mailed) - shut_out(mailed), by=by)
        # Both have the time of the batch: by it the mails of a run are known again.
        return LetterRun.objects.create(
            made_at=events.at, made_by_id=by.user_id, total=len(set(lettered))
        )


def print_letters(user_ids: Collection[int], *, run: LetterRun, by: Actor) -> dict[int, str]:
    """Fresh codes for the letters of a run, by user id; earlier ones stop working (S20).

    Raises Refusal when an account is not the actor's. Leaves out who is inactive, staff who have an
    address, and whom :func:`people.printing.print_for` does.
    """
    with batch(by=by):
        may_manage_accounts(by, user_ids)
        if run.made_by_id != by.user_id:
            raise Refusal("Begin again: these letters were begun by somebody else.")
        mailed = User.objects.filter(pk__in=_of_staff(), email_key__isnull=False)
        kept = set(mailed.values_list("pk", flat=True)) | shut_out(user_ids)
        codes = printing.print_for(set(user_ids) - kept, by=by, resets=True)
        LetterRun.objects.filter(pk=run.pk).update(total=len(codes), done=0, finished_at=None)
        return codes


def note_done(run_id: int, done: int, *, finished: bool = False) -> None:
    """Note how many letters of a run are ready."""
    at: datetime | None = timezone.now() if finished else None
    LetterRun.objects.filter(pk=run_id).update(done=done, finished_at=at)


class Mailed(NamedTuple):
    """How far the mails of a run have come."""

    all: int
    sent: int
    failed: int

    @property
    def waiting(self) -> int:
        """How many are still to be sent."""
        return self.all - self.sent - self.failed


def mails_of(run: LetterRun) -> Mailed:
    """How far the mails have come that were posted with a run."""
    invited = Invitation.objects.filter(made_at=run.made_at, made_by_id=run.made_by_id)
    mails = Mail.objects.filter(kind=invitations.KIND, subject_id__in=invited.values("pk"))
    found = dict(
        mails.order_by().values("state").annotate(count=Count("pk")).values_list("state", "count")
    )
    every, sent = sum(found.values()), found.get(State.SENT, 0)
    return Mailed(every, sent, every - sent - found.get(State.WAITING, 0))
