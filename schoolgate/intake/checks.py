"""What can be told about a cell by itself: one small piece for each fault."""

import re

from schoolgate.kit.names import LONGEST_ADDRESS, email_key, identifier_key
from schoolgate.schools.upn import REASON_CODES

_ADDRESS = re.compile(
    r"[^\s@,;:<>()\[\]\\\"']+(?:'[^\s@,;:<>()\[\]\\\"']+)*@"
    r"(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_](?:[\w-]*[^\W_])"
)
_PHONE = re.compile(r"\+?[0-9()\s./-]{5,}(?:(?:ext|x|extension)\.?\s*[0-9]+)?", re.I | re.ASCII)
_URN = re.compile(r"[0-9]{5,6}", re.ASCII)
_SPREADSHEET_NUMBER = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]+", re.I | re.ASCII)


def is_address(text: str) -> bool:
    """Whether this can be an e-mail address: one @, a domain with a dot, no blanks."""
    return (
        len(email_key(text)) <= LONGEST_ADDRESS
        and _ADDRESS.fullmatch(text) is not None
        and ".." not in text
        and text[0] != "."
        and ".@" not in text
    )


def is_phone(text: str) -> bool:
    """Whether this is a phone number as people write them."""
    return _PHONE.fullmatch(text) is not None


def is_urn(text: str) -> bool:
    """Whether this has the form of a URN: five or six digits."""
    return _URN.fullmatch(text) is not None


def is_reason_code(text: str) -> bool:
    """Whether this is a reason for having no UPN (UN1 to UN5), which is never a key."""
    return identifier_key(text) in REASON_CODES


def spoilt_by_spreadsheet(text: str) -> bool:
    """Whether a spreadsheet has turned a long number into 8.01E+12."""
    return _SPREADSHEET_NUMBER.fullmatch(text) is not None
