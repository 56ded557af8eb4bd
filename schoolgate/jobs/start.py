"""`schoolgate start`: make the database if there is none, serve pages and run jobs."""

import argparse
import http.client
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from schoolgate.jobs import serving as settings_for_serving
from schoolgate.jobs.serving import Serving
from schoolgate.jobs.stop import Stop

# How often the pages may fail to come up before `start` gives up.
_MOST_FALSE_STARTS = 3


def add_to(subparsers: Any) -> None:
    """Declare the words of `start`."""
    parser = subparsers.add_parser(
        "start", help="make the database if there is none, serve pages and run jobs"
    )
    parser.add_argument(
        "--demo", action="store_true", help="with an invented organisation, on this machine only"
    )
    parser.add_argument("--port", type=_port, default=8000, help="8000 unless you say otherwise")
    parser.set_defaults(run=run, needs_database=False)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"give a number from 1 to 65535, not {text!r}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Check every setting, prepare the database, and serve until told to stop."""
    from schoolgate.jobs import database, environment

    environment.require_database()
    serving = settings_for_serving.check(demo=args.demo, port=args.port)
    with settings_for_serving.listen(serving) as listening:
        database.bring_up_to_date()
        if args.demo:
            _prepare_demonstration()
        else:
            _prepare_organisation()
        _serve(serving, listening.fileno(), demo=args.demo)
    return 0


def _prepare_demonstration() -> None:
    """Load the demonstration into an empty database; Stop when it holds anything else."""
    from schoolgate.people.models import User
    from schoolgate.schools.models import Establishment, Organisation, Pupil

    if Organisation.objects.filter(is_demonstration=True).exists():
        return
    if any(model.objects.exists() for model in (Organisation, User, Establishment, Pupil)):
        raise Stop(
            "Leave out --demo, or name an empty database in DATABASE_URL: this one holds an"
            " organisation's own records."
        )
    from schoolgate.jobs import demo

    _clear_old_mail()
    print("Making the demonstration organisation ...", flush=True)
    demo.load()


def _clear_old_mail() -> None:
    """Take away the mail that an earlier demonstration wrote into the folder."""
    from schoolgate.outbox.places import Folder, place_of

    place = place_of(os.environ["SCHOOLGATE_MAIL"])
    if isinstance(place, Folder) and place.path.is_dir():
        for file in place.path.glob("*.eml"):
            file.unlink()


def _prepare_organisation() -> None:
    """Make the empty organisation if there is none; Stop when it is the demonstration."""
    from schoolgate.audit.actions import SYSTEM
    from schoolgate.schools.actions import name_organisation
    from schoolgate.schools.models import Organisation

    if Organisation.objects.filter(is_demonstration=True).exists():
        raise Stop(
            "Add --demo, or name another database in DATABASE_URL: this one holds the"
            " demonstration organisation, whose passwords are published."
        )
    if not Organisation.objects.exists():
        name_organisation(name=os.environ.get("SCHOOLGATE_ORGANISATION", "").strip(), by=SYSTEM)


def _serve(serving: Serving, listening: int, *, demo: bool) -> None:
    from django.db import connection

    from schoolgate.jobs.supervisor import Child, keep

    python = [sys.executable, "-m"]
    settings = ["-c", "python:schoolgate.jobs.gunicorn_settings"]
    web = Child(
        "web server",
        [*python, "gunicorn", *settings, "-b", f"fd://{listening}"],
        pass_fds=[listening],
    )
    process = [*python, "schoolgate.jobs.worker_process"]
    children = [web, Child("worker", [*process, "imports"])]
    if os.environ.get("SCHOOLGATE_MAIL", "").strip():
        children.append(Child("mail worker", [*process, "mail"]))
    announced = False

    def meanwhile() -> float:
        nonlocal announced
        if announced:
            return 1.0
        if _answers(serving):
            _announce(serving, demo=demo)
            connection.close()
            announced = True
        elif web.failures >= _MOST_FALSE_STARTS:
            raise Stop("Look at the messages above: the web server cannot be started.")
        return 0.1

    connection.close()
    keep(children, meanwhile=meanwhile)


def _answers(serving: Serving) -> bool:
    """Whether the server has answered a request, whatever it said."""
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(serving.bind, serving.bind)  # noqa: S104 - names, no bind
    asking = http.client.HTTPConnection(reach, serving.port, timeout=1)
    try:
        asking.request("GET", "/healthz", headers={"Host": urlsplit(serving.url).netloc})
        asking.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return True
    finally:
        asking.close()


def _announce(serving: Serving, *, demo: bool) -> None:
    print(f"Schoolgate is at {serving.url}")
    if not os.environ.get("SCHOOLGATE_MAIL", "").strip():
        print("Set SCHOOLGATE_MAIL to send mail: until then invitations wait (docs/running.md).")
    if demo:
        from schoolgate.jobs.demo import PASS_PHRASE, SIGN_INS

        print("\nSign in with the pass phrase " + PASS_PHRASE + " as")
        for role, email in SIGN_INS:
            print(f"  {role:<20} {email}")
    elif not _somebody_can_set_up():
        from schoolgate.audit.actions import SYSTEM
        from schoolgate.people.actions import SET_UP_LINK_HOURS, make_set_up_link

        token = make_set_up_link(by=SYSTEM)
        print(
            "\nOpen this link to make yourself the first LA Super User. It works once, within"
            f" {SET_UP_LINK_HOURS} hours,\nand a new start makes a new one:"
            f"\n  {serving.url}/set-up/{token}/"
        )
    sys.stdout.flush()


def _somebody_can_set_up() -> bool:
    """Whether an LA Super User can sign in, so that no set-up link is needed."""
    from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

    from schoolgate.access.authority import administrators
    from schoolgate.people.models import User

    return (
        User.objects.filter(pk__in=administrators(), gone_at__isnull=True)
        .exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        .exclude(password="")
        .exists()
    )
