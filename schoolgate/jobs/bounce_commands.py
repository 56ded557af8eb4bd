"""`schoolgate bounces [FILE]`: reads what came back, for a mail server that hands it to a program,
and for whoever wants to see that SCHOOLGATE_BOUNCES works."""

import argparse
import sys
import threading
from pathlib import Path
from typing import Any

from schoolgate.jobs.stop import Stop

TRY_AGAIN_LATER = 75  # EX_TEMPFAIL: the mail server keeps the message and hands it over again


def add_to(subparsers: Any) -> None:
    """Declare the words of `bounces`."""
    parser = subparsers.add_parser("bounces", help="read reports on mail that did not arrive")
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="one message, - for standard input; without it, look where SCHOOLGATE_BOUNCES says",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what the message, or each of those that are new, was."""
    from django.conf import settings
    from django.db import InterfaceError, OperationalError

    if not settings.HAS_SECRET_KEY:
        raise Stop(
            "Set SCHOOLGATE_SECRET_KEY to what `schoolgate start` has: mail is known again by it."
        )
    if not args.file:
        return _look()
    from schoolgate.outbox.bounces import take_note

    try:
        noted = take_note(_read(args.file))
    except (OperationalError, InterfaceError) as error:
        print(
            f"Hand the message over again later: the database failed ({type(error).__name__}).",
            file=sys.stderr,
        )
        return TRY_AGAIN_LATER
    print(f"The message {noted.value}.")
    return 0


def _read(file: str) -> bytes:
    from schoolgate.outbox.reports import MOST_BYTES

    if file == "-":
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise Stop(f"Name a file that can be read: {file} ({error.strerror}).") from None


def _look() -> int:
    from django.conf import settings

    from schoolgate.jobs.bounce_reader import look
    from schoolgate.outbox.letterboxes import NotRead
    from schoolgate.outbox.places import letterbox_of

    try:
        place = letterbox_of(settings.BOUNCES)
    except ValueError:
        place = None
    if place is None:
        raise Stop(
            "Set SCHOOLGATE_BOUNCES to something like imaps://user:password@mail.example.org/INBOX"
            " or maildir:/srv/bounces, or name a file."
        )
    try:
        found = look(place, threading.Event())
    except NotRead as trouble:
        raise Stop(str(trouble)) from None
    for noted, count in found.items():
        if count:
            print(f"{count:,} of what is new {noted.value}.")
    if not any(found.values()):
        print("Nothing is new.")
    return 0
