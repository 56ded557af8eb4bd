"""`schoolgate sees | whosees | why`: the questions of scope on the command line (NEW6).

Each answer is an event before a line of it is printed: when that cannot be written, nothing is
shown (S54, S60).
"""

import argparse
import io
import sys
from array import array
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from schoolgate.jobs.stop import Stop

if TYPE_CHECKING:
    from schoolgate.access.models import Grant
    from schoolgate.access.why import Why
    from schoolgate.kit.records import Dated
    from schoolgate.people.models import User
    from schoolgate.schools.models import Pupil

USER = "an e-mail address or a username"
PUPIL = "a UPN, or any other identifier"
_PAGE = 5000


def add_to(subparsers: Any) -> None:
    """Declare the words of the three commands."""
    sees_ = subparsers.add_parser("sees", help="the pupils that a user may see, one UPN a line")
    sees_.add_argument("user", metavar="USER", help=USER)
    whosees_ = subparsers.add_parser(
        "whosees", help="the users who may see a pupil, and through what"
    )
    whosees_.add_argument("pupil", metavar="PUPIL", help=PUPIL)
    why_ = subparsers.add_parser("why", help="whether a user may see a pupil, and all that bears")
    why_.add_argument("user", metavar="USER", help=USER)
    why_.add_argument("pupil", metavar="PUPIL", help=PUPIL)
    for parser, run in ((sees_, sees), (whosees_, whosees), (why_, why)):
        parser.add_argument(
            "--on", metavar="DATE", help="what the answer was at the end of that day"
        )
        parser.set_defaults(run=run)


def sees(args: argparse.Namespace) -> int:
    """Print the pupils whom a user may see, those assigned to them first, then by name."""
    from schoolgate.access import scope
    from schoolgate.access.queries import in_order_for
    from schoolgate.audit.actions import COMMAND_LINE, viewed

    as_at = _moment(args.on)
    user = _user(args.user, as_at)
    pupils = in_order_for(user.pk, scope.pupils_visible_to(user.pk, as_at), as_at)
    # Small numbers and short texts: there may be a million of them.
    ids = array("q", pupils.values_list("pk", flat=True).iterator(chunk_size=_PAGE))
    lines = io.StringIO()
    for identifier in _identifiers(ids, as_at):
        lines.write(f"{_cell(identifier)}\n")
    viewed(by=COMMAND_LINE, kind="user", object_id=user.pk, pupil_ids=list(ids))
    lines.seek(0)
    sys.stdout.writelines(lines)
    return 0


def _identifiers(pupil_ids: "array[int]", as_at: datetime | None) -> "Iterator[str]":
    """What stands for each pupil, in their order: the UPN, else the first identifier.

    Asked for page by page, which is quick whatever the database knows of its tables.
    """
    from schoolgate.schools.models import IdentifierKind
    from schoolgate.schools.queries import identifiers_on_record

    on_record = identifiers_on_record(as_at).values_list("pupil_id", "kind", "value")
    for start in range(0, len(pupil_ids), _PAGE):
        page = pupil_ids[start : start + _PAGE]
        upns: dict[int, str] = {}
        firsts: dict[int, str] = {}
        for pupil_id, kind, value in on_record.filter(pupil_id__in=page).order_by("pk"):
            firsts.setdefault(pupil_id, value)
            if kind == IdentifierKind.UPN:
                upns.setdefault(pupil_id, value)
        for id_ in page:
            yield upns.get(id_) or firsts.get(id_) or f"pupil {id_}"


def whosees(args: argparse.Namespace) -> int:
    """Print a line for each grant that lets a user see the pupil: who, role, place, since."""
    from schoolgate.access import scope
    from schoolgate.access.own_roles import known_roles
    from schoolgate.audit.actions import COMMAND_LINE, viewed

    as_at = _moment(args.on)
    pupil = _pupil(args.pupil, as_at)
    organisation, roles = _organisation(), known_roles()
    lines = [
        (
            opening.user.get_username(),
            roles[opening.grant.role].name,
            _place(opening.grant, organisation),
            opening.grant.starts_on.isoformat(),
        )
        for opening in scope.users_who_can_see(pupil.pk, as_at)
    ]
    viewed(by=COMMAND_LINE, kind="pupil", object_id=pupil.pk, pupil_ids=[pupil.pk])
    for line in lines:
        print("\t".join(map(_cell, line)))
    return 0


