"""Letters as PDF: what a name can do to it, scripts, tags, and what is left of it (S20, S21)."""

from __future__ import annotations

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import segno
from pypdf import PdfReader

from schoolgate.web.letters import press as made_by
from schoolgate.web.letters import press_child
from schoolgate.web.letters.joining import Unexpected, join
from schoolgate.web.letters.press import BATCH, Frame, Letter, press

FRAME = Frame(
    "Letters with codes", "Northshire Virtual School", "https://gate.example/letter/",
    "https://gate.example/", "21 January 2027", "the office",
)  # fmt: skip


def letter(name: str = "Elizabeth Dickinson", number: int = 0) -> Letter:
    return Letter(name, "Abbey, 7B", f"user{number}", f"{number:04}-CDFG-WXYZ")


def printed(*letters: Letter, frame: Frame = FRAME) -> Any:
    return PdfReader(BytesIO(b"".join(press(letters, frame))), strict=True)


HOSTILE = [
    '#read("/etc/passwd")',
    '#image("file:///etc/passwd")',
    '#image("https://evil.example/x.png")',
    '#import "@preview/cetz:0.3.0"',
    "*bold* _it_ $x^2$ = Heading <label> @ref // not /* there */",
    "https://evil.example/?q=1",
    "] #panic() [",
    "\\) 7 0 R (",
    '"; #sys.inputs',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_s21_a_name_is_text_whatever_stands_in_it(name):
    (page,) = printed(letter(name), frame=FRAME._replace(organisation=name, contact=name)).pages
    told = re.sub(r"\s+", "", page.extract_text())
    assert re.sub(r"\s+", "", name) in told
    assert "root:" not in told
    assert "/Annots" not in page  # no link was made of it


def test_s21_the_child_opens_no_connection(tmp_path):
    program = (
        "import socket, sys, io\n"
        "from schoolgate.web.letters import press_child\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b''))\n"
        "press_child.main(*sys.argv[1:])\n"
        "socket.create_connection(('127.0.0.1', 9))\n"
    )
    words = [str(made_by.HERE / "letter.typ"), str(made_by.FONTS), str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False
    )
    assert "PermissionError: Letters are made without the network." in ended.stderr


def test_s20_the_child_can_write_no_file(tmp_path):
    program = (
        "import sys, io\n"
        "from schoolgate.web.letters import press_child\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b''))\n"
        "press_child.main(*sys.argv[2:])\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "open(sys.argv[1], 'wb', buffering=0).write(b'a letter')\n"
    )
    words = [str(made_by.HERE / "letter.typ"), str(made_by.FONTS), str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a-letter"), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "File too large" in ended.stderr


def test_s20_nothing_of_a_letter_is_left_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pieces: Any = press([letter(number=n) for n in range(3)], FRAME)
    next(pieces), next(pieces)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    pieces.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["Zoë Müller-Łukasz", "Nguyễn Thị Hương", "Ελένη Παπαδοπούλου", "Дмитрий Шевченко",
     "王小明", "김민수", "さくら スズキ", "अनन्या", "ਗੁਰਪ੍ਰੀਤ", "ሰላም"],
)  # fmt: skip
def test_names_of_any_script_have_their_letters(name):
    (page,) = printed(letter(name)).pages
    fonts = {str(font["/BaseFont"]).partition("+")[2] for font in _fonts(page)}
    assert name[:2] in page.extract_text()
    assert all(font.startswith(("NotoSans", "DejaVu")) for font in fonts), fonts


def _fonts(page):
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]


def test_every_script_is_told_by_a_font_of_its_own():
    (page,) = printed(letter("محمد الخطيب")).pages
    assert any("Arabic" in str(font["/BaseFont"]) for font in _fonts(page))


def test_a_letter_that_no_font_has_costs_nobody_their_letter():
    told = [
        page.extract_text() for page in printed(letter("ᚠ\ue123"), letter("Ann Other", 1)).pages
    ]
    assert len(told) == 2
    assert "Ann Other" in told[1]


def test_it_is_tagged_has_a_title_and_a_language():
    # More than two batches, so that what joins them is looked at.
    count = 2 * BATCH + 7
    reader = printed(*(letter(f"Person {n}", n) for n in range(count)))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata and reader.metadata.title == "Letters with codes"
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()
    assert len(reader.pages) == count
    for n, page in enumerate(reader.pages):
        assert f"Person {n}\n" in page.extract_text() + "\n"
        assert f"{n:04}-CDFG-WXYZ" in page.extract_text()


def test_the_tags_of_each_page_are_those_of_its_own_words():
    count = 2 * BATCH + 7
    reader = printed(*(letter(number=n) for n in range(count)))
    tree = reader.trailer["/Root"]["/StructTreeRoot"]
    numbers = tree["/ParentTree"]["/Nums"]
    assert [int(key) for key in numbers[::2]] == list(range(count))
    (document,) = tree["/K"]
    assert document.get_object()["/S"] == "/Document"
    sections = document.get_object()["/K"]
    assert {section.get_object()["/S"] for section in sections} == {"/Sect"}
    for n, page in enumerate(reader.pages):
        assert page["/StructParents"] == n
        tags = [tag.get_object() for tag in numbers[2 * n + 1].get_object()]
        (alt,) = {str(tag["/Alt"]) for tag in tags if "/Alt" in tag}
        assert alt.endswith(f"{n:04}-CDFG-WXYZ")
        assert {tag.raw_get("/Pg").idnum for tag in tags} == {page.indirect_reference.idnum}
        top = tags[0]
        while top["/S"] != "/Document":
            top = top["/P"].get_object()


def test_what_joins_them_knows_what_it_does_not_know():
    for other in (b"", b"%PDF-1.4\nstartxref\n0\n%%EOF", b"x" * 100):
        with pytest.raises(Unexpected):
            list(join([other]))
    with pytest.raises(Unexpected):
        list(join([]))


def test_the_square_is_that_of_the_address():
    squares = press_child.Squares("https://gate.example/letter/")
    for code in ("3333-4444-CCCC", "WXYT-4RV4-6789", "3333-3333-3333", "CCCC-DDDD"):
        drawn = segno.make_qr(
            f"https://gate.example/letter/{code}/", error="m", mode="byte", mask=3,
            boost_error=False,
        )  # fmt: skip
        wanted = "".join("0" if dark & 1 else "1" for row in drawn.matrix for dark in row)
        assert squares.square(code) == wanted


def test_a_child_that_dies_is_told():
    pieces = press([letter()], FRAME._replace(title=5))  # type: ignore[arg-type]
    with pytest.raises(made_by.NotMade):
        list(pieces)


def test_the_fonts_are_there_with_their_licences():
    names = {path.name for path in Path(made_by.FONTS).iterdir()}
    assert {"LICENSE-Noto.txt", "LICENSE-DejaVu.txt", "NotoSans_400Regular.ttf"} <= names
