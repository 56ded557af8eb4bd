"""Joins the PDFs of batches of letters into one, as they come, and holds none of them.

It reads what press_child.py makes and nothing else: files of one program, of one template, each
with a classic cross-reference table, a flat list of pages, and one tree of tags. So the letters of
ten thousand people go to a browser in the memory of fifty (S20: and to no disk).
"""

import re
from collections.abc import Iterable, Iterator

_TABLE = re.compile(rb"startxref\n(\d+)\n%%EOF\s*$")
_FIRST = re.compile(rb"(\d+) 0 obj\n")
# A text in brackets or angles, in which nothing is changed; or a reference to an object.
_WORD = re.compile(rb"\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f]*>|\b(\d+) 0 R\b|[()]", re.DOTALL)
_STREAM = b"\nstream\n"
CATALOG, PAGES, TAGS, DOCUMENT = 1, 2, 3, 4
_RESERVED = 4


class Unexpected(Exception):
    """The file is not as the program made files when this was written."""


class _Part:
    """One file: its objects by their number there, without "obj" and "endobj"."""

    def __init__(self, pdf: bytes) -> None:
        found = _TABLE.search(pdf[-64:])
        if not found:
            raise Unexpected("no cross-reference table")
        table = pdf[int(found[1]) :]
        size = int(_only(rb"/Size (\d+)", table))
        lines = table.split(b"\n")[2 : 2 + size]
        places = sorted(int(line[:10]) for line in lines if b" n" in line)
        ends = [*places[1:], int(found[1])]
        self.objects: dict[int, bytes] = {}
        for place, end in zip(places, ends, strict=True):
            head = _FIRST.match(pdf, place)
            if not head:
                raise Unexpected("no object where one is said to be")
            self.objects[int(head[1])] = pdf[head.end() : pdf.rindex(b"\nendobj", place, end)]
        self.size = size
        self.catalog = self._take(int(_only(rb"/Root (\d+) 0 R", table)))
        self.info = self._take(int(_only(rb"/Info (\d+) 0 R", table)))
        self.pages_id = int(_only(rb"/Pages (\d+) 0 R", self.catalog))
        self.tags_id = int(_only(rb"/StructTreeRoot (\d+) 0 R", self.catalog))
        self.metadata_id = int(_only(rb"/Metadata (\d+) 0 R", self.catalog))
        self.page_ids = _references(_only(rb"/Kids\[([^\]]*)\]", self._take(self.pages_id)))
        self.tags = self._take(self.tags_id)
        self.document_id = int(_only(rb"/K\[(\d+) 0 R\]", self.tags))
        parents = _only(rb"/ParentTree<</Nums\[([^\]]*)\]>>", self.tags)
        self.parents = _references(re.sub(rb"(?:^| )\d+ (?=\d+ 0 R)", b" ", parents))
        self.count = int(_only(rb"/ParentTreeNextKey (\d+)", self.tags))

    def _take(self, id_: int) -> bytes:
        return self.objects.pop(id_)


