"""`python -m tests.bench [SUBJECT] [OPTIONS]`; none: all. Subjects: imports, pages, previews,
parents, scope, offboarding, search, sign_in, kills [N], letters, mails.

Full sizes write docs/benchmarks.md anew from the last results of each; a trial in small sizes
only prints its tables.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module

from tests.bench import document

SUBJECTS = (
    "imports", "parents", "pages", "previews", "scope", "offboarding", "search", "sign_in", "kills",
    "letters", "mails",
)  # fmt: skip


def main() -> None:
    """Measure what the words ask for."""
    words = sys.argv[1:]
    if words and words[0] not in SUBJECTS:
        raise SystemExit(f"Choose one of {', '.join(SUBJECTS)}, not {words[0]!r}.\n\n{__doc__}")
    # Ended from outside, it drops its databases too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for subject in words[:1] or SUBJECTS:
        import_module(f"tests.bench.{subject}").main(words[1:])
    document.write()


if __name__ == "__main__":
    main()
