"""How far the demonstration's people have got with their sign-in."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from schoolgate.audit.actions import SYSTEM, batch
from schoolgate.outbox.models import Mail, State
from schoolgate.people import invitations
from schoolgate.people.models import Invitation, User

# Invited as the demonstration is made: their mail is on its page at once.
INVITED = [
    "bilal.qureshi@greywateracademy.example",
    "farah.siddiqui@social-care.northshire.example",
    "rhodri.maddocks@maddenfordhigh.example",
    "saffron.moule@maddenfordhigh.example",
]
REFUSED = ["nathan.quirke@northshire.example", "petra.sykes@maddenfordhigh.example"]
EXPIRED = ["beatrice.uttley@northshire.example", "ines.carvalho@maddenfordhigh.example"]
NOT_INVITED = [
    "judith.sowerby@tarnbeckprimary.example",
    "sian.fothergill@fellside.example",
    "nigel.crook@maddenfordhigh.example",
    "maureen.dunmore",
    "paul.dunmore@harbour.example",
]
_REFUSAL = "Correct the e-mail address: the mail server refused this mail (550 5.1.1 No such user)."


def write(ids: Mapping[str, int], pass_phrase: str) -> None:
    """Let everybody sign in with the pass phrase but those named above. ``ids`` by address."""
    not_yet = {*INVITED, *REFUSED, *EXPIRED, *NOT_INVITED}
    active = [id_ for email, id_ in ids.items() if email not in not_yet]
    with batch(by=SYSTEM) as events:
        # One hash for all: each by itself would take a second of the first start.
        User.objects.filter(pk__in=active).update(password=make_password(pass_phrase))
        events.add(("changed", "user", id_, "password", id_, None, "") for id_ in active)
        invitations.invite([ids[email] for email in [*INVITED, *REFUSED, *EXPIRED]], by=SYSTEM)
    now = timezone.now()
    then = now - timedelta(days=30)
    refused, expired = ([ids[email] for email in some] for some in (REFUSED, EXPIRED))
    Mail.objects.filter(user_id__in=refused).update(
        state=State.FAILED, attempts=1, ended_at=now, problem=_REFUSAL
    )
    Mail.objects.filter(user_id__in=expired).update(
        state=State.SENT, attempts=1, posted_at=then, due_at=then, ended_at=then, address=""
    )
    Invitation.objects.filter(user_id__in=expired).update(
        made_at=then, expires_at=then + invitations.lasts()
    )
