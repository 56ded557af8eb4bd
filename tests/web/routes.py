"""Every route of the URL resolver, with what a test needs to walk them all.

A route that is not in `ROUTES` fails the walk: whoever adds one says here with whose objects it is
visited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from schoolgate.access import credentials, families
from schoolgate.access.families import NewLink
from schoolgate.access.models import Grant, HeldLink
from schoolgate.access.parent_access import standing_of
from schoolgate.access.roles import OWN, PARENT
from schoolgate.audit.actions import SYSTEM
from schoolgate.intake import runs
from schoolgate.outbox.models import Mail
from schoolgate.people import invitations
from schoolgate.people.actions import make_set_up_link
from schoolgate.people.models import Invitation
from schoolgate.schools.models import Organisation
from schoolgate.sign_in import providers
from schoolgate.sign_in.models import Passkey
from schoolgate.sign_in.openid import Identity
from schoolgate.web.permissions import Permission, permission_of
from tests import factories
from tests.school import School, inside
from tests.sign_in import mailed
from tests.web.files import a_stream

if TYPE_CHECKING:
    from schoolgate.intake.models import Import
    from schoolgate.people.models import User
    from tests.cast import Cast

MISSING = 987_654


@dataclass(frozen=True)
class Route:
    """A route: its name, who may open it, and the names of its arguments."""

    name: str
    permission: Permission | None
    arguments: tuple[str, ...]


def routes() -> Iterator[Route]:
    """Every route there is."""
    yield from _within(get_resolver())


def _within(resolver: URLResolver) -> Iterator[Route]:
    for part in resolver.url_patterns:
        if isinstance(part, URLResolver):
            yield from _within(part)
        elif isinstance(part, URLPattern):
            yield Route(
                str(part.name), permission_of(part.callback), tuple(part.pattern.converters)
            )


@dataclass
class World:
    """Objects of school A (Abbey) and of school B (Brook), for a teacher at A."""

    cast: Cast
    run: Import
    token: str
    link: str
    reset: str
    confirm: str
    stop: str
    restriction_id: int
    grant_id: int
    role_id: int
    licence: str
    passkey: Passkey
    school: School
    account_link_id: int
    licence_id: int
    held_id: int
    letters_id: int

    def address(self, route: Route, *, pupil: int, user: int | None = None) -> str:
        """The route's address for this pupil; everything else is there."""
        values: dict[str, Any] = {
            "pupil_id": pupil,
            "user_id": user or self._user_for(route),
            "other_id": self.cast.noor.pk,
            "school_id": self.cast.abbey.pk,
            "subject_id": self.school.history.pk,
            "class_id": self.school.history_class.pk,
            "category_id": self.school.humanities.pk,
            "restriction_id": self.restriction_id,
            "grant_id": self.licence_id if route.name.startswith("family-") else self.grant_id,
            "held_id": self.held_id,
            "role_id": self.role_id,
            "licence": self.licence,
            "passkey_id": self.passkey.pk,
            "import_id": self.run.pk,
            "run_id": self.letters_id,
            "token": self.token,
            "link": self.link,
            "reset": self.reset,
            "confirm": self.confirm,
            "stop": self.stop,
            "mail_id": 1,
            "provider": "northshire",
            "link_id": self.account_link_id,
            "kind": "fault" if route.name == "import-findings" else "users",
            "code": "empty-cell",
            "row": 2,
            "page": "roles",
            "lack": "designated-teacher",
        }
        return reverse(route.name, kwargs={name: values[name] for name in route.arguments})

    def _user_for(self, route: Route) -> int:
        return (self.school.una if "school_id" in route.arguments else self.cast.sara).pk

    def may_open(self, route: Route, user: User) -> bool:
        """Whether the user may open the route, whose school is Abbey."""
        cast, school = self.cast, self.school
        openers = {
            Permission.FAMILY: [],
            Permission.SUPER_USER: [cast.ada],
            Permission.USAGE: [cast.ada, school.femi],
            Permission.SCHOOL: [cast.ada, school.nia],
            Permission.SUBJECTS: [cast.ada, school.nia, school.lena],
            Permission.SCHOOLS: [cast.ada, school.nia, school.lena, school.bo],
        }
        return route.permission not in openers or user in openers[route.permission]

    def missing(self, route: Route) -> str:
        """The route's address with numbers that nothing has."""
        values = dict.fromkeys(route.arguments, MISSING)
        return reverse(route.name, kwargs=values)


def a_world(cast: Cast) -> World:
    """One of everything that a route can be about."""
    restriction = factories.restriction(cast.noor, cast.amira, reason="Order of Brook")
    run = runs.receive(
        kind="users",
        role="social_worker",
        filename="people.csv",
        content=a_stream(f"Grace,Okoro,,grace@x.example,,,{cast.carys.identifiers.get().value},,,"),
        by=cast.as_ada,
    )
    runs.check(run.pk)
    passkey = a_passkey()
    return World(
        cast,
        run,
        make_set_up_link(by=SYSTEM),
        an_invitation(cast.noor),
        mailed.reset_link(cast.liam),
        *mailed.address_links(cast.ada, "ada.new@council.example"),
        restriction.pk,
        Grant.objects.get(user=cast.sara, pupil=cast.amira).pk,
        int(factories.own_role().code.removeprefix(OWN)),
        factories.licence_type(),
        passkey,
        inside(cast),
        an_account_link(passkey.user),
        *a_family(cast),
        some_letters(cast),
    )


