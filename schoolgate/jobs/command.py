"""The `schoolgate` command (PRODUCT.md, "Command line").

Each family of subcommands is a module of this room with two functions: ``add_to(subparsers)``
declares its words, and sets as default of ``run`` the function that takes the parsed words and
returns the exit status. Whatever goes wrong ends in one sentence on standard error.
"""

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from schoolgate.jobs.stop import Stop

FAILED, WRONG_USAGE = 1, 2
INTERRUPTED, NOBODY_READS = 130, 141  # as a shell shows an end by SIGINT and by SIGPIPE


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the words in one sentence that begins with the remedy."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)

    def error(self, message: str) -> NoReturn:
        print(f"See `{self.prog} --help`: {message}.", file=sys.stderr)
        raise SystemExit(WRONG_USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words say and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The same bytes for scripts whatever the locale; no name fails to be printed.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        status = _obey(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return status
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG_USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more; whatever Python still flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOBODY_READS
    except Exception as error:
        return _explain(error)


def _obey(words: Sequence[str]) -> int:
    from schoolgate.jobs import environment

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "schoolgate.config.settings")
    environment.check_for_commands()
    import django

    django.setup()
    args = _parser().parse_args(words)
    if getattr(args, "needs_database", True):
        from schoolgate.jobs import database

        environment.require_database()
        database.bring_up_to_date()
    return int(args.run(args))


def _parser() -> Parser:
    from schoolgate.jobs import (
        audit_commands,
        bounce_commands,
        import_commands,
        scope_commands,
        start,
    )

    parser = Parser(prog="schoolgate", description="Who may see which child, and why.")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for family in (start, import_commands, scope_commands, audit_commands, bounce_commands):
        family.add_to(subparsers)
    return parser


def _explain(error: Exception) -> int:
    from django.db import InterfaceError, OperationalError

    from schoolgate.kit.refusal import Refusal

    if os.environ.get("SCHOOLGATE_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, Stop | Refusal):
        print(error, file=sys.stderr)
        return WRONG_USAGE
    kind = type(error).__name__
    if isinstance(error, OperationalError | InterfaceError):
        print(
            f"Try again when the database answers: it did not do what was asked ({kind}).",
            file=sys.stderr,
        )
        return WRONG_USAGE
    print(
        "Set SCHOOLGATE_DEBUG=1 and run the command again to see where it failed:"
        f" something unexpected happened ({kind}).",
        file=sys.stderr,
    )
    return FAILED
