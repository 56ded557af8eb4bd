"""How passwords are hashed, and what is said of one that will not do (S23).

No rules of composition and no end of their time: a password is long enough, in no list of breached
ones, and made of nothing that whoever guesses knows of the person.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.contrib.auth.hashers import Argon2PasswordHasher

from schoolgate.kit.refusal import Refusal
from schoolgate.people import breached
from schoolgate.people.models import User

SHORTEST, SHORTEST_WITH_SECOND_FACTOR, LONGEST = 12, 8, 1000
PRODUCT = "Schoolgate"
# A shorter word of a name is in too many others.
_SHORTEST_WORD = 4
# So long a word is found also where signs stand between its letters.
_LONG_WORD = 6
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
# Signs that are read as letters; i and l are one letter here, as ! and 1 stand for either.
_READ_AS = str.maketrans(
    {"0": "o", "1": "l", "!": "l", "|": "l", "i": "l", "2": "z", "3": "e", "4": "a", "@": "a"}
    | {"5": "s", "$": "s", "6": "g", "9": "g", "7": "t", "+": "t", "8": "b"}
)
# Words in the names of schools and authorities that tell nothing of which.
_ANY_PLACE = {
    "academy", "aided", "authority", "borough", "catholic", "centre", "children", "childrens",
    "church", "city", "college", "community", "controlled", "council", "county", "education",
    "england", "first", "foundation", "free", "grammar", "high", "infant", "infants", "junior",
    "juniors", "local", "lower", "middle", "nursery", "primary", "pupil", "referral", "roman",
    "saint", "school", "schools", "secondary", "service", "services", "special", "trust",
    "unit", "upper", "virtual", "voluntary", "with",
}  # fmt: skip


class Argon2id(Argon2PasswordHasher):
    """Argon2id, 19 MiB, two passes, one lane (OWASP's smallest advice). About 20 ms a sign-in.

    A password is hashed in Unicode's form NFKC (NIST SP 800-63B): it is the same one on whatever
    keyboard it is typed, with letters and their accents in one piece or in two.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        return super().encode(unicodedata.normalize("NFKC", password), salt)

    def verify(self, password: str, encoded: str) -> bool:
        return super().verify(unicodedata.normalize("NFKC", password), encoded)


def check(
    password: str,
    user: User,
    *,
    has_second_factor: bool,
    schools: Iterable[str],
    organisations: Iterable[str],
    more: str = "",
) -> None:
    """Raise Refusal when the user may not have this password; the sentence never repeats it.

    ``schools`` and ``organisations``: the names of theirs; ``more``: the operator's file of
    breached passwords, if there is one. Every door asks access/passwords.py, which knows these.
    """
    _check_length(password, shortest(has_second_factor=has_second_factor))
    if not password.strip():
        raise Refusal("Choose a password with more in it than blanks.")
    if breached.is_breached(password, more):
        raise Refusal(
            "Choose another password: this one is on the lists of those who guess passwords."
        )
    known = {
        "your first name": [user.first_name],
        "your last name": [user.last_name],
        "your user name": [user.username],
        "your e-mail address": [user.email.rpartition("@")[0], _joined(_read(user.email))],
        "the name of your school": schools,
        "the name of your organisation": organisations,
        f"the name {PRODUCT}": [PRODUCT],
    }
    for what, names in known.items():
        if any(_is_in(password, name) for name in names):
            raise Refusal(
                f"Choose a password without {what} in it: that is what people guess first."
            )


def shortest(*, has_second_factor: bool) -> int:
    """How many characters a password must have."""
    return SHORTEST_WITH_SECOND_FACTOR if has_second_factor else SHORTEST


def _check_length(password: str, least: int) -> None:
    if len(password) > LONGEST:
        raise Refusal(
            f"Choose a password of at most {LONGEST:,} characters: this one has"
            f" {len(password):,} characters."
        )
    # One sign that NFKC takes apart into many is one all the same.
    length = min(len(password), len(unicodedata.normalize("NFKC", password)))
    if length < least:
        has = "1 character" if length == 1 else f"{length} characters"
        raise Refusal(f"Choose a password of at least {least} characters: this one has {has}.")


def _is_in(password: str, name: str) -> bool:
    """Whether a name, or a word of it that tells whose it is, is in the password."""
    as_typed, without_signs = _read(password), _joined(_read(password))
    return any(
        word in (without_signs if len(word) >= _LONG_WORD else as_typed) for word in _words(name)
    )


def _words(name: str) -> Iterator[str]:
    """What of a name a password may not contain, as :func:`_read` has it."""
    found = {_joined(name), *_WORD.findall(name), *_LETTERS.findall(name)}
    for word in found:
        if len(word) >= _SHORTEST_WORD and word.casefold() not in _ANY_PLACE:
            yield _joined(_read(word))


def _read(text: str) -> str:
    """A text as it is read: without case and accents, and with letters for signs."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in parts if unicodedata.category(c) != "Mn")
    return letters.translate(_READ_AS)


def _joined(text: str) -> str:
    return "".join(_WORD.findall(text))