def a_family(cast: Cast) -> tuple[int, int]:
    """The ids of the licence of Amira's mother, and of a connection to Amira that waits: of
    somebody with the name of Noor, who is kept from her."""
    mother = factories.user(first_name="Mina", last_name="Haddad", email="mina@example.org")
    again = factories.user(first_name="Noor", last_name="Rahman")
    today = timezone.localdate()
    (held,) = families.connect(
        [
            NewLink(mother.pk, cast.amira.pk, PARENT.code, "Mother", today),
            NewLink(again.pk, cast.amira.pk, PARENT.code, "Mother", today),
        ],
        by=SYSTEM,
    )
    return Grant.objects.get(user=mother).pk, HeldLink.objects.get(pk=held).pk


def a_passkey() -> Passkey:
    """The passkey of somebody who is nobody else in these tests."""
    return Passkey.objects.create(
        user=factories.user(), name="Phone", credential_id="AA",
        public_key=b"", made_at=timezone.now(),
    )  # fmt: skip


def an_account_link(user: User) -> int:
    """The id of an account at an identity provider with which the user signs in."""
    identity = Identity("northshire", "http://127.0.0.1:9", f"subject-{user.pk}", "", False)
    return providers.link(user_id=user.pk, identity=identity, by=SYSTEM).pk


def some_letters(cast: Cast) -> int:
    """The id of letters that Ada is to make; there is one parent, of Carys at Brook."""
    parent = factories.user(first_name="Pat", email="", username="pat.parent")
    factories.grant(parent, PARENT, pupil=cast.carys)
    return credentials.give_out(mailed=[], lettered=[parent.pk], by=cast.as_ada).pk


def an_invitation(user: User) -> str:
    """The token of a new invitation, as its mail would have it; another mail has failed."""
    invitations.invite([user.pk], by=SYSTEM)
    (live,) = Invitation.objects.filter(user=user, ended_at=None)
    ready = invitations.make_tokens({live.pk: live.email_key}, at=timezone.now())
    now = timezone.now()
    Mail.objects.create(
        kind="invitation", user_id=user.pk, address=user.email, posted_at=now, due_at=now,
        state="failed", problem="Correct the address.",
    )  # fmt: skip
    return ready[live.pk].token


