"""The mail worker: sends what is due, beside the other worker, so that a mail server that is slow
or dead holds up nothing else."""

import logging
import threading

from django.conf import settings
from django.db import connection

from schoolgate.jobs.mail_texts import TEXTS
from schoolgate.outbox.places import place_of
from schoolgate.outbox.sending import Round, send_some

PAUSE_SECONDS = 1.0
PAUSE_AFTER_FAILURE = 5.0
LONGEST_PAUSE = 300.0

log = logging.getLogger(__name__)


def serve(stopping: threading.Event) -> None:
    """Send until ``stopping`` is set; rest longer and longer while nothing can be handed over."""
    place = place_of(settings.MAIL)
    if place is None:
        return
    failures, pause = 0, 0.0
    while not stopping.wait(pause):
        try:
            came = send_some(TEXTS, place, stopping=stopping)
        except Exception as error:
            log.warning("mail worker: waiting after %s", type(error).__name__)
            connection.close()
            came = Round.DOWN
        failures = failures + 1 if came is Round.DOWN else 0
        pause = {
            Round.NOTHING: PAUSE_SECONDS,
            Round.WORKED: 0.0,
            Round.DOWN: min(LONGEST_PAUSE, PAUSE_AFTER_FAILURE * 2.0 ** min(failures, 10)),
        }[came]
