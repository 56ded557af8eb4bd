"""`schoolgate audit heads | verify`: the log's chain, out and checked (NEW13)."""

import argparse
from typing import Any


def add_to(subparsers: Any) -> None:
    """Declare the words of `audit`."""
    parser = subparsers.add_parser("audit", help="show or verify the chain of events")
    actions = parser.add_subparsers(metavar="heads | verify", required=True)
    actions.add_parser("heads", help="print the head of every batch").set_defaults(run=heads)


def heads(args: argparse.Namespace) -> int:
    """Print each batch's position, moment, number of events and head."""
    from schoolgate.audit import queries

    for facts in queries.heads():
        print(*facts, sep="\t")
    return 0
