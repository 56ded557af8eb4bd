"""What the log, and other pages, must not learn."""

import logging
import re

_TOKEN = re.compile(r"(/(?:set-up|invitation)/)[^/\s\"'?]+")


def holds_token(path: str) -> bool:
    """Whether an address may be the link of a set-up or an invitation."""
    return _TOKEN.search(path) is not None


class WithoutTokens(logging.Formatter):
    """Blanks the tokens of links wherever a logged address, or a traceback, holds one (S19)."""

    def format(self, record: logging.LogRecord) -> str:
        return _TOKEN.sub(r"\1...", super().format(record))
