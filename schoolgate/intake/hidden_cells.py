"""Cells of a file that nobody is ever shown: those of a column of passwords (S22).

Which column that is, its heading tells, in whatever words, or the person who says that it is ours.
Everything that shows, keeps or hands back cells of a file asks here first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schoolgate.kit.names import heading_key, name_key

# Parts of a heading, as names are compared, that mean a password; in some languages of Europe too.
_PARTS = (
    "password", "passwd", "passwort", "passcode", "passphrase", "passord", "kennwort", "losenord",
    "wachtwoord", "motdepasse", "contrasena", "senha", "haslo", "salasana", "adgangskode", "parola",
)  # fmt: skip
_WHOLE = {"pwd", "pw", "pass", "pin", "initialpwd", "firstpwd", "userpwd", "loginpwd", "secret"}


def means_password(heading: str) -> bool:
    """Whether a column of this heading holds passwords."""
    key = name_key(heading).rstrip("0123456789")
    return key in _WHOLE or any(part in key for part in _PARTS)


@dataclass(frozen=True)
class Hidden:
    """The columns of a file that are hidden: their places from 0 and the keys of their headings.

    ``width``: how many headings the file has.
    """

    places: frozenset[int] = frozenset()
    headings: frozenset[str] = frozenset()
    width: int = 0
    _reach: tuple[int, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reach", tuple(sorted(self.places)))

    def __bool__(self) -> bool:
        return bool(self.places)

    def of_row(self, length: int) -> set[int]:
        """The places that are hidden in a row of so many cells.

        Where a row has fewer or more cells than there are headings, one was left out or is cut in
        two somewhere, and a password may stand beside its heading.
        """
        left = max(0, self.width - length)
        right = max(0, length - self.width)
        return {
            near
            for place in self._reach
            for near in range(max(0, place - left), place + right + 1)
            if near < max(length, self.width)
        }

    def blank(self, cells: list[str]) -> list[str]:
        """The cells of a row, blank where they are hidden."""
        if not self.places:
            return cells
        hidden = self.of_row(len(cells))
        return ["" if place in hidden else cell for place, cell in enumerate(cells)]

    def names(self, heading: str) -> bool:
        """Whether a column of the file with this heading is hidden."""
        return heading_key(heading) in self.headings


def hidden_in(headings: Iterable[str], told: Mapping[str, str]) -> Hidden:
    """What is hidden in a file with these headings; ``told``: what they were said to be, as in
    Decided.headings. One that means a password is hidden whatever somebody says of it."""
    there = list(headings)
    said = {heading_key(theirs) for theirs, our in told.items() if means_password(our)}
    places = frozenset(
        place
        for place, heading in enumerate(there)
        if means_password(heading) or heading_key(heading) in said
    )
    keys = frozenset(heading_key(there[place]) for place in places)
    return Hidden(places, keys, len(there))
