"""What one row of a pupil file changes for its pupil: pure rules, no database.

PRODUCT.md, "What a file does": a blank cell changes nothing; another school means a move today,
the old school's last day being yesterday; a period that ends before it begins is a fault.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Generic, NamedTuple, TypeVar

from schoolgate.kit.dates import in_words

T = TypeVar("T")


class Stay(NamedTuple):
    """An enrolment on record. ``id`` is 0 for one that would be made."""

    id: int
    establishment_id: int | None
    elsewhere: str
    starts_on: date
    ends_on: date | None


class Episode(NamedTuple):
    """A care episode on record. ``id`` is 0 for one that would be made."""

    id: int
    starts_on: date
    ends_on: date | None


class Problem(NamedTuple):
    """Why the row cannot be taken as it is: the field it is about, a sentence, and a code.

    ``severity``: "fault", "question" or "warning".
    """

    field: str
    sentence: str
    code: str
    severity: str


@dataclass
class Outcome(Generic[T]):
    """The records to end, those to make, and what stands in the way or is worth knowing."""

    end: list[T] = field(default_factory=list)
    make: list[T] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def is_current(ends_on: date | None, today: date) -> bool:
    """Whether a period with this last day has not ended yet."""
    return ends_on is None or ends_on >= today


def schooling(
    stays: list[Stay],
    *,
    place: tuple[int | None, str] | None,
    left_on: date | None,
    closed: str | None,
    today: date,
) -> Outcome[Stay]:
    """What a row's URN and Left On change.

    ``place``: the establishment's id, or a code of "elsewhere"; None when the cell is blank.
    ``closed``: the sentence to ask when that establishment is closed.
    """
    outcome: Outcome[Stay] = Outcome()
    current = [stay for stay in stays if is_current(stay.ends_on, today)]
    if place is None:
        if left_on is not None:
            _leave(outcome, stays, current, left_on, today)
        return outcome
    here = [stay for stay in stays if (stay.establishment_id, stay.elsewhere) == place]
    at_present = [stay for stay in here if is_current(stay.ends_on, today)]
    if at_present:
        if left_on is not None and left_on != at_present[0].ends_on:
            _last_day(outcome, at_present[0], left_on)
        return outcome
    if here and left_on is not None and left_on < today:
        last = max(here, key=lambda stay: stay.starts_on)
        if last.ends_on != left_on:
            _last_day(outcome, last, left_on)
        return outcome
    if left_on is not None and left_on < today:
        outcome.make.append(Stay(0, *place, left_on, left_on))
        return outcome
    if here and place[0] is not None:
        last_day = max(stay.ends_on for stay in here if stay.ends_on)
        outcome.problems.append(
            Problem(
                "urn",
                "Say whether the pupil is back at this school, which they left on"
                f" {in_words(last_day)}, or enter the school where they are now.",
                "back-again",
                "question",
            )
        )
    if closed:
        outcome.problems.append(Problem("urn", closed, "closed-school", "question"))
    for stay in current:
        _end_by(outcome, stay, today - timedelta(days=1))
    outcome.make.append(Stay(0, *place, today, left_on))
    return outcome


def _leave(
    outcome: Outcome[Stay], stays: list[Stay], current: list[Stay], left_on: date, today: date
) -> None:
    if len(current) == 1:
        if current[0].ends_on != left_on:
            _last_day(outcome, current[0], left_on)
    elif current or not any(stay.ends_on == left_on for stay in stays):
        outcome.problems.append(
            Problem(
                "left_on",
                "Enter the URN of the school that the pupil left as well: the register cannot"
                " tell which one is meant.",
                "left-where",
                "fault",
            )
        )


def _last_day(outcome: Outcome[Stay], stay: Stay, last: date) -> None:
    """The stay with another last day. Its first day may only be the day it became known."""
    outcome.end.append(stay)
    starts_on = min(stay.starts_on, last)
    outcome.make.append(stay._replace(id=0, starts_on=starts_on, ends_on=last))


def _end_by(outcome: Outcome[Stay], stay: Stay, last: date) -> None:
    """The stay ends by that day; one that began later never was."""
    outcome.end.append(stay)
    if stay.starts_on <= last:
        ends_on = last if stay.ends_on is None else min(stay.ends_on, last)
        outcome.make.append(stay._replace(id=0, ends_on=ends_on))


def care(
    episodes: list[Episode], *, since: date | None, until: date | None, today: date
) -> Outcome[Episode]:
    """What a row's In Care Since and In Care Until change."""
    outcome: Outcome[Episode] = Outcome()
    if since is None and until is None:
        return outcome
    meant = _meant(episodes, since, until, today)
    if since is None:
        _until_alone(outcome, episodes, meant, until, today)
    elif meant is None:
        _new_episode(outcome, episodes, since, until)
    else:
        ends_on = until if until is not None else meant.ends_on
        if ends_on is not None and ends_on < since:
            outcome.problems.append(
                Problem(
                    "in_care_since",
                    f"Enter a day up to {in_words(ends_on)}: the time in care would end before it"
                    " begins.",
                    "ends-before-it-begins",
                    "fault",
                )
            )
        elif (since, ends_on) != (meant.starts_on, meant.ends_on):
            _overlaps(outcome, [e for e in episodes if e != meant], since, ends_on)
            if not outcome.problems:
                _corrected(outcome, meant, since, ends_on, today)
            outcome.end.append(meant)
            outcome.make.append(Episode(0, since, ends_on))
    return outcome


