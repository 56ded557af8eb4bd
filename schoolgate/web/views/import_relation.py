"""The section "Parent relationship" of the page on which columns are matched (ITS3).

Fields: ``sync_field`` (the place of a column of the file), ``match_by`` (a kind of identifier) and
``use`` ("PLACE:KIND", the better choice in one click).
"""

import json
import re
from dataclasses import dataclass

from django.http import QueryDict

from schoolgate.audit.actions import Actor
from schoolgate.intake import decisions
from schoolgate.intake.child_matches import MATCH_BY
from schoolgate.intake.models import Import
from schoolgate.intake.relating import Pair, Relation, relation_of
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.models import IdentifierKind

_USE = re.compile(r"(\d{1,5}):([a-z_]{1,20})", re.ASCII)
_OF_A_CHILD = ("child", "pupil", "student", "upn")


@dataclass(frozen=True)
class Section:
    """The section as it is shown: what stands in its two fields, and what follows from that."""

    relation: Relation
    place: str
    match_by: str

    @property
    def kinds(self) -> tuple[IdentifierKind, ...]:
        """The identifiers to choose from."""
        return MATCH_BY

    @property
    def pair(self) -> Pair | None:
        """What is chosen; None while something is missing."""
        place = int(self.place) if self.place.isdigit() else -1
        return self.relation.pair(place, self.match_by)

    @property
    def better(self) -> Pair | None:
        """The pair by which most rows match, unless it is chosen."""
        best, pair = self.relation.best, self.pair
        return best if best and (pair is None or pair.rows < best.rows) else None

    @property
    def counts(self) -> str:
        """The counts of all pairs, for the browser: "PLACE:KIND" -> rows, as JSON."""
        pairs = self.relation.pairs
        return json.dumps({f"{pair.place}:{pair.match_by.value}": pair.rows for pair in pairs})


def section_of(run: Import, post: QueryDict | None) -> Section | None:
    """The section of a file of parents; ``post``: what was sent. None for other files."""
    if run.kind != "parents":
        return None
    relation = relation_of(run)
    if post is not None:
        if use := _USE.fullmatch(post.get("use", "")):
            return Section(relation, use[1], use[2])
        return Section(relation, post.get("sync_field", ""), post.get("match_by", ""))
    first = relation.chosen or relation.best
    if first:
        return Section(relation, str(first.place), first.match_by)
    return Section(relation, _by_heading(relation), "")


def _by_heading(relation: Relation) -> str:
    """The column that tells of a child by its name, where no row matches by any."""
    for pair in relation.columns:
        if any(word in pair.heading.casefold() for word in _OF_A_CHILD):
            return str(pair.place)
    return ""


def save(run: Import, section: Section, *, by: Actor) -> None:
    """Keep what was chosen, and have the file checked with it. Raises Refusal."""
    if section.pair is None:
        raise Refusal(
            "Choose under Parent relationship which column of your file names the child, and what"
            " it is matched with."
        )
    decisions.relate(
        run.pk, by=by, sync_field=section.pair.heading, match_by=section.pair.match_by.value
    )
