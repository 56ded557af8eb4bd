"""A row of a file of parents by itself: what is wrong with it, and by what it is known (ITS5)."""

from typing import TYPE_CHECKING

from schoolgate.intake import checks
from schoolgate.intake.parent_matching import BY_EMAIL, BY_SYNC, BY_USERNAME
from schoolgate.kit.names import (
    LONGEST_IDENTIFIER,
    LONGEST_NAME,
    email_key,
    identifier_key,
    lookalike_key,
    looks_garbled,
    name_key,
)

if TYPE_CHECKING:
    from schoolgate.intake.plan_parents import ParentsPlan


def stage(plan: "ParentsPlan", n: int, cells: list[str]) -> None:
    """Look at one row by itself, and keep what the set-based part needs."""
    first, last = plan.cell(cells, "first_name"), plan.cell(cells, "last_name")
    plan.need(n, "first_name", first)
    plan.need(n, "last_name", last)
    for name, value in (("first_name", first), ("last_name", last)):
        if looks_garbled(value):
            plan.staged.warn(
                n, plan.title(name), value,
                "Check the letters of this name: it looks as if the file went through a"
                " wrong encoding. It is kept as it stands.", "garbled",
            )  # fmt: skip
    email, username = _sign_in(plan, n, cells)
    phone = plan.cell(cells, "phone")
    if phone and not checks.is_phone(phone):
        plan.staged.warn(
            n, plan.title("phone"), phone,
            "Check the phone number: it is kept as it stands, and is not one that we"
            " understand.", "phone",
        )  # fmt: skip
    sync, child = plan.cell(cells, "sync"), _child(plan, n, cells)
    sync_key, username_key, key = identifier_key(sync), email_key(username), email_key(email)
    if len(sync_key) > LONGEST_IDENTIFIER:
        _too_wide(plan, n, "sync", sync, LONGEST_IDENTIFIER)
        sync_key = ""
    ident = next(
        (
            mark + value
            for mark, value in (
                (BY_SYNC, sync_key), (BY_USERNAME, username_key), (BY_EMAIL, key),
            )
            if value
        ),
        "",
    )  # fmt: skip
    plan.keep(
        "plan_row",
        (
            n, ident, first, last, name_key(first), name_key(last), sync, sync_key, username,
            username_key, email, key, lookalike_key(key), phone,
            plan.cell(cells, "relationship"), child, identifier_key(child),
        ),
    )  # fmt: skip
    password = next((cells[place].strip() for place in plan.places(cells, "password")), "")
    if password:
        plan.passwords[n] = password
        plan.keep("plan_password", (n,))


def _sign_in(plan: "ParentsPlan", n: int, cells: list[str]) -> tuple[str, str]:
    """The e-mail and the user name of a row; blank where one is none."""
    email, username = plan.cell(cells, "email"), plan.cell(cells, "username")
    if not email and not username:
        field = "username" if plan.mapping.place("email") is None else "email"
        plan.staged.fault(
            n, plan.title(field), "",
            "Enter a user name or an e-mail: with one of the two this person signs in.",
            "empty-cell",
        )  # fmt: skip
    if email and not checks.is_address(email):
        plan.staged.fault(
            n, plan.title("email"), email,
            "Enter an e-mail address like name@example.org, or leave it out and give a user"
            " name.", "not-an-address",
        )  # fmt: skip
        email = ""
    if email_key(username) == email_key(email):
        username = ""  # they sign in with the address
    elif "@" in username:
        plan.staged.fault(
            n, plan.title("username"), username,
            "Enter a user name without @, or put the address under"
            f" {plan.title('email')} alone: a user name is no address.", "username-address",
        )  # fmt: skip
        username = ""
    if len(email_key(username)) > LONGEST_NAME:
        _too_wide(plan, n, "username", username, LONGEST_NAME)
        username = ""
    return email, username


def _too_wide(plan: "ParentsPlan", n: int, name: str, value: str, most: int) -> None:
    plan.staged.fault(
        n, plan.title(name), value,
        f"Shorten this to {most} characters: some of its letters stand for several.",
        "too-long",
    )  # fmt: skip


def _child(plan: "ParentsPlan", n: int, cells: list[str]) -> str:
    place = plan.child_place
    child = cells[place].strip() if place < len(cells) else ""
    heading = plan.mapping.headings[place]
    if not child:
        plan.staged.fault(
            n, heading, "", f"Enter the {heading}: it names the child of this row.",
            "empty-cell", place=place,
        )  # fmt: skip
    elif len(identifier_key(child)) > LONGEST_IDENTIFIER:
        plan.staged.fault(
            n, heading, child[:100] + "…",
            f"Shorten this to {LONGEST_IDENTIFIER} characters: no identifier is longer.",
            "too-long", place=place,
        )  # fmt: skip
        child = ""
    return child