def _meant(
    episodes: list[Episode], since: date | None, until: date | None, today: date
) -> Episode | None:
    """The episode on record that the row speaks of."""
    for episode in episodes:
        if episode.starts_on == since:
            return episode
    # A time that is over before the present one begins is another one, whatever its length.
    open_ones = [
        e
        for e in episodes
        if is_current(e.ends_on, today)
        and (since is None or until is None or until >= e.starts_on)
        and (since is None or e.ends_on is None or since <= e.ends_on)
    ]
    if open_ones:
        return open_ones[-1]
    if since is not None and until is not None:
        overlapping = [
            e
            for e in episodes
            if e.starts_on <= until and (e.ends_on is None or e.ends_on >= since)
        ]
        if len(overlapping) == 1:
            return overlapping[0]
    return None


def _corrected(
    outcome: Outcome[Episode], meant: Episode, since: date, ends_on: date | None, today: date
) -> None:
    """Warn of days that were on record otherwise. A first last day of an episode is no such."""
    if since != meant.starts_on:
        _warn(outcome, "in_care_since", "beginning", meant.starts_on)
    if meant.ends_on and ends_on != meant.ends_on and is_current(meant.ends_on, today):
        _warn(outcome, "in_care_until", "ending", meant.ends_on)


def _warn(outcome: Outcome[Episode], column: str, what: str, day: date) -> None:
    outcome.problems.append(
        Problem(
            column,
            f"Check this date: the time in care was on record as {what} on {in_words(day)}."
            " It will be corrected.",
            "care-corrected",
            "warning",
        )
    )


def _until_alone(
    outcome: Outcome[Episode],
    episodes: list[Episode],
    meant: Episode | None,
    until: date | None,
    today: date,
) -> None:
    if meant is None:
        if not any(episode.ends_on == until for episode in episodes):
            outcome.problems.append(
                Problem(
                    "in_care_since",
                    "Enter the first day in care as well: no time in care is on record that could"
                    " end then.",
                    "care-without-beginning",
                    "fault",
                )
            )
    elif until is not None and until < meant.starts_on:
        outcome.problems.append(
            Problem(
                "in_care_until",
                f"Enter a day from {in_words(meant.starts_on)} on: the time in care would end"
                " before it begins.",
                "ends-before-it-begins",
                "fault",
            )
        )
    elif until != meant.ends_on:
        _corrected(outcome, meant, meant.starts_on, until, today)
        outcome.end.append(meant)
        outcome.make.append(meant._replace(id=0, ends_on=until))


def _new_episode(
    outcome: Outcome[Episode], episodes: list[Episode], since: date, until: date | None
) -> None:
    _overlaps(outcome, episodes, since, until)
    outcome.make.append(Episode(0, since, until))


def _overlaps(
    outcome: Outcome[Episode], others: list[Episode], since: date, until: date | None
) -> None:
    for other in others:
        begins_within = other.ends_on is None or since <= other.ends_on
        if begins_within and (until is None or other.starts_on <= until):
            days = f"{in_words(other.starts_on)} to " + (
                in_words(other.ends_on) if other.ends_on else "now"
            )
            outcome.problems.append(
                Problem(
                    "in_care_since",
                    "Enter days that do not fall into another time in care: one is on record from"
                    f" {days}.",
                    "care-overlaps",
                    "fault",
                )
            )
            return
