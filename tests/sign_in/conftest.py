"""People who have set up their sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schoolgate.audit.actions import SYSTEM
from schoolgate.people import actions as people
from schoolgate.people.models import User

if TYPE_CHECKING:
    from tests.cast import Cast

PASSWORD = "correct horse battery staple"


@pytest.fixture
def dora(cast: Cast) -> User:
    """Dora, who has set up her sign-in."""
    people.set_password(user=cast.dora, password=PASSWORD, by=SYSTEM)
    return User.objects.get(pk=cast.dora.pk)
