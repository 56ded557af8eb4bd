"""A school with its people, beside the cast: what is inside Abbey, made through the actions.

Abbey teaches History and Geography (together Humanities) and Maths. Everything since long ago, but
for the class lists, which hold since today.

=======  ====================================  ===============================================
Nia      School Admin of Abbey                 sees Amira, Ben and Dylan (the register alone)
Lena     Leader of History                     sees Amira and Ben (in 6B/Hi)
Tariq    Teacher of 6B/Ma, synchronised        sees Ben and Dylan
Femi     Finance Manager of Abbey              sees nobody
Una      on the staff of Abbey, no role        sees nobody
Bo       School Admin of Brook                 sees Carys
=======  ====================================  ===============================================

Nobody of them is told that Amira is in care, or who works with her.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schoolgate.access.roles import FINANCE_MANAGER, LEADER, SCHOOL_ADMIN, TEACHER
from schoolgate.audit.actions import SYSTEM, batch, user_actor
from schoolgate.people.models import SyncStatus
from tests import factories

if TYPE_CHECKING:
    from schoolgate.audit.actions import Actor
    from schoolgate.people.models import User
    from schoolgate.schools.models import SchoolClass, SubjectArea, SubjectCategory
    from tests.cast import Cast


@dataclass(frozen=True)
class School:
    """Everybody and everything inside Abbey, by name; ``cast``: everybody else."""

    cast: Cast
    humanities: SubjectCategory
    history: SubjectArea
    geography: SubjectArea
    maths: SubjectArea
    history_class: SchoolClass
    maths_class: SchoolClass
    nia: User
    lena: User
    tariq: User
    femi: User
    una: User
    bo: User

    @property
    def as_nia(self) -> Actor:
        """Nia, as the one who acts."""
        return user_actor(self.nia.pk)

    @property
    def as_lena(self) -> Actor:
        """Lena, as the one who acts."""
        return user_actor(self.lena.pk)


def inside(cast: Cast) -> School:
    """Put the school and its people beside the cast."""
    with batch(by=SYSTEM):
        return _inside(cast)


def _inside(cast: Cast) -> School:
    humanities = factories.category(cast.abbey)
    history = factories.subject(cast.abbey, category=humanities)
    geography = factories.subject(cast.abbey, "Geography", category=humanities)
    maths = factories.subject(cast.abbey, "Maths")
    in_history, in_maths = (cast.amira, cast.ben), (cast.ben, cast.dylan)
    history_class = factories.school_class(cast.abbey, "6B/Hi", subject=history, pupils=in_history)
    maths_class = factories.school_class(cast.abbey, "6B/Ma", subject=maths, pupils=in_maths)
    nia, lena, tariq, femi, una, bo = (
        factories.user(first_name=first, last_name=last, email=f"{first.lower()}@{where}.example")
        for first, last, where in (
            ("Nia", "Bevan", "abbey"), ("Lena", "Fischer", "abbey"), ("Tariq", "Aziz", "abbey"),
            ("Femi", "Ojo", "abbey"), ("Una", "Kerr", "abbey"), ("Bo", "Lund", "brook"),
        )
    )  # fmt: skip
    factories.grant(nia, SCHOOL_ADMIN, school=cast.abbey)
    factories.grant(lena, LEADER, subject=history)
    factories.grant(tariq, TEACHER, school_class=maths_class)
    factories.grant(femi, FINANCE_MANAGER, school=cast.abbey)
    factories.grant(bo, SCHOOL_ADMIN, school=cast.brook)
    factories.post(una, cast.abbey)
    factories.post(tariq, cast.abbey, sync=SyncStatus.SYNCHRONISED)
    return School(
        cast, humanities, history, geography, maths, history_class, maths_class,
        nia, lena, tariq, femi, una, bo,
    )  # fmt: skip
