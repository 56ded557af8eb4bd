"""What a letter tells beside its code: no more than the page of its reader does (ITS8, S35)."""

from __future__ import annotations

from datetime import date

import pytest

from schoolgate.access.letters import addressees
from schoolgate.access.licences import licence_role
from schoolgate.access.roles import PARENT
from schoolgate.people.models import User
from schoolgate.schools.models import Pupil
from tests import factories


@pytest.fixture
def paula(cast) -> User:
    """A parent of Amira (Abbey) and of Carys (Brook), who is the younger."""
    Pupil.objects.filter(pk=cast.carys.pk).update(date_of_birth=date(2016, 1, 1))
    paula = factories.user(first_name="Paula", email="", username="paula")
    for pupil in (cast.amira, cast.carys):
        factories.grant(paula, PARENT, pupil=pupil)
    return paula


def place_of(user: User) -> str:
    (found,) = addressees([user.pk])
    return found.place


def test_it_is_handed_out_where_the_youngest_child_is(paula):
    assert place_of(paula) == "Brook Academy, 6B"


def test_s35_a_letter_names_no_school_of_a_child_whom_a_restriction_keeps(cast, paula):
    factories.restriction(paula, cast.carys)
    assert place_of(paula) == "Abbey Primary School, 6B"
    factories.restriction(paula, cast.amira)
    assert place_of(paula) == ""


def test_a_letter_names_no_school_to_whom_a_licence_type_does_not_show_it(cast):
    bare = licence_role(factories.licence_type(blocks=()))
    gran = factories.user(first_name="Gran", email="", username="gran")
    factories.grant(gran, bare, pupil=cast.amira)
    assert place_of(gran) == ""
    factories.grant(gran, PARENT, pupil=cast.ben)
    assert place_of(gran) == "Abbey Primary School, 6B"
