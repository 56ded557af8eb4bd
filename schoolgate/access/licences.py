"""Licence types: the roles of external users towards one pupil, and what each shows (PT11, ITS9).

Parent/Guardian and Pupil are always there; the organisation may add others, and decides for each
which blocks its holders are shown of a child.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schoolgate.access.models import LicenceType
from schoolgate.access.roles import LICENCE, PARENT, PUPIL, Detail, Opens, Over, Role


class Block(StrEnum):
    """A part of a child's page as licence holders see it."""

    SCHOOL = "school"
    CLASSES = "classes"
    WHO_SEES = "who-sees"


BLOCK_NAMES: Mapping[Block, str] = {
    Block.SCHOOL: "School, year and class",
    Block.CLASSES: "Classes and teachers",
    Block.WHO_SEES: "Who can see my child’s record",
}
# What the two that are always there show until the organisation decides otherwise.
FIRST_BLOCKS = {
    PARENT.code: (Block.SCHOOL, Block.CLASSES, Block.WHO_SEES),
    PUPIL.code: (Block.SCHOOL, Block.CLASSES),
}
BUILT_IN = {PARENT.code: PARENT, PUPIL.code: PUPIL}


@dataclass(frozen=True)
class Licence:
    """A licence type as it stands: its role, what it shows, and its row (None while nothing was
    decided about one that is always there)."""

    role: Role
    blocks: tuple[Block, ...]
    type_id: int | None
    is_gone: bool = False

    @property
    def is_builtin(self) -> bool:
        """Whether it is always there."""
        return self.role.code in BUILT_IN


def every_licence(*, gone_too: bool = False) -> dict[str, Licence]:
    """The licence types there are, by code: the two that are always there first.

    ``gone_too``: with those that were taken away, for naming what somebody held.
    """
    found = {code: Licence(role, FIRST_BLOCKS[code], None) for code, role in BUILT_IN.items()}
    rows = LicenceType.objects.order_by("name_key", "pk")
    for row in rows if gone_too else rows.filter(gone_at__isnull=True):
        blocks = tuple(block for block in Block if block.value in row.blocks)
        builtin = BUILT_IN.get(row.code)
        if builtin is None:
            found[row.code] = Licence(_as_role(row), blocks, row.pk, row.gone_at is not None)
        elif row.gone_at is None:
            found[row.code] = Licence(builtin, blocks, row.pk)
    return found


def licence_role(code: str) -> Role:
    """The licence type with this code as a role. Raises KeyError when there never was one."""
    if code in BUILT_IN:
        return BUILT_IN[code]
    number = code.removeprefix(LICENCE)
    row = LicenceType.objects.filter(pk=int(number)).first() if number.isdigit() else None
    if row is None:
        raise KeyError(code)
    return _as_role(row)


def _as_role(row: LicenceType) -> Role:
    return Role(
        code=row.code,
        name=row.name,
        over=Over.PUPILS,
        opens=Opens.THE_PUPIL,
        detail=Detail.LICENCE,
        purpose=row.purpose or "Sees the children who are linked to them.",
    )
