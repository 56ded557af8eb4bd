"""Letters as one PDF, made in a child process and handed on as it comes (ITS8, S20, S21)."""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from schoolgate.web.letters.joining import join

HERE = Path(__file__).parent
FONTS = HERE.parent / "static" / "dist" / "letters"
# So many letters are set at once: more would take more memory, fewer more time.
BATCH = 50
_SECONDS = 900


class Letter(NamedTuple):
    """A page: whom it is for, where it is handed out, as whom they sign in, and their code."""

    name: str
    place: str
    signs_in_as: str
    code: str


class Frame(NamedTuple):
    """What is the same on every page. ``address``: where the code is entered; ``home``: where they
    sign in; ``until``: the last day, in words."""

    title: str
    organisation: str
    address: str
    home: str
    until: str
    contact: str


class NotMade(Exception):
    """The child process ended before its work."""


def press(
    letters: Sequence[Letter], frame: Frame, *, done: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """The pieces of the PDF. ``done`` is told how many letters are ready."""
    batches = [letters[at : at + BATCH] for at in range(0, len(letters), BATCH)]
    with _child() as (into, out):
        feeder = threading.Thread(target=_feed, args=(into, batches, frame), daemon=True)
        feeder.start()
        yield from join(_answers(out, batches, done))


def _feed(into: IO[bytes], batches: Sequence[Sequence[Letter]], frame: Frame) -> None:
    # Whoever no longer wants the letters closes the other end.
    with contextlib.suppress(BrokenPipeError, ValueError), into:
        for batch in batches:
            told = {**frame._asdict(), "letters": [letter._asdict() for letter in batch]}
            into.write(json.dumps(told).encode() + b"\n")
            into.flush()


def _answers(
    out: IO[bytes], batches: Sequence[Sequence[Letter]], done: Callable[[int], None]
) -> Iterator[bytes]:
    ready = 0
    for batch in batches:
        length = int.from_bytes(out.read(8), "big")
        pdf = out.read(length)
        if not length or len(pdf) < length:
            raise NotMade
        yield pdf
        ready += len(batch)
        done(ready)


@contextlib.contextmanager
def _child() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    with tempfile.TemporaryDirectory() as empty:
        child = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [
                *(sys.executable, "-I", "-m", "schoolgate.web.letters.press_child"),
                *(str(HERE / "letter.typ"), str(FONTS), empty),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # It would tell names.
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8"},
            cwd=empty,
        )
        clock = threading.Timer(_SECONDS, child.kill)
        clock.start()
        assert child.stdin and child.stdout  # noqa: S101 - asked for above
        try:
            yield child.stdin, child.stdout
        finally:
            clock.cancel()
            child.kill()
            child.wait()
            child.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
