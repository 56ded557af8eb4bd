"""How gunicorn serves the pages. No access log: a path can hold a token (S19)."""

from pathlib import Path
from typing import Any

from schoolgate.jobs import parent

wsgi_app = "schoolgate.config.wsgi"
workers = 2
threads = 4
graceful_timeout = 10
accesslog = None
control_socket_disable = True
loglevel = "warning"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - no file is named


def on_starting(server: Any) -> None:
    """Called by gunicorn's first process."""
    parent.end_with_it()
