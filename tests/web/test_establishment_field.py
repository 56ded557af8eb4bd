"""Naming an establishment: suggestions while one types, and a choice where nothing suggests."""

from __future__ import annotations

import pytest

from tests import factories

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database


@pytest.fixture
def schools(cast):
    """Two of one name, one of them closed; and a town that is no school's name."""
    factories.establishment(name="St Bede's School", urn="100010", town="Leeds")
    factories.establishment(name="St Bede's School", urn="100011", town="Truro", status="Closed")
    factories.establishment(name="Zeal College", urn="100012", town="St Beavers")


BEDE_LEEDS = "St Bede's School, Leeds (URN 100010)"
BEDE_TRURO = "St Bede's School, Truro (URN 100011, closed)"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("st bed", [BEDE_LEEDS, BEDE_TRURO]),
        ("ST BEDE’S", [BEDE_LEEDS, BEDE_TRURO]),
        ("st bede's, tru", [BEDE_TRURO]),
        ("st bede's, nowhere", [BEDE_LEEDS, BEDE_TRURO]),
        ("10001", [BEDE_LEEDS, "Zeal College, St Beavers (URN 100012)", BEDE_TRURO]),
        ("100011", [BEDE_TRURO]),
        (BEDE_TRURO, [BEDE_TRURO]),
        ("st bea", ["Zeal College, St Beavers (URN 100012)"]),
        ("bath", ["Brook Academy, Bath (URN 100002)"]),
        ("%", []),
        ("'", []),
        ("", []),
    ],
)
def test_suggestions_by_name_town_and_urn(cast, browse, schools, typed, found):
    answer = browse(cast.ada).get("/settings/establishments/suggest/", q=typed)
    assert answer.response.json() == {"found": found}


def test_at_most_twenty(cast, browse):
    for _ in range(25):
        factories.establishment(name="St Joseph's Catholic Primary School")
    answer = browse(cast.ada).get("/settings/establishments/suggest/", q="st jos")
    assert len(answer.response.json()["found"]) == 20


def a_form(**changes):
    return {
        "step": "check", "role": "designated_teacher", "first_name": "Grace",
        "last_name": "Okoro", "email": "grace@x.example", "status": "active", **changes,
    }  # fmt: skip


def test_without_suggestions_a_name_that_fits_several_is_asked_about(cast, browse, schools):
    ada = browse(cast.ada)
    page = ada.post("/settings/users/add/", **a_form(establishment="st bede"))
    assert "Choose the one you mean: “st bede” fits 2 establishments." in page.text
    assert BEDE_TRURO in page.text
    chosen = {"establishment_for": "st bede", "establishment_chosen": "100010"}
    page = ada.post("/settings/users/add/", **a_form(establishment="st bede", **chosen))
    assert "They would see 0" in page.text
    assert BEDE_LEEDS in page.text
    page = ada.post("/settings/users/add/", **a_form(establishment="abbey", **chosen))
    assert "Abbey Primary School, Bristol (URN 100001)" in page.text


@pytest.mark.parametrize("typed", ["nowhere", "999999", "URN 999999"])
def test_one_that_is_not_on_the_register_is_named(cast, browse, schools, typed):
    page = browse(cast.ada).post("/settings/users/add/", **a_form(establishment=typed))
    assert "Check the spelling, or enter the URN: no establishment" in page.text
    assert f"“{typed}”" in page.text
    assert f'value="{typed}"' in page.bytes.decode()
