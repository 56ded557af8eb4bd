"""What the log, and other pages, must not learn."""

import logging
import re

# After these in an address stands a token; the longer one first.
WITH_TOKEN = ("set-up", "invitation", "letter", "sign-in/forgotten", "address/stop", "address")
_TOKEN = re.compile(rf"(/(?:{'|'.join(WITH_TOKEN)})/)[^/\s\"'?]+")
# What comes back from an identity provider holds what it sent behind the question mark.
_ANSWER = re.compile(r"(/sign-in/with/[^/\s\"'?]+/back/?)\?[^\s\"']+")


def holds_token(path: str) -> bool:
    """Whether an address may be a link that went out by mail, that of a set-up, or the answer of
    an identity provider."""
    return _TOKEN.search(path) is not None or _ANSWER.search(f"{path}?-") is not None


class WithoutTokens(logging.Formatter):
    """Blanks the tokens of links wherever a logged address, or a traceback, holds one (S19)."""

    def format(self, record: logging.LogRecord) -> str:
        told = _TOKEN.sub(r"\1...", super().format(record))
        return _ANSWER.sub(r"\1?...", told)