def join(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of one PDF with the pages of all these, in their order."""
    joined = _Joined()
    yield joined.begin()
    for pdf in parts:
        yield joined.add(_Part(pdf))
    yield joined.end()


class _Joined:
    def __init__(self) -> None:
        self.length = 0
        self.places: dict[int, int] = {}
        self.next_id = _RESERVED + 1
        self.first: _Part | None = None
        self.metadata_id = 0
        self.pages: list[int] = []
        self.parents: list[int] = []
        self.chapters: list[int] = []

    def begin(self) -> bytes:
        return self._counted(b"%PDF-1.7\n%\x80\x80\x80\x80\n\n")

    def add(self, part: _Part) -> bytes:
        """The objects of a file under new numbers."""
        base = self.next_id - 1
        self.next_id += part.size
        fixed = {part.pages_id: PAGES, part.tags_id: TAGS}
        if self.first is None:
            self.first, self.metadata_id = part, base + part.metadata_id
        else:
            part.objects.pop(part.metadata_id)
        keys = len(self.parents)
        self.pages += [base + id_ for id_ in part.page_ids]
        self.parents += [base + id_ for id_ in part.parents]
        self.chapters.append(base + part.document_id)
        pages = set(part.page_ids)
        out = []
        for id_, body in part.objects.items():
            head, stream, rest = body.partition(_STREAM)
            if id_ == part.document_id:
                # The tree of tags has one document; of it each file is a section.
                head = head.replace(b"/S/Document/P %d 0 R" % part.tags_id, b"/S/Sect/P 0 0 R")
            head = _renumbered(head, base, fixed)
            if id_ in pages:
                head = _moved(head, keys)
            out.append(self._object(base + id_, head + stream + rest))
        return b"".join(out)

    def end(self) -> bytes:
        """What holds all together, and where each object begins."""
        if self.first is None:
            raise Unexpected("no letters")
        kids = b" ".join(b"%d 0 R" % id_ for id_ in self.pages)
        nums = b" ".join(b"%d %d 0 R" % pair for pair in enumerate(self.parents))
        chapters = b" ".join(b"%d 0 R" % id_ for id_ in self.chapters)
        roles = _only(rb"(/RoleMap<<[^>]*>>)", self.first.tags)
        catalog = re.sub(rb"/Outlines \d+ 0 R", b"", self.first.catalog)
        for key, id_ in (
            (b"Pages", PAGES), (b"StructTreeRoot", TAGS), (b"Metadata", self.metadata_id),
        ):  # fmt: skip
            catalog = re.sub(rb"/%b \d+ 0 R" % key, b"/%b %d 0 R" % (key, id_), catalog)
        info_id = self.next_id
        out = [
            self._object(CATALOG, catalog),
            self._object(PAGES, b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(self.pages), kids)),
            self._object(
                TAGS,
                b"<</Type/StructTreeRoot%b/K[%d 0 R]/ParentTree<</Nums[%b]>>"
                b"/ParentTreeNextKey %d>>" % (roles, DOCUMENT, nums, len(self.parents)),
            ),
            self._object(
                DOCUMENT, b"<</Type/StructElem/S/Document/P %d 0 R/K[%b]>>" % (TAGS, chapters)
            ),
            self._object(info_id, self.first.info),
        ]
        size, start = info_id + 1, self.length
        lines = (
            b"%010d 00000 n\r\n" % self.places[id_]
            if id_ in self.places
            else b"%010d 00000 f\r\n" % 0
            for id_ in range(1, size)
        )
        table = b"xref\n0 %d\n0000000000 65535 f\r\n" % size + b"".join(lines)
        last = b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        return b"".join(out) + table + last % (size, CATALOG, info_id, start)

    def _object(self, id_: int, body: bytes) -> bytes:
        self.places[id_] = self.length
        return self._counted(b"%d 0 obj\n%b\nendobj\n\n" % (id_, body))

    def _counted(self, piece: bytes) -> bytes:
        self.length += len(piece)
        return piece


def _renumbered(head: bytes, base: int, fixed: dict[int, int]) -> bytes:
    """The object with what it refers to under new numbers; texts in it as they are."""
    depth = 0

    def word(found: re.Match[bytes]) -> bytes:
        nonlocal depth
        if found[0] in b"()":
            depth += 1 if found[0] == b"(" else -1
        if found[1] is None or depth:
            return found[0]
        id_ = int(found[1])
        # 0 stands for the document of all, see above.
        return b"%d 0 R" % (DOCUMENT if id_ == 0 else fixed.get(id_, base + id_))

    return _WORD.sub(word, head)


def _moved(page: bytes, by: int) -> bytes:
    """The page with its key in the tree of tags behind those of the pages before it."""
    key = int(_only(rb"/StructParents (\d+)", page))
    return re.sub(rb"/StructParents \d+", b"/StructParents %d" % (key + by), page)


def _references(text: bytes) -> list[int]:
    return [int(id_) for id_ in re.findall(rb"(\d+) 0 R", text)]


def _only(pattern: bytes, text: bytes) -> bytes:
    found = re.findall(pattern, text)
    if len(found) != 1:
        raise Unexpected(f"{len(found)} times {pattern!r}")
    return bytes(found[0])