def why(args: argparse.Namespace) -> int:
    """Print Yes or No, then a line for every grant, restriction and denial that bears on it."""
    from schoolgate.access.why import why as ask
    from schoolgate.audit.actions import COMMAND_LINE, viewed

    as_at = _moment(args.on)
    user, pupil = _user(args.user, as_at), _pupil(args.pupil, as_at)
    answer = ask(user.pk, pupil.pk, as_at)
    viewed(by=COMMAND_LINE, kind="user", object_id=user.pk, pupil_ids=[pupil.pk])
    print(_cell(answer.sentence()))
    organisation = _organisation()
    for line in _bearings(answer, organisation):
        print(_cell(line))
    return 0


def _bearings(answer: "Why", organisation: str) -> "Iterator[str]":
    from schoolgate.access.own_roles import known_roles
    from schoolgate.kit import dates

    roles = known_roles()
    for bearing in answer.grants:
        grant = bearing.grant
        what = f" ({grant.relationship})" if grant.relationship else ""
        yield (
            f"Grant: {roles[grant.role].name}{what}, {_place(grant, organisation)},"
            f" {_period(grant)}, {_origin(grant)}: {bearing.reason}."
        )
    for restriction in answer.restrictions:
        yield f"Restriction: {_period(restriction)}, {restriction.reason}"
    if answer.denial:
        since = dates.in_words(dates.day_of(answer.denial.recorded_at))
        yield f"Denial: the user has been inactive since {since}."
    for denial in answer.sleeping:
        since = dates.in_words(dates.day_of(denial.recorded_at))
        yield f"Denial: the user has been inactive at {denial.establishment} since {since}."


def _period(record: "Dated") -> str:
    from schoolgate.kit import dates

    since = f"since {dates.in_words(record.starts_on)}"
    return f"{since} until {dates.in_words(record.ends_on)}" if record.ends_on else since


def _origin(grant: "Grant") -> str:
    return f"import {grant.import_id}" if grant.import_id else str(grant.get_source_display())


def _place(grant: "Grant", organisation: str) -> str:
    if grant.establishment_id is not None:
        return str(grant.establishment)
    if grant.pupil_id is not None:
        return "this pupil"
    from schoolgate.access.roles import ROLES, Over

    role = ROLES.get(grant.role)
    if role is None or role.over is Over.PUPILS:
        return "no pupil yet"
    return organisation if role.over is Over.ORGANISATION else "no establishment yet"


def _organisation() -> str:
    from schoolgate.schools.models import Organisation

    name = Organisation.objects.order_by("pk").values_list("name", flat=True).first()
    return name or "the organisation"


def _cell(text: str) -> str:
    """``text`` on one line and without tabs, so that a line is a record and a tab a border."""
    return " ".join(text.split())


def _moment(day: str | None) -> datetime | None:
    """The end of the day in ``--on``; None (now) for today."""
    from django.utils import timezone

    from schoolgate.kit import dates

    if day is None:
        return None
    found = dates.parse_day(day)
    if found is None:
        raise Stop(f"Write the date as 2026-11-21 or 21/11/2026: “{day}” cannot be read.")
    if found > timezone.localdate():
        raise Stop(f"Choose today or a day before it: {dates.in_words(found)} is yet to come.")
    return dates.end_of(found) if found < timezone.localdate() else None


def _user(name: str, as_at: datetime | None) -> "User":
    from schoolgate.people.queries import users_called

    found = users_called(_readable(name), as_at)
    if not found:
        raise Stop(f"Check the e-mail address or username: no user has “{name}”.")
    if len(found) > 1:
        raise Stop(f"Name the user by their other name: “{name}” fits {len(found)} users.")
    return found[0]


def _pupil(identifier: str, as_at: datetime | None) -> "Pupil":
    from schoolgate.schools.queries import pupils_identified

    found = pupils_identified(_readable(identifier), as_at)
    if not found:
        raise Stop(f"Check the identifier: no pupil on the register has “{identifier}”.")
    if len(found) > 1:
        raise Stop(f"Use another identifier: “{identifier}” fits {len(found)} pupils.")
    return found[0]


def _readable(word: str) -> str:
    """``word``, unless its bytes were no text in this terminal's encoding."""
    try:
        word.encode()
    except UnicodeEncodeError:
        raise Stop("Type the name or identifier again: it has bytes that are no text.") from None
    return word
