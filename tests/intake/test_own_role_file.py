"""A file of users for a role of the organisation's own: the UPN columns link (LAC15, LAC7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schoolgate.access import role_changes
from schoolgate.access.models import Grant, OwnRole
from schoolgate.intake.models import Import
from schoolgate.web.views.imports import what_of
from tests import factories
from tests.cast import seen_by
from tests.intake.desk import APPLIED, REFUSED, WRONG_USAGE, Desk, person, upn_of

if TYPE_CHECKING:
    from tests.cast import Cast

OFFICER = "Independent Reviewing Officer"


def test_the_upn_columns_link_and_the_urn_is_where_they_work(cast: Cast, desk: Desk) -> None:
    role = factories.own_role(OFFICER)
    row = person(email="ira@council.example", urn="100001",
                 upns=[upn_of(cast.amira), upn_of(cast.carys)])  # fmt: skip

    checked = desk.users([row], "--check", role=OFFICER)
    ran = desk.users([row], role="independent reviewing officer")

    assert (checked.status, checked.counts, checked.access) == (APPLIED, (1, 0, 0, 0), (2, 0))
    assert (ran.status, ran.counts, ran.access, ran.linked) == (APPLIED, (1, 0, 0, 0), (2, 0), 2)
    grants = Grant.objects.filter(import_id=ran.id)
    assert {(g.role, g.establishment) for g in grants} == {(role.code, None)}
    user = grants[0].user
    assert seen_by(user) == "Amira Carys"
    assert user.workplace == cast.abbey
    again = desk.users([row], role=OFFICER)
    assert (again.status, again.counts, again.linked) == (APPLIED, (0, 0, 1, 0), 0)


def test_a_link_that_a_person_removed_is_asked_about(cast: Cast, desk: Desk) -> None:
    role = factories.own_role(OFFICER)
    link = factories.grant(cast.sara, role, pupil=cast.ben)
    from schoolgate.access.actions import revoke

    revoke([link.pk], by=cast.as_ada)
    row = person(first="Sara", last="Lindqvist", email=cast.sara.email, upns=[upn_of(cast.ben)])
    ran = desk.users([row], role=OFFICER)
    assert ran.status == REFUSED
    assert seen_by(cast.sara) == "Amira Eve"


def test_a_role_that_is_not_there_is_told_with_those_that_are(cast: Cast, desk: Desk) -> None:
    factories.own_role(OFFICER)
    ran = desk.users([person()], role="Foster carer")
    assert ran.status == WRONG_USAGE
    assert f'"{OFFICER}"' in ran.err
    assert '"Social Worker"' in ran.err
    assert '"Teacher"' not in ran.err


def test_the_import_of_a_role_that_is_gone_is_still_named(cast: Cast, desk: Desk) -> None:
    factories.own_role(OFFICER)
    ran = desk.users([person(upns=[upn_of(cast.ben)])], role=OFFICER)
    (role,) = role_changes.own_roles()
    role_changes.remove_role(role.pk, seen=role_changes.mark_of(role), by=cast.as_ada)
    assert not OwnRole.objects.filter(gone_at=None).exists()
    assert what_of(Import.objects.get(pk=ran.id)) == f"Users: {OFFICER}"
    assert desk.users([person()], role=OFFICER).status == WRONG_USAGE


def test_the_command_line_names_it(cast: Cast, desk: Desk) -> None:
    factories.grant(cast.noor, factories.own_role(OFFICER), pupil=cast.ben)
    told = desk.run("whosees", upn_of(cast.ben))
    assert told.status == 0, told.err
    assert f"\t{OFFICER}\tthis pupil\t" in told.out
    told = desk.run("why", cast.noor.email, upn_of(cast.ben))
    assert told.out.startswith("Yes")
    assert f"Grant: {OFFICER}, this pupil" in told.out
