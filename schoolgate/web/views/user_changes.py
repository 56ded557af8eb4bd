"""Taking something from a user, and making them inactive or active again."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from schoolgate.access import scope
from schoolgate.access.actions import allow, deny, revoke
from schoolgate.access.authority import may_manage
from schoolgate.access.holdings import grants_of
from schoolgate.access.models import Grant
from schoolgate.access.own_roles import role_of
from schoolgate.kit.refusal import Refusal
from schoolgate.people.invitations import BOUNCED, EXPIRED, INVITED, invite
from schoolgate.people.models import User
from schoolgate.schools.models import Establishment
from schoolgate.web import words
from schoolgate.web.forms.users_filter import INACTIVE
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.views.confirm import confirm
from schoolgate.web.views.user import denials_of, there
from schoolgate.web.views.users import status_of

EVERYWHERE = "everywhere"


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def remove_grant(request: HttpRequest, user_id: int, grant_id: int) -> HttpResponse:
    """Ends one grant, after asking."""
    person = there(user_id)
    grant = grants_of(person.pk).filter(pk=grant_id).first()
    if grant is None:
        raise Http404
    named = _may_name(request, grant)

    def do() -> HttpResponse:
        revoke([grant.pk], by=actor(request))
        messages.success(request, _done(person, grant))
        return redirect("user", person.pk)

    return confirm(
        request,
        do,
        title=_question(person, grant, named),
        sentences=_meaning(person, grant),
        button="Remove",
        back=("user", person.pk),
        pupil_ids=[grant.pupil_id] if named and grant.pupil_id else [],
    )


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def make_inactive(request: HttpRequest, user_id: int) -> HttpResponse:
    """Denies a user over the organisation, or over one establishment, after asking."""
    person = there(user_id)
    places = _places(person)

    def do() -> HttpResponse:
        at = next((school for school in places if str(school.pk) == request.POST.get("at")), None)
        if at is None and request.POST.get("at", EVERYWHERE) != EVERYWHERE:
            raise Refusal(f"Choose again: {person} holds nothing there any more.")
        deny([person.pk], by=actor(request), establishment_id=at.pk if at else None)
        where = f" at {at.name}" if at else ""
        messages.success(request, f"{person} is now inactive{where}.")
        return redirect("user", person.pk)

    everywhere = f"{person} can no longer sign in and sees no pupil, from this moment."
    kept = "What they were given stays on record, and is theirs again when you reactivate them."
    return confirm(
        request,
        do,
        title=f"Make {person} inactive?",
        sentences=[kept] if places else [everywhere, kept],
        button="Make inactive",
        back=("user", person.pk),
        choices=[
            (EVERYWHERE, "Everywhere", everywhere),
            *(
                (
                    str(school.pk),
                    f"At {school.name}",
                    f"What they hold at {school.name} sleeps, from this moment. If they hold"
                    " nothing else, they cannot sign in either.",
                )
                for school in places
            ),
        ]
        if places
        else [],
    )


def _places(person: User) -> list[Establishment]:
    """The establishments where the user holds something that does not sleep."""
    held = grants_of(person.pk).filter(establishment__isnull=False).values("establishment")
    asleep = denials_of(person).filter(establishment__isnull=False).values("establishment")
    awake = Establishment.objects.filter(pk__in=held).exclude(pk__in=asleep)
    return list(awake.order_by("name_key", "pk"))


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def reactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    """Allows a user again, over the organisation or over the establishment ``at``, after asking."""
    person = there(user_id)
    at: Establishment | None = None
    if wanted := request.GET.get("at"):
        sleeping = {str(one.establishment_id): one for one in denials_of(person)}
        if wanted not in sleeping:
            raise Http404
        at = sleeping[wanted].establishment
    where = f" at {at.name}" if at else ""

    def do() -> HttpResponse:
        allow([person.pk], by=actor(request), establishment_id=at.pk if at else None)
        messages.success(request, f"{person} is active again{where}.")
        return redirect("user", person.pk)

    return confirm(
        request,
        do,
        title=f"Reactivate {person}{where}?",
        sentences=[
            f"What {person} holds at {at.name} is theirs again, from this moment."
            if at
            else f"{person} can sign in again, and sees the pupils whom their roles reach."
        ],
        button="Reactivate",
        back=("user", person.pk),
        warning=False,
    )


@only_super_user
@require_http_methods(["GET", "HEAD", "POST"])
def send_invitation(request: HttpRequest, user_id: int) -> HttpResponse:
    """Invites one user, or invites them again, after asking (PP6)."""
    person = there(user_id)
    again = status_of(person) in (INVITED, EXPIRED, BOUNCED)

    def do() -> HttpResponse:
        may_manage(actor(request))
        if not invite([] if status_of(person) == INACTIVE else [person.pk], by=actor(request)):
            raise Refusal(
                f"{person} cannot be invited: they have no e-mail address, have set up their"
                " sign-in, or are inactive."
            )
        messages.success(request, words.invitation_sent(f"An invitation to {person}"))
        return redirect("user", person.pk)

    sentences = [f"A link with which they set up their sign-in goes to {person.email}."]
    if again:
        sentences.append("The link that was sent before stops working.")
    return confirm(
        request,
        do,
        title=f"{'Send a new invitation' if again else 'Send an invitation'} to {person}?",
        sentences=sentences,
        button="Send the invitation",
        back=("user", person.pk),
        warning=False,
    )


def _may_name(request: HttpRequest, grant: Grant) -> bool:
    return grant.pupil_id is not None and scope.may_see(visitor(request).pk, grant.pupil_id)


def _question(person: User, grant: Grant, named: bool) -> str:
    role = words.role_name(grant.role)
    if grant.pupil_id is not None:
        return f"Remove {grant.pupil if named else 'this pupil'} from {person}?"
    if grant.subject_area or grant.school_class:
        return f"Take {role} of {words.place(grant)} away from {person}?"
    if grant.establishment is not None:
        return f"Remove {grant.establishment.name} from {person}?"
    return f"Remove the role {role} from {person}?"


def _meaning(person: User, grant: Grant) -> list[str]:
    role = role_of(grant.role)
    sentences = []
    if grant.pupil_id is not None and role.assigns_pupils:
        sentences.append(f"The pupil no longer stands first in the list of {person}.")
    elif role.is_licence:
        sentences.append(f"{person} no longer sees this child as {role.name}.")
    elif grant.pupil_id is not None:
        sentences.append(f"{person} no longer sees this pupil as their {role.name}.")
    elif grant.establishment is not None:
        sentences.append(
            f"{person} is no longer {role.name} there, and no longer sees the pupils whom they see"
            " through it."
        )
    else:
        sentences.append(f"{person} is no longer {role.name}.")
        if role.assigns_pupils:
            sentences.append("The pupils assigned to them under this role are unassigned too.")
    sentences.append(
        "It happens at once. It stays on record that they had it, and a file that names it again"
        " asks you first."
    )
    return sentences


def _done(person: User, grant: Grant) -> str:
    if grant.pupil_id is not None:
        return f"The pupil has been removed from {person}."
    if grant.subject_area or grant.school_class:
        return f"{person} is no longer {words.role_name(grant.role)} of {words.place(grant)}."
    if grant.establishment is not None:
        return f"{grant.establishment.name} has been removed from {person}."
    return f"{person} is no longer {words.role_name(grant.role)}."
