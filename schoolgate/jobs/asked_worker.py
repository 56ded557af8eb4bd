"""Finding out whose names those are that mail was asked for under at the sign-in page (S11).

A thread of the mail worker's process: neither a large import nor a slow mail server keeps somebody
waiting who cannot sign in.
"""

import logging
import threading

from django.db import connection

from schoolgate.access.sign_in import candidate
from schoolgate.people.models import User
from schoolgate.sign_in import asked

PAUSE_SECONDS = 0.5
PAUSE_AFTER_FAILURE = 3.0

log = logging.getLogger(__name__)


def look() -> int:
    """Look up what waits, at most a lot; how many rows."""
    return asked.look_up(_whose)


def _whose(name: str) -> tuple[int | None, User | None]:
    found = candidate(name)
    return found.user_id, found.user


def serve(stopping: threading.Event) -> None:
    """Look until ``stopping`` is set; wait out a database that does not answer."""
    pause = PAUSE_SECONDS
    while not stopping.wait(pause):
        pause = PAUSE_SECONDS
        try:
            while not stopping.is_set() and look():
                pass
        except Exception as error:
            log.warning("asked by mail: waiting after %s", type(error).__name__)
            connection.close()
            pause = PAUSE_AFTER_FAILURE
