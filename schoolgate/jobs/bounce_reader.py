"""Looks each minute for what has come back, beside the mail worker in its process.

Logs hold numbers only: what comes in names people, and so may what a mail server says.
"""

import logging
import threading

from django.conf import settings
from django.db import connection

from schoolgate.outbox.bounces import Noted, take_note
from schoolgate.outbox.letterboxes import NotRead, read_new
from schoolgate.outbox.places import Folder, Mailbox, letterbox_of

PAUSE_SECONDS = 60.0

log = logging.getLogger(__name__)


def serve(stopping: threading.Event) -> None:
    """Read until ``stopping`` is set, if there is anywhere to read from."""
    place = letterbox_of(settings.BOUNCES)
    if place is None:
        return
    pause = 0.0
    while not stopping.wait(pause):
        pause = PAUSE_SECONDS
        try:
            found = look(place, stopping)
        except NotRead as trouble:
            log.warning("bounces: %s", trouble)
        except Exception as error:
            log.warning("bounces: waiting after %s", type(error).__name__)
            connection.close()
        else:
            if found[Noted.BOUNCED]:
                log.info("bounces: %d mails did not arrive", found[Noted.BOUNCED])


def look(place: Folder | Mailbox, stopping: threading.Event) -> dict[Noted, int]:
    """Read what is new there; how many messages were what. Raises NotRead."""
    found = dict.fromkeys(Noted, 0)

    def read(raw: bytes) -> None:
        found[take_note(raw)] += 1

    read_new(place, read, stopping=stopping)
    return found
