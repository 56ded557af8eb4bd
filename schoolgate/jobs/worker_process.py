"""A worker as a process of its own: `python -m schoolgate.jobs.worker_process imports | mail`."""

import os
import signal
import sys
import threading
from types import FrameType

import django

from schoolgate.jobs import parent


def main(kind: str) -> None:
    """Work until told to stop, or until the process that started this one has gone."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    parent.end_with_it()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "schoolgate.config.settings")
    django.setup()

    if kind == "mail":
        from schoolgate.jobs import asked_worker, bounce_reader, mail_worker

        # Threads of their own: a server that is slow, to be read from or to send to, holds up
        # neither mail nor the end, and not who waits at the sign-in page.
        for part in (bounce_reader, asked_worker):
            threading.Thread(target=part.serve, args=[stopping], daemon=True).start()
        mail_worker.serve(stopping)
    else:
        from schoolgate.jobs import worker

        worker.serve(stopping)


if __name__ == "__main__":
    main(sys.argv[1])
