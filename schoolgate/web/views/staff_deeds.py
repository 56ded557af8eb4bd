"""What can be done with members of staff, one or many at once, and with whom it cannot (PP4).

The menu of a row and the page that asks both go by :attr:`Deed.why_not`; the actions of the rooms
below refuse once more what nobody may.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone

from schoolgate.access import accounts
from schoolgate.access.actions import NewGrant, allow, deny, grant, revoke
from schoolgate.access.authority import accounts_managed
from schoolgate.access.roles import SCHOOL_ADMIN
from schoolgate.access.staff_list import Held, denied_from_above, held_here
from schoolgate.kit.records import Source
from schoolgate.people.invitations import ACTIVE, NOT_INVITED
from schoolgate.people.models import SyncStatus, User
from schoolgate.schools.models import Establishment
from schoolgate.web import words
from schoolgate.web.permissions import actor, authority

NOT_YOURS = "who work elsewhere too, or have a role that you could not give: ask an LA Super User"
YOURSELF = "you yourself: ask another administrator"


@dataclass(frozen=True)
class Member:
    """Somebody from ``staff_of``, as whoever asks may deal with them.

    ``managed``: their account is the reader's (S62); ``above``: only an LA Super User lets them in
    again here.
    """

    user: User
    held: Held
    managed: bool
    above: bool
    is_reader: bool

    @property
    def status(self) -> str:
        """Their status in this school."""
        return "Inactive" if self.is_inactive else self.invitation

    @property
    def is_inactive(self) -> bool:
        return bool(self.user.is_denied)  # type: ignore[attr-defined]

    @property
    def sleeps_here(self) -> bool:
        return bool(self.user.sleeps_here)  # type: ignore[attr-defined]

    @property
    def invitation(self) -> str:
        return str(self.user.invitation_state)  # type: ignore[attr-defined]

    @property
    def sync(self) -> str:
        """The status of their staff record here; blank without one."""
        return self.user.sync or ""  # type: ignore[attr-defined]


def members(
    request: HttpRequest, school: Establishment, users: Sequence[User]
) -> dict[int, Member]:
    """These members of the staff, by id; in a few queries however many they are."""
    ids = [user.pk for user in users]
    held = held_here(ids, school.pk)
    managed = accounts_managed(actor(request), ids)
    above = set() if authority(request).everything else denied_from_above(ids, school.pk)
    return {
        user.pk: Member(
            user,
            held[user.pk],
            user.pk in managed,
            user.pk in above,
            user.pk == actor(request).user_id,
        )
        for user in users
    }


@dataclass(frozen=True)
class Deed:
    """Something to do. ``why_not``: why it is not done with somebody, blank where it can be.

    ``asks`` and ``done`` have ``{who}`` for whom, ``means`` is what the page that asks says of it.
    """

    code: str
    name: str
    asks: str
    button: str
    means: Sequence[str]
    done: str
    why_not: Callable[[Member], str]
    do: Callable[[HttpRequest, Establishment, Sequence[Member]], None]
    warning: bool = False


def _not_invited(one: Member) -> str:
    if not one.managed:
        return NOT_YOURS
    if one.is_inactive:
        return "inactive"
    if one.invitation == ACTIVE:
        return "set up already"
    return "" if one.user.email else "no e-mail address to send it to"


def _not_cancelled(one: Member) -> str:
    if not one.managed:
        return NOT_YOURS
    return "without an invitation" if one.invitation in (NOT_INVITED, ACTIVE) else ""


def _not_upgraded(one: Member) -> str:
    if one.held.administers:
        return "administrator already"
    return "inactive: reactivate them first" if one.is_inactive else ""


def _not_downgraded(one: Member) -> str:
    if not one.held.administers:
        return "no administrator"
    return YOURSELF if one.is_reader else ""


def _not_deactivated(one: Member) -> str:
    if one.is_inactive:
        return "inactive already"
    return YOURSELF if one.is_reader else ""


def _not_reactivated(one: Member) -> str:
    if not one.is_inactive:
        return "not inactive"
    if one.above or not one.sleeps_here:
        return "made inactive by an LA Super User: ask one"
    return ""


def _not_deleted(one: Member) -> str:
    if one.is_reader:
        return YOURSELF
    if not one.managed:
        return NOT_YOURS
    if one.sync == SyncStatus.SYNCHRONISED:
        return "synchronised: they go when the school’s information system has them no more"
    return ""


def _ids(chosen: Sequence[Member]) -> list[int]:
    return [one.user.pk for one in chosen]


def _invite(request: HttpRequest, school: Establishment, chosen: Sequence[Member]) -> None:
    accounts.invite_users(_ids(chosen), by=actor(request))


def _cancel(request: HttpRequest, school: Establishment, chosen: Sequence[Member]) -> None:
    accounts.cancel_invitations(_ids(chosen), by=actor(request))


def _upgrade(request: HttpRequest, school: Establishment, chosen: Sequence[Member]) -> None:
    today = timezone.localdate()
    rows = [NewGrant(id_, SCHOOL_ADMIN.code, school.pk, None, today) for id_ in _ids(chosen)]
    grant(rows, by=actor(request), source=Source.BY_HAND)


def _downgrade(request: HttpRequest, school: Establishment, chosen: Sequence[Member]) -> None:
    revoke((id_ for one in chosen for id_ in one.held.administers), by=actor(request))


def _deactivate(request: HttpRequest, school: Establishment, chosen: Sequence[Member]) -> None:
    deny(_ids(chosen), by=actor(request), establishment_id=school.pk)


def _reactivate(request: HttpRequest, school: Establishment, chosen: Sequence[Member]) -> None:
    allow(_ids(chosen), by=actor(request), establishment_id=school.pk)


def _delete(request: HttpRequest, school: Establishment, chosen: Sequence[Member]) -> None:
    accounts.delete_users(_ids(chosen), by=actor(request))


DEEDS = {
    deed.code: deed
    for deed in (
        Deed(
            "invite",
            "Send or resend invitation emails",
            "Send an invitation email to {who}?",
            "Send",
            ["A link with which they set up their sign-in goes to their e-mail address. It works"
             " once. Any link that was sent before stops working."],
            "",
            _not_invited,
            _invite,
        ),
        Deed(
            "cancel",
            "Cancel invitation",
            "Cancel the invitation of {who}?",
            "Cancel the invitation",
            ["The link that was sent works no longer, and a mail that still waits is not sent. You"
             " can invite them again."],
            "The invitation of {who} is cancelled.",
            _not_cancelled,
            _cancel,
            warning=True,
        ),
        Deed(
            "upgrade",
            "Upgrade to administrator",
            "Make {who} administrator of {school}?",
            "Upgrade to administrator",
            ["A School Admin sees every pupil on roll at the school, and manages its staff."
             " A link to set up that has gone out to them stops working: send them a new one."],
            "{who} {are} now administrator of {school}.",
            _not_upgraded,
            _upgrade,
        ),
        Deed(
            "downgrade",
            "Take administrator away",
            "Take administrator of {school} away from {who}?",
            "Take administrator away",
            ["They no longer manage the staff, and see no more pupils than their other roles open."
             " It happens at once. A link to set up that has gone out to them stops working."],
            "{who} {are} administrator of {school} no longer.",
            _not_downgraded,
            _downgrade,
            warning=True,
        ),
        Deed(
            "deactivate",
            "Make inactive",
            "Make {who} inactive?",
            "Make inactive",
            ["What they hold at {school} sleeps from this moment: through it they see no pupil."
             " Whoever holds nothing anywhere else cannot sign in.",
             "All they were given stays on record, and is theirs again when you reactivate them."],
            "{who} {are} now inactive.",
            _not_deactivated,
            _deactivate,
            warning=True,
        ),
        Deed(
            "reactivate",
            "Reactivate",
            "Reactivate {who}?",
            "Reactivate",
            ["What they hold at {school} works again: they can sign in, and see the pupils whom"
             " their roles reach. Who had not set up their sign-in needs a new invitation."],
            "{who} {are} active again.",
            _not_reactivated,
            _reactivate,
        ),
        Deed(
            "delete",
            "Delete",
            "Delete {who}?",
            "Delete",
            ["This cannot be undone. Their sign-in, their sessions and invitations and all that"
             " they hold, here and elsewhere, are destroyed. The log and whom they could see on"
             " past days are kept, with their names.",
             "To keep somebody’s details, make them inactive instead."],
            "{who} {are} deleted.",
            _not_deleted,
            _delete,
            warning=True,
        ),
    )
}  # fmt: skip


def menu(one: Member) -> list[tuple[str, str]]:
    """What can be done with one member of staff: code and words."""
    named = {"invite": _invitation_words(one)}
    return [
        (code, named.get(code, deed.name)) for code, deed in DEEDS.items() if not deed.why_not(one)
    ]


def _invitation_words(one: Member) -> str:
    again = one.invitation != NOT_INVITED
    return "Resend invitation email" if again else "Send invitation email"


def told(deed: Deed, who: str, count: int, school: Establishment) -> str:
    """What is said once it is done."""
    if deed.code == "invite":
        return words.invitations_sent(count)
    return deed.done.format(who=who, are="is" if count == 1 else "are", school=school.name)
