"""Printing the codes of letters, and using one (ITS8, S16, S20). Every function takes many.

A code exists in clear in what :func:`print_for` gives back, and in the letter: nowhere else.
"""

from collections.abc import Iterable

from django.contrib.auth.hashers import make_password

from schoolgate.audit.actions import Actor, batch, user_actor
from schoolgate.kit import bulk, locks
from schoolgate.kit.refusal import Refusal
from schoolgate.people import invitations, printed_codes
from schoolgate.people.models import FirstPassword, InvitationEnding, PrintedCode, User
from schoolgate.people.printed_codes import KIND, hash_of, new_code

USE_ANOTHER = "Ask for a new letter: this code has been used, replaced, or is too old."
_COLUMNS = [
    "id", "user_id", "code_hash", "made_at", "made_by_id", "expires_at", "ended_how",
]  # fmt: skip


def print_for(user_ids: Iterable[int], *, by: Actor, resets: bool = False) -> dict[int, str]:
    """A fresh code for each of these users, in clear, by user id.

    It takes the place of what they were invited with, on paper or by mail (S20). Those gone, and
    those whose sign-in is set up, are left out; ``resets``: but not who is set up and has no
    e-mail address, who could not get in again by themselves.
    """
    with batch(by=by) as events:
        locks.while_writing()
        wanted = _those_to_print_for(user_ids, resets)
        if not wanted:
            return {}
        invitations.end(wanted, InvitationEnding.REPLACED, at=events.at)
        printed = {user_id: new_code() for user_id in wanted}
        made = bulk.new_ids(PrintedCode, len(printed))
        rows = list(zip(made, printed.items(), strict=True))
        expires_at = events.at + printed_codes.lasts()
        bulk.load(
            PrintedCode._meta.db_table,
            _COLUMNS,
            (
                (id_, user_id, hash_of(code), events.at, by.user_id, expires_at, "")
                for id_, (user_id, code) in rows
            ),
        )
        events.add(("printed", KIND, id_, "", user_id, None, "") for id_, (user_id, _) in rows)
        return printed


def _those_to_print_for(user_ids: Iterable[int], resets: bool) -> list[int]:
    """The ids of those who can be given a letter, locked until the transaction ends."""
    who = "substr(u.password, 1, 1) IN ('', '!')"
    if resets:
        who = f"({who} OR u.email_key IS NULL)"
    lock = " FOR NO KEY UPDATE OF u" if bulk.on_postgresql() else ""
    with bulk.temporary("printing", "id BIGINT PRIMARY KEY"):
        bulk.load("printing", ["id"], ((id_,) for id_ in set(user_ids)))
        bulk.analyse("printing")
        found = bulk.select(
            "SELECT u.id FROM printing i JOIN people_user u ON u.id = i.id"
            f" WHERE u.gone_at IS NULL AND {who} ORDER BY u.id{lock}"
        )
    return [id_ for (id_,) in found]


def redeem(code_id: int, *, password: str) -> User:
    """Set the password of the user for whom the code was printed, and use it up (S16).

    Raises Refusal when it does not work any more, or somebody else was quicker.
    """
    hashed = make_password(password)  # before anybody waits for a lock
    found = printed_codes.find_by_id(code_id)
    if found is None:
        raise Refusal(USE_ANOTHER)
    with batch(by=user_actor(found.user_id)) as events:
        user = User.objects.select_for_update(no_key=True).get(pk=found.user_id)
        still = printed_codes.find_by_id(code_id)
        ended = still and printed_codes.end([user.pk], how=InvitationEnding.ACCEPTED, at=events.at)
        if not ended or not _may_redeem(user):
            raise Refusal(USE_ANOTHER)
        invitations.end([user.pk], InvitationEnding.ACCEPTED, at=events.at)
        # A first password from a file has served its time, and none is to come after.
        FirstPassword.objects.filter(user_id=user.pk).delete()
        user.password, user.has_first_password = hashed, None
        user.save(update_fields=["password", "has_first_password"])
        events.add([("accepted", KIND, found.pk, "", user.pk, None, "")])
    return user


def _may_redeem(user: User) -> bool:
    """Whether the user may still set up, or choose anew, by a letter."""
    return not user.password or not user.has_usable_password() or user.email_key is None
