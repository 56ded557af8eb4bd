"""`schoolgate import`, `template` and `undo`: records arriving from the command line.

The same pipeline as the pages: `--check` is the real run, stopped before it writes.
"""

import argparse
import errno
import json
import os
import secrets
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from schoolgate.jobs.stop import Stop

CLEAN, REFUSED_ALL, SOME_REFUSED = 0, 1, 3
_KINDS = ("establishments", "links", "pupils", "users", "parents", "leavers")
_LATER = "Use a later release for this: {} is not part of this one yet."
_SHOWN = 200


def add_to(subparsers: Any) -> None:
    """Declare the words of `import`, `template` and `undo`."""
    parser = subparsers.add_parser("import", help="take in a file of people, pupils or places")
    kinds = parser.add_subparsers(metavar="KIND", required=True)
    for kind in _KINDS:
        of_kind = kinds.add_parser(kind)
        of_kind.add_argument("file", metavar="FILE")
        if kind == "users":
            of_kind.add_argument("--role", required=True, help='for example "Designated Teacher"')
        if kind == "parents":
            of_kind.add_argument(
                "--sync-field", required=True, metavar="HEADING",
                help="the column of the file whose cells name the child",
            )  # fmt: skip
            of_kind.add_argument(
                "--match-by", required=True, metavar="KIND",
                help='"Internal person ID", "Synchronisation key" or "Username"',
            )  # fmt: skip
            of_kind.add_argument(
                "--profile", default="Parent/Guardian", help="what they are to the child"
            )
        of_kind.add_argument("--check", action="store_true", help="write nothing")
        of_kind.add_argument("--skip-faulty", action="store_true", help="apply the good rows")
        of_kind.add_argument("--yes", action="store_true", help="answer the questions with yes")
        of_kind.add_argument(
            "--map", action="append", default=[], metavar='"file heading=our heading"'
        )
        of_kind.add_argument("--refused", metavar="FILE", help="write the refused rows there")
        of_kind.add_argument(
            "--invite", action="store_true", help="invite the users whom it makes, by e-mail"
        )
        of_kind.set_defaults(over_brakes="")
        if kind == "leavers":
            of_kind.add_argument(
                "--over-brakes", metavar="REASON", default="",
                help="why it is right to make so many inactive at once",
            )  # fmt: skip
        of_kind.add_argument("--json", action="store_true", help="print one JSON object")
        of_kind.set_defaults(run=take_in, kind=kind)
    template_ = subparsers.add_parser("template", help="print the blank CSV of a kind")
    template_.add_argument("kind", metavar="KIND", choices=_KINDS)
    template_.add_argument("--role", default="", help='of users, say "Leader"')
    template_.set_defaults(run=template, needs_database=False)
    undo_ = subparsers.add_parser("undo", help="take an applied import back")
    undo_.add_argument("id", metavar="IMPORT", type=int)
    undo_.set_defaults(run=undo)
    sync_ = subparsers.add_parser("sync", help="not in this release yet")
    sync_.add_argument("source", metavar="SOURCE")
    sync_.set_defaults(run=_sync, needs_database=False)


def _sync(args: argparse.Namespace) -> int:
    raise Stop(_LATER.format("`sync`"))


def template(args: argparse.Namespace) -> int:
    """Print the headings of a kind of file as CSV."""
    from schoolgate.access.own_roles import in_one_word
    from schoolgate.access.roles import ROLES
    from schoolgate.intake.columns import KINDS

    codes = {in_one_word(role.name): code for code, role in ROLES.items()}
    role = in_one_word(args.role)
    if role and role not in codes:
        raise Stop(f'Choose the name of a role, like "Leader", not "{args.role}".')
    sys.stdout.write(KINDS[args.kind].template(codes.get(role, "")))
    return CLEAN


