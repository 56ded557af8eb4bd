"""Sets letters as PDF, in a process of its own (S21).

Run as ``python -m schoolgate.web.letters.press_child TEMPLATE FONTS EMPTY``. Each line of standard
input is a batch of letters as JSON; each answer is the length of a PDF in eight bytes, and the PDF.
It can read the template's text and the fonts, opens no connection, and whatever stands in a name is
data to it.
"""

import json
import resource
import struct
import sys
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Literal

import segno
import typst

MEMORY = 1024**3  # of addresses; what is used of it is less than a third
SECONDS = 600
STANDARD: Literal["ua-1"] = "ua-1"
# Any will do that is the same for all.
_MASK = 3


def main(template: str, fonts: str, empty: str) -> None:
    """Answer each batch until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # letters are written to no disk (S20)
    sys.addaudithook(_without_network)
    text = Path(template).read_bytes()
    compiler = typst.Compiler(
        root=empty,
        font_paths=[fonts],
        ignore_system_fonts=True,
        package_path=empty,
        package_cache_path=empty,
    )
    for line in sys.stdin.buffer:
        _answer(sys.stdout.buffer, _pdf(compiler, text, json.loads(line)))


def _without_network(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith("socket."):
        raise PermissionError("Letters are made without the network.")


def _pdf(compiler: typst.Compiler, text: bytes, told: dict[str, Any]) -> bytes:
    squares = _squares(told["address"])
    for letter in told["letters"]:
        letter["qr"] = list(squares.png(letter["code"]))
    told["qr"] = "QR code with the address of the page and the code "
    inputs = {"told": json.dumps(told)}
    try:
        found = compiler.compile(text, format="pdf", sys_inputs=inputs, pdf_standards=[STANDARD])
    except typst.TypstError:
        # A name with a letter that no font has: it is shown as a box, and the rest is as it was.
        found = compiler.compile(text, format="pdf", sys_inputs=inputs)
    assert isinstance(found, bytes)  # noqa: S101 - one file, for none was named
    return found


class Squares:
    """The QR codes of addresses that differ in their codes alone.

    With the size and the mask given, each bit of the text turns certain squares over, whatever the
    others are: so the code of any text is that of another one, and what each letter that is not
    the same turns over. That takes a hundredth of the time that drawing each one does.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._plain = ""
        self._base = 0
        self._turned: dict[tuple[int, str], int] = {}

    def png(self, code: str) -> bytes:
        """The QR code of a text as a picture, a bit a square."""
        bits, side = self.square(code), self._side
        width = (side + 7) // 8
        rows = b"".join(
            # A row begins with its filter, none; light squares are ones, and what fills it up.
            b"\0" + int(bits[at : at + side].ljust(width * 8, "1"), 2).to_bytes(width, "big")
            for at in range(0, side * side, side)
        )
        head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
        parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)

    def square(self, code: str) -> str:
        """Whether each square is dark (0) or light (1), row by row."""
        if len(code) != len(self._plain):
            self._plain, self._turned = code, {}
            self._base = self._drawn(code)
        drawn = self._base
        for at, char in enumerate(code):
            if (at, char) not in self._turned:
                other = self._plain[:at] + char + self._plain[at + 1 :]
                self._turned[at, char] = self._base ^ self._drawn(other)
            drawn ^= self._turned[at, char]
        return f"{drawn:0{self._side**2}b}"

    def _drawn(self, code: str) -> int:
        address = f"{self._address}{code}/"
        drawn = segno.make_qr(address, error="m", mode="byte", mask=_MASK, boost_error=False)
        self._side = len(drawn.matrix)
        return int("".join(str(1 - (dark & 1)) for row in drawn.matrix for dark in row), 2)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


@lru_cache(maxsize=1)
def _squares(address: str) -> Squares:
    return Squares(address)


def _answer(out: BinaryIO, pdf: bytes) -> None:
    out.write(len(pdf).to_bytes(8, "big"))
    out.write(pdf)
    out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
