"""The picture of a letter for the guide: the letter's own template, set as PNG."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typst

from schoolgate.web.letters.press import FONTS, HERE, Frame, Letter
from schoolgate.web.letters.press_child import Squares

if TYPE_CHECKING:
    from pathlib import Path


def keep(path: Path, empty: Path) -> None:
    """Draw a letter for Elizabeth Dickinson; ``empty``: a folder in which there is nothing."""
    frame = Frame(
        "Letter", "Northshire Virtual School", "https://gate.northshire.example/letter/",
        "https://gate.northshire.example/", "20 January 2027", "",
    )  # fmt: skip
    letter = Letter("Elizabeth Dickinson", "", "mom", "3CDF-4GHJ-6KMN")
    square = list(Squares(frame.address).png(letter.code))
    told = {**frame._asdict(), "letters": [{**letter._asdict(), "qr": square}], "qr": "QR code "}
    compiler = typst.Compiler(root=str(empty), font_paths=[str(FONTS)], ignore_system_fonts=True)
    drawn = compiler.compile(
        (HERE / "letter.typ").read_bytes(), format="png", ppi=80,
        sys_inputs={"told": json.dumps(told)},
    )  # fmt: skip
    assert isinstance(drawn, bytes)
    path.write_bytes(drawn)