def take_in(args: argparse.Namespace) -> int:
    """Check a file and, unless told otherwise, apply it; prints what came of it."""
    headings = _headings(args.map)
    role = _role_of(args)
    with _local(args.file) as path, _opened(args.refused, args.file) as refused_file:
        done = _done(args, path, role, headings, refused_file)
    if args.json:
        print(json.dumps(done.as_object(), ensure_ascii=False))
    else:
        _tell(args, done)
    if done.held and not done.applied:
        return REFUSED_ALL
    if not done.findings.faults:
        return CLEAN
    return SOME_REFUSED if done.applied else REFUSED_ALL


def _done(
    args: argparse.Namespace,
    path: str,
    role: str,
    headings: dict[str, str],
    refused_file: BinaryIO | None,
) -> Any:
    from schoolgate.audit.actions import COMMAND_LINE
    from schoolgate.intake import command_runs
    from schoolgate.intake.mapping import UnknownHeading

    try:
        return command_runs.take_in(
            path,
            kind=args.kind,
            role=role,
            filename=Path(args.file).name,
            by=COMMAND_LINE,
            yes=args.yes,
            headings=headings,
            check_only=args.check,
            skip_faulty=args.skip_faulty,
            refused_file=refused_file,
            invite=args.invite,
            over_brakes=args.over_brakes,
            **_relation(args),
        )
    except UnknownHeading as problem:
        raise Stop(str(problem)) from None


def _tell(args: argparse.Namespace, done: Any) -> None:
    """The same for a person's eyes."""
    from schoolgate.intake import command_runs

    name = Path(args.file).name
    shown = [*done.findings.in_order(), *done.findings.warnings]
    for finding in shown[:_SHOWN]:
        place = f"{name}, row {finding.row}" if finding.row else name
        column = f", {finding.column}" if finding.column else ""
        value = f" “{finding.value}”" if finding.value else ""
        print(f"{finding.kind.value.capitalize()}: {place}{column}{value}: {finding.problem}")
    if len(shown) > _SHOWN:
        print(f"... and {len(shown) - _SHOWN:,} more; --refused FILE and --json have all of them.")
    counts = done.summary
    if done.held:
        print(f"Question: {name} “{'; '.join(counts.brakes)}”: {command_runs.HELD}")
    print(
        f"{counts.rows:,} {_rows(counts.rows)}: {counts.created:,} created,"
        f" {counts.updated:,} updated, {counts.unchanged:,} unchanged, {counts.refused:,} refused."
        f" {counts.linked:,} linked, {counts.unlinked:,} unlinked;"
        f" access gained {counts.gained:,}, lost {counts.lost:,}."
    )
    if args.invite:
        print(_invited(counts.invitations, sent=done.applied))
    if done.applied:
        print(f"Applied as import {done.import_id}. `schoolgate undo {done.import_id}` undoes it.")
    elif args.check:
        print("Checked only: nothing was written.")
    else:
        print("Nothing was applied.")


def _invited(count: int, *, sent: bool) -> str:
    if not count:
        return "Nobody to invite: no user is made who has an e-mail address."
    people = f"{count:,} {'person' if count == 1 else 'people'}"
    if not sent:
        return f"{people} would be invited."
    return f"{people} invited: `schoolgate start` sends the mail, where it is set up."


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def undo(args: argparse.Namespace) -> int:
    """Take an applied import back; status 3 when something was kept, and lists it."""
    from schoolgate.audit.actions import COMMAND_LINE, viewed
    from schoolgate.intake import runs

    undone = runs.undo(args.id, by=COMMAND_LINE)
    left = runs.kept_by(args.id)
    pupils = sorted({kept.object_id for kept in left if kept.kind == "pupil"})
    viewed(by=COMMAND_LINE, kind="import", object_id=args.id, pupil_ids=pupils)
    for kept in left:
        print(f"Kept: {kept.kind} {runs.label_of(kept.kind, kept.object_id)}: {kept.reason}.")
    print(f"Import {args.id} is undone.")
    return SOME_REFUSED if undone.kept else CLEAN


def _headings(wanted: list[str]) -> dict[str, str]:
    headings = {}
    for words in wanted:
        theirs, equals, ours = words.rpartition("=")
        if not equals or not theirs.strip() or not ours.strip():
            raise Stop(f'Write --map "file heading=our heading", not "{words}".')
        headings[theirs.strip()] = ours.strip()
    return headings