# What a valid form of each route that takes one holds; a route that takes none is not here.
FORMS: dict[str, dict[str, Any]] = {
    "sign-in": {"name": "dora@abbey.example", "password": "correct horse battery staple"},
    "sign-in-second": {"code": "123456"},
    "sign-in-passkey": {"passkey_answer": "{}"},
    "account-passkey-add": {"name": "My phone", "passkey_answer": "{}"},
    "account-passkey": {"step": "save", "name": "Work phone"},
    "provider-start": {},
    "invitation-provider": {},
    "account-provider-add": {},
    "account-provider-remove": {"end_others": "on"},
    "sign-in-code": {"name": "dora@abbey.example"},
    "sign-in-code-enter": {"code": "123456"},
    "forgotten": {"name": "dora@abbey.example"},
    "reset": {"password": "correct horse battery staple"},
    "account-address": {"email": "ada.other@council.example"},
    "address-confirm": {},
    "address-stop": {},
    "sign-out": {},
    "account-details": {"phone": "0117 496 0000", "job_title": "Head of service"},
    "account-password": {"password": "another horse battery staple", "others": "on"},
    "first-password": {"password": "another horse battery staple"},
    "account-app": {"code": "123456", "others": "on"},
    "account-app-remove": {"others": "on"},
    "account-codes": {"step": "make"},
    "account-sessions": {"session": "others"},
    "account-confirm": {"step": "password", "password": "correct horse battery staple"},
    "organisation": {
        "name": "Northshire", "contact": "", "colour": "#1d3c6e", "own": "",
        "grace": "24", "seen": Organisation().standing(),
    },
    "set-up": {
        "organisation": "Northshire", "first_name": "New", "last_name": "Admin",
        "email": "new@council.example", "password": "correct horse battery staple",
    },
    "invitation": {"password": "correct horse battery staple"},
    "letter": {"code": "3333-3333-3333", "fact": "2014-03-27"},
    "letter-password": {"password": "correct horse battery staple"},
    "users-credentials-ask": {},
    "users-credentials-letters": {},
    "mail-retry": {"mail": "all"},
    "why-ask": {"user": "dora@abbey.example", "on": ""},
    "user-why": {"pupil": "Haddad", "on": ""},
    "pupil-link": {"user": "sara@council.example"},
    "restriction-add": {
        "user": "theo@brook.example", "reason": "Order", "evidence": "", "starts_on": "",
        "ends_on": "", "review_on": "",
    },
    "restriction-lift": {},
    "pupil-sever": {"step": "ask", "reason": "Order"},
    "duplicate": {},
    "merge": {},
    "restriction-review": {"seen": "", "evidence": "File 12/88", "review_on": "2099-03-01"},
    "user-restrict": {
        "pupil": "Haddad", "reason": "Order", "evidence": "", "starts_on": "", "ends_on": "",
        "review_on": "",
    },
    "family-connect": {
        "step": "save", "user": "liam@council.example", "licence": PARENT.code,
        "relationship": "Father", "starts_on": "", "ends_on": "",
    },
    "family-add": {
        "step": "save", "first_name": "New", "last_name": "Parent", "email": "new@example.org",
        "username": "", "phone": "", "licence": PARENT.code, "relationship": "Father",
        "starts_on": "", "ends_on": "",
    },
    "family-facts": {"seen": "", "relationship": "Foster carer", "contact": "yes"},
    "family-remove": {},
    "user-connect": {
        "step": "save", "pupil": "Fielding", "licence": PARENT.code, "relationship": "",
        "starts_on": "", "ends_on": "",
    },
    "held-approve": {},
    "held-refuse": {},
    "grant-remove": {},
    "user-add": {
        "step": "save", "role": "social_worker", "first_name": "New", "last_name": "Worker",
        "email": "new@council.example", "job_title": "", "phone": "", "establishment": "",
        "status": "active", "invite": "on",
    },
    "user-edit": {
        "step": "save", "first_name": "Sara", "last_name": "Lindqvist", "job_title": "Lead",
        "email": "sara@council.example", "phone": "", "establishment": "", "add_school": "",
        "roles": "social_worker", "status": "active",
    },
    "role-add": {"name": "Youth Justice Worker", "purpose": "", "shows": "the register"},
    "role-edit": {"name": "Reviewing Officer", "purpose": "", "seen": ""},
    "role-remove": {"seen": ""},
    "licence-add": {"name": "Tutor", "purpose": "", "blocks": ["school"]},
    "licence-edit": {"name": "Minder", "purpose": "", "blocks": [], "seen": ""},
    "licence-remove": {"seen": ""},
    "parent-access": {
        "access": "on", "names": "on", "seen": standing_of(None),
    },
    "parent-access-schools": {},
    "school-staff-add": {
        "step": "save", "first_name": "New", "last_name": "Teacher", "email": "new@abbey.example",
        "job_title": "", "phone": "", "admin": "on", "leads": "none", "invite": "on",
    },
    "school-staff-edit": {
        "step": "save", "first_name": "Una", "last_name": "Kerr", "email": "una@abbey.example",
        "job_title": "Head of year", "phone": "", "leads": "all",
    },
    "school-subjects": {"step": "subject", "name": "Music", "category": ""},
    "school-subject": {"name": "Local history", "category": ""},
    "school-subject-leaders": {},
    "school-subject-remove": {},
    "school-category": {"step": "save", "name": "Arts"},
    "school-classes-set": {},
    "user-pupils-save": {"step": "save"},
    "user-invite": {},
    "user-sign-in": {"session": "all"},
    "user-factor-reset": {},
    "school-staff-sign-in": {"session": "all"},
    "school-staff-factor-reset": {},
    "users-invite": {},
    "leavers": {},
    "school-staff-leavers": {},
    "handover": {"colleague": ""},
    "school-handover": {"colleague": ""},
    "user-until": {"what": [], "last_day": ""},
    "school-staff-until": {"what": [], "last_day": ""},
    "user-make-inactive": {"at": "everywhere"},
    "school-staff-act": {},
    "school-staff-resend": {"never": "on"},
    "school-staff-address": {"email": "una.kerr@abbey.example", "was": "una@abbey.example"},
    "user-reactivate": {},
    "import-new": {"kind": "users", "role": "social_worker"},
    "import-apply": {},
    "import-recheck": {},
    "import-save": {"seen": "", "cell-2-0": "Gracie", "was-2-0": "Grace"},
    "import-findings": {"seen": "", "cell-2-0": "Gracie", "was-2-0": "Grace"},
    "import-row": {"seen": "", "cell-2-0": "Gracie", "was-2-0": "Grace"},
    "import-columns": {
        "column-0": "User First Name", "column-1": "User Last Name", "column-3": "Email",
    },
    "import-cancel": {},
    "import-undo": {},
}  # fmt: skip
# Pages about something that is the visitor's own: to anybody else it does not exist.
ONES_OWN = {"account-passkey", "account-provider-remove"}
# Routes that take a form only, and show nothing.
FORM_ONLY = {
    "sign-out", "sign-in-passkey", "provider-start", "invitation-provider", "import-apply",
    "import-recheck", "import-cancel", "import-save", "mail-retry",
}  # fmt: skip
