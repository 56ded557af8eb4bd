"""A child process that ends when the process that started it does, however that ended."""

import ctypes
import os
import signal
import sys
import threading
import time

VARIABLE = "SCHOOLGATE_PARENT"
_PR_SET_PDEATHSIG = 1


def end_with_it() -> None:
    """Have this process sent SIGTERM as soon as the parent named in the environment is gone."""
    parent = int(os.environ.get(VARIABLE) or 0)
    if not parent:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it went before this was asked for
        os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