def _relation(args: argparse.Namespace) -> dict[str, str]:
    """Of a file of parents: the column that names the child, and by which kind of identifier."""
    if args.kind != "parents":
        return {}
    from schoolgate.intake.child_matches import MATCH_BY, match_by_named

    match_by = match_by_named(args.match_by)
    if match_by is None:
        names = ", ".join(f'"{kind.label}"' for kind in MATCH_BY)
        raise Stop(f'Choose one of these for --match-by, not "{args.match_by}": {names}.')
    return {"sync_field": args.sync_field, "match_by": match_by.value}


def _role_of(args: argparse.Namespace) -> str:
    """The code of the role, or licence type, that those in the file are given."""
    if args.kind == "users":
        return _role(args.role)
    return _profile(args.profile) if args.kind == "parents" else ""


def _profile(name: str) -> str:
    from schoolgate.access.licences import every_licence
    from schoolgate.access.own_roles import in_one_word

    offered = {in_one_word(one.role.name): one.role for one in every_licence().values()}
    role = offered.get(in_one_word(name))
    if role is None:
        names = ", ".join(f'"{role.name}"' for role in offered.values())
        raise Stop(f'Choose one of these for --profile, not "{name}": {names}.')
    return role.code


def _role(name: str) -> str:
    from schoolgate.access.own_roles import by_file, role_named

    role, offered = role_named(name), by_file()
    if role is None or role.code not in offered:
        names = ", ".join(f'"{role.name}"' for role in offered.values())
        raise Stop(f'Choose one of these roles, not "{name}": {names}.')
    return role.code


@contextmanager
def _local(name: str) -> Iterator[str]:
    """The file as one that can be read twice; a pipe (or -) is copied first."""
    path = Path(name)
    if name != "-" and path.is_file():
        if not os.access(path, os.R_OK):
            raise Stop(f"Name a file that you may read: {name} is none.")
        yield name
        return
    if name != "-" and (not path.exists() or path.is_dir()):
        what = "a folder" if path.is_dir() else "not there"
        raise Stop(f"Name a file to import: {name} is {what}.")
    from schoolgate.intake.sources import limits

    # Without a name on the disk, which a killed process would leave there with passwords (S22).
    with tempfile.TemporaryFile() as copy:
        with sys.stdin.buffer if name == "-" else path.open("rb") as source:
            while block := source.read(1024 * 1024):
                copy.write(block)
                if copy.tell() > limits.MAX_BYTES:
                    break  # the reader says so in a sentence
        copy.flush()
        yield f"/proc/{os.getpid()}/fd/{copy.fileno()}"


@contextmanager
def _opened(name: str | None, source: str) -> Iterator[BinaryIO | None]:
    """The file for refused rows, opened before anything is done and there only once all is.

    Until then what was there of that name stays, and so it does when the command fails.
    """
    if name is None:
        yield None
        return
    try:
        target, file, beside = _beside(name, source)
    except OSError as error:
        raise Stop(f"Name a file that can be written: {name}: {error.strerror}.") from None
    try:
        with file:
            yield file
        if beside is not None:
            if target.exists():
                beside.chmod(stat.S_IMODE(target.stat().st_mode))
            beside.replace(target)
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def _beside(name: str, source: str) -> tuple[Path, BinaryIO, Path | None]:
    """Where the rows are to be in the end, the open file, and its name until then."""
    target = Path(name)
    if target.exists() and not target.is_file():
        return target, target.open("wb"), None  # a pipe, say; a folder raises
    target = target.resolve()
    if target.exists():
        _another_file(target, Path("/dev/stdin" if source == "-" else source), name)
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    beside = target.with_name(f".schoolgate-{secrets.token_hex(8)}")
    return target, beside.open("xb"), beside


def _another_file(target: Path, source: Path, name: str) -> None:
    if source.exists() and target.samefile(source):
        raise Stop(f"Name another file for --refused: {name} is the file to import.")
