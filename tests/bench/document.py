"""docs/benchmarks.md, from the last results of each subject."""

from __future__ import annotations

from importlib import import_module

from tests.bench import results
from tests.bench.child import ROOT

PATH = ROOT / "docs" / "benchmarks.md"
BEGINNING = """# Benchmarks

Written by `make bench`; not to be edited by hand. `make bench` (or `./dev bench`) measures all of it; `make bench ARGS=imports`, `ARGS=parents`, `ARGS=pages`, `ARGS=previews`, `ARGS=scope`, `ARGS=offboarding`, `ARGS=search`, `ARGS=sign_in`, `ARGS=letters`, `ARGS=mails` and `ARGS="kills 20"` a part. Trials in small sizes (`ARGS="imports --rows 1000 --repeat 1"`, `ARGS="scope --pupils 20000"`) print their tables and leave this page as it is. PostgreSQL is measured where a server is found (`SCHOOLGATE_TEST_POSTGRES_URL`, else 127.0.0.1:5432); the databases are made for it and dropped at the end. The code is in `tests/bench`.
"""  # noqa: E501 - the page has a paragraph a line
SUBJECTS = {
    "imports": "Importing users",
    "parents": "Importing parents",
    "pages": "Pages while an import is applied",
    "previews": "The preview of a large import",
    "scope": "Who may see whom, among 1,000,000 pupils",
    "offboarding": "Offboarding 5,000 people",
    "search": "Search over 1,000,000 users",
    "sign_in": "Signing in under load, and whether its time tells",
    "kills": "Killed in the middle of an import",
    "letters": "Printed letters",
    "mails": "Mail by the thousand",
}


def write() -> None:
    """Write the page, if anything was measured in full size."""
    parts = [BEGINNING]
    for name, heading in SUBJECTS.items():
        if facts := results.kept(name):
            parts.append(f"## {heading}\n\n{import_module(f'tests.bench.{name}').report(facts)}")
    if len(parts) > 1:
        PATH.write_text("\n".join(parts))
