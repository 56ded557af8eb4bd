"""A file of parents, row by row: who each is, and which children they get (ITS2 to ITS5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schoolgate.access.models import Grant
from schoolgate.intake import runs
from schoolgate.intake.models import FileHead, Import, ImportFault, ImportRow, Proposal
from schoolgate.people.models import FirstPassword, SyncId, User
from schoolgate.schools.models import Pupil
from tests import factories
from tests.cast import seen_by
from tests.intake.desk import APPLIED, REFUSED, Desk, parent

if TYPE_CHECKING:
    from tests.cast import Cast

MOM = parent(username="mom", sync="222")
DAD = parent(first="Robert", username="dad", sync="333")


def user(name: str) -> User:
    return User.objects.get(username_key=name, gone_at=None)


def test_two_parents_of_one_child_are_both_linked(sons: None, desk: Desk) -> None:
    ran = desk.parents([MOM, DAD])

    assert (ran.status, ran.counts, ran.linked, ran.access) == (APPLIED, (2, 0, 0, 0), 2, (2, 0))
    assert seen_by(user("mom")) == seen_by(user("dad")) == "Jim"
    assert {sync.value for sync in SyncId.objects.filter(ended_at=None)} == {"222", "333"}
    assert set(Grant.objects.filter(import_id=ran.id).values_list("role", "source")) == {
        ("licence-parent", "import")
    }


def test_a_parent_of_two_children_by_rows_of_one_file(sons: None, desk: Desk) -> None:
    ran = desk.parents([MOM, {**MOM, "ChildID": "2"}, {**MOM, "ChildID": "2"}])

    assert (ran.counts, ran.linked, ran.access) == ((1, 1, 1, 0), 2, (2, 0))
    assert seen_by(user("mom")) == "Jim Johnny"


def test_a_parent_of_two_children_by_later_files_whatever_they_are_known_by(
    sons: None, desk: Desk
) -> None:
    desk.parents([{**MOM, "E-mail": "mom@example.org"}])
    for known in (
        parent(username="mom", sync="222", child="2"),
        parent(username="MOM", child="2"),
        parent(email="Mom@example.org", child="2"),
    ):
        ran = desk.parents([known])

        assert (ran.status, ran.counts, ran.linked) == (APPLIED, (0, 1, 0, 0), 1), ran.problems
        assert seen_by(user("mom")) == "Jim Johnny"
        assert desk.undo(ran).status == APPLIED
        assert seen_by(user("mom")) == "Jim"


def test_in_one_file_a_row_without_sync_id_is_whoever_has_the_user_name_else_the_address(
    sons: None, desk: Desk
) -> None:
    ran = desk.parents(
        [
            parent(email="mom@example.org", child="2"),
            parent(username="mom", child="2"),
            parent(username="mom", sync="222", email="mom@example.org"),
        ]
    )

    assert (ran.status, ran.counts, ran.linked) == (APPLIED, (1, 1, 1, 0), 2), ran.problems
    made = user("mom")
    assert (made.email, seen_by(made)) == ("mom@example.org", "Jim Johnny")


def test_what_the_first_row_lacks_comes_from_a_later_one(sons: None, desk: Desk) -> None:
    desk.parents(
        [MOM, {**MOM, "E-mail": "mom@example.org", "Phone": "0117 496 0001", "ChildID": "2"}]
    )

    made = user("mom")
    assert (made.email, made.phone) == ("mom@example.org", "0117 496 0001")


def test_a_new_sync_id_goes_to_whoever_has_the_user_name_and_no_other(
    sons: None, desk: Desk
) -> None:
    desk.parents([parent(username="mom")])

    ran = desk.parents([MOM])

    assert (ran.status, ran.counts, ran.linked) == (APPLIED, (0, 1, 0, 0), 0)
    assert SyncId.objects.get(ended_at=None).user == user("mom")
    assert desk.parents([MOM]).counts == (0, 0, 1, 0)


def test_the_child_by_each_kind_of_identifier(sons: None, desk: Desk) -> None:
    by_name = desk.parents([{**MOM, "ChildID": "Son1"}], match_by="username")
    by_key = desk.parents([{**MOM, "ChildID": "2"}], match_by="SYNCHRONISATION KEY")

    assert (by_name.linked, by_key.linked) == (1, 1)
    assert seen_by(user("mom")) == "Jim Johnny"
    assert desk.parents([MOM], match_by="UPN").status == 2


def test_children_are_made_users_who_see_themselves(sons: None, desk: Desk) -> None:
    child = parent(first="Jim", username="son1", sync="1")

    ran = desk.parents([child], "--profile", "pupil")

    assert (ran.status, ran.counts, ran.linked) == (APPLIED, (1, 0, 0, 0), 1)
    assert seen_by(user("son1")) == "Jim"
    again = desk.parents([{**child, "SyncID": "", "User name": "jim"}], "--profile", "pupil")
    assert (again.status, again.problems) == (
        REFUSED,
        ["Take this row out, or disconnect the other user first: this child has one already."],
    )
    as_parent = desk.parents([{**child, "SyncID": "", "ChildID": "2"}])
    assert as_parent.problems[0].startswith("Take this row out, or give the parent’s own")


def test_a_blank_phone_is_filled_in_and_taken_back(sons: None, desk: Desk) -> None:
    desk.parents([MOM])

    ran = desk.parents([{**MOM, "Phone": "0117 496 0001"}])

    assert (ran.counts, user("mom").phone) == ((0, 1, 0, 0), "0117 496 0001")
    desk.undo(ran)
    assert user("mom").phone == ""


def test_the_relationship_is_kept_with_the_link_and_left_as_it_is(sons: None, desk: Desk) -> None:
    desk.parents([{**MOM, "Relationship": "Mother"}])

    ran = desk.parents([{**MOM, "Relationship": "Aunt"}])

    assert Grant.objects.get(role="licence-parent").relationship == "Mother"
    assert (ran.counts, ran.warned) == ((0, 0, 1, 0), [(2, "Relationship", "Aunt", "warning")])


def test_s22_a_first_password_is_the_new_users_and_stands_nowhere_in_clear(
    sons: None, desk: Desk
) -> None:
    secret = "43fdjD56F"
    bad = parent(first="Bo", username="bo", sync="9", password=secret * 20)
    ran = desk.parents(
        [{**MOM, "Password": secret}, {**MOM, "ChildID": "2", "Password": "later"}, bad],
        "--skip-faulty",
    )

    assert (ran.counts, secret in ran.out) == ((1, 1, 0, 1), False)
    mom = user("mom")
    assert (mom.has_first_password, mom.check_password(secret)) == (True, True)
    assert not FirstPassword.objects.exists()  # hashed by now
    for model in (ImportFault, ImportRow, FileHead, Proposal, Import, User):
        told = repr(list(model.objects.filter().values()))
        assert secret not in told, model
    desk.parents([{**MOM, "Password": "another"}])
    assert user("mom").check_password(secret)


def test_s22_the_rest_of_a_password_with_a_comma_is_told_to_nobody(sons: None, desk: Desk) -> None:
    text = (
        "First name,Last name,User name,Password,E-mail,ChildID\r\n"
        "Elizabeth,Dickinson,mom,top,secret,mom@example.org,1\r\n"
    )

    ran = desk.parents(text)

    assert ran.status == REFUSED
    assert "secret" not in ran.out
    assert "top" not in ran.out


def test_s35_of_a_child_who_is_kept_from_the_reader_no_row_is_told(
    sons: None, desk: Desk, cast: Cast
) -> None:
    ran = desk.parents([{**MOM, "SyncID": "1"}, {**DAD, "SyncID": "2", "ChildID": "2"}])
    factories.restriction(user=cast.ada, pupil=Pupil.objects.get(first_name="Jim"))

    told = [(finding.row, finding.value) for finding in runs.refusals(ran.id, reader=cast.ada.pk)]
    assert told == [(2, ""), (3, "2")]
    assert [f.value for f in runs.refusals(ran.id, reader=cast.liam.pk)] == ["1", "2"]
