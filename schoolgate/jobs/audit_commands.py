"""`schoolgate audit heads | verify`: the chain of events, exported and checked (NEW13, S53)."""

import argparse
from pathlib import Path
from typing import Any

from schoolgate.jobs.stop import Stop

FOUND_BROKEN = 1


def add_to(subparsers: Any) -> None:
    """Declare the words of `audit`."""
    parser = subparsers.add_parser("audit", help="show or verify the chain of events")
    actions = parser.add_subparsers(metavar="heads | verify", required=True)
    heads_ = actions.add_parser(
        "heads", help="print position, moment, events and head of each batch"
    )
    heads_.set_defaults(run=heads)
    verify_ = actions.add_parser("verify", help="check that no event was changed or lost")
    verify_.add_argument(
        "--against", metavar="FILE", help="what `audit heads` printed earlier, kept elsewhere"
    )
    verify_.set_defaults(run=verify)


def heads(args: argparse.Namespace) -> int:
    """Print each batch's position, moment, number of events and head, separated by tabs."""
    from schoolgate.audit import queries

    for facts in queries.heads():
        print(*facts, sep="\t")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Print every place where the chain does not hold; status 1 when there is one."""
    from schoolgate.audit import queries
    from schoolgate.audit.models import EventBatch

    exported = _exported(args.against) if args.against else None
    broken = False
    for found in queries.verify(exported):
        broken = True
        where = f"Batch {found.position}" if found.position else "Outside the chain"
        print(f"{where}: {found.problem}.")
    if broken:
        return FOUND_BROKEN
    compared = f", {len(exported)} of them as exported" if exported else ""
    count = EventBatch.objects.count()
    print(f"The log is whole: {count} batch{'' if count == 1 else 'es'}{compared}.")
    return 0


def _exported(name: str) -> dict[int, str]:
    """Position to head, from a file that `audit heads` wrote."""
    try:
        text = Path(name).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise Stop(f"Name a file that `schoolgate audit heads` wrote: {name}: {reason}.") from None
    found: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        position, _, _, head = (line.split("\t") + [""] * 4)[:4]
        if not (position.isascii() and position.isdigit() and len(head.strip()) == 64):
            raise Stop(
                f"Name a file that `schoolgate audit heads` wrote: line {number} of {name} is"
                " no position, moment, number of events and head."
            )
        if found.setdefault(int(position), head.strip()) != head.strip():
            raise Stop(
                f"Compare with one export at a time: {name} has two heads for batch {position}"
                f" (line {number})."
            )
    if not found:
        raise Stop(f"Name a file that `schoolgate audit heads` wrote: {name} is empty.")
    return found
