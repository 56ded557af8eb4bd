"""The worker as a process of its own: `python -m schoolgate.jobs.worker_process`."""

import os
import signal
import threading
from types import FrameType

import django

from schoolgate.jobs import parent


def main() -> None:
    """Work until told to stop, or until the process that started this one has gone."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    parent.end_with_it()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "schoolgate.config.settings")
    django.setup()

    from schoolgate.jobs import worker

    worker.serve(stopping)


if __name__ == "__main__":
    main()
