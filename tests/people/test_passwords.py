"""What passwords will do, and how they are hashed (S23)."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import check_password, make_password

from schoolgate.kit.refusal import Refusal
from schoolgate.people import passwords
from schoolgate.people.models import User

ZOFIA = User(
    first_name="Zofia",
    last_name="Zając-O’Connor",
    email="z.lindqvist84@abbey.example",
    username="zofia99",
)
AL = User(first_name="Al", last_name="Ng", email="al@x.example")
SCHOOLS = ["St Bregwin's Catholic Primary School", "Brook Academy"]
ORGANISATIONS = ["Northshire Virtual School", ""]

FIRST, LAST = "your first name", "your last name"
SCHOOL, ORGANISATION = "the name of your school", "the name of your organisation"


def said(password: str, user: User = ZOFIA, *, second: bool = False) -> str:
    """What is said of a password; nothing when it will do."""
    try:
        passwords.check(
            password,
            user,
            has_second_factor=second,
            schools=SCHOOLS,
            organisations=ORGANISATIONS,
        )
    except Refusal as refusal:
        assert str(refusal).startswith("Choose ")
        assert not password or password not in str(refusal)
        return str(refusal)
    return ""


@pytest.mark.parametrize(
    "password",
    [
        "lantern ferry",
        "   leading and trailing blanks   ",
        "one two three",
        "onlysmalllettersherenothingelse",
        "907243516870924615",
        "пароль из слов длинный",
        "ÆØÅ æøå ÆØÅ!",
        "🐎🔋📎✅🐎🔋📎✅🐎🔋📎✅",
        "tab\tin the middle",
        "' OR 1=1; --<script>",
        "x y" * 333,
        "a1" + "lantern orchard ferry quilt " * 35,
        # Words that are in the names of many schools, and pieces of names.
        "old primary school bell",
        "high church of catholic saints",
        "virtual orchard council",
        "a fia for the brew",
    ],
)
def test_s23_long_ones_of_any_characters_will_do(password: str) -> None:
    assert 12 <= len(password) <= 1_000
    assert said(password) == ""


@pytest.mark.parametrize(
    ("password", "second", "least"),
    [
        ("", False, 12),
        ("lantern fer", False, 12),
        ("lantern", True, 8),
        ("", True, 8),
        # As many signs as a person typed, in whichever form each of them is.
        ("ﷺ", False, 12),
        ("e\u0301" * 6, False, 12),
    ],
)
def test_s23_twelve_characters_or_eight_with_a_second_factor(
    password: str, second: bool, least: int
) -> None:
    sentence = said(password, second=second)
    assert sentence.startswith(f"Choose a password of at least {least} characters: this one has ")


def test_s23_eight_characters_will_do_with_a_second_factor_alone() -> None:
    assert said("kwm ferz", second=True) == ""
    assert said("kwm ferz").endswith("this one has 8 characters.")
    assert said("lantern ferz") == ""
    assert said("k") == "Choose a password of at least 12 characters: this one has 1 character."


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000"])
def test_s23_blanks_alone_will_not_do(blank: str) -> None:
    assert said(blank * 12) == "Choose a password with more in it than blanks."


def test_s23_a_thousand_characters_will_do_and_more_are_told() -> None:
    assert said("ab cd " * 166 + "efgh") == ""
    assert said("ab cd " * 166 + "efghi") == (
        "Choose a password of at most 1,000 characters: this one has 1,001 characters."
    )


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize(
    "password",
    [
        "1qaz2wsx3edc",
        "Password1234",
        "MANCHESTERUNITED",
        " iloveyouforever ",
        "ｐａｓｓｗｏｒｄ１２３４",
    ],
)
def test_s23_what_was_breached_will_not_do_in_any_case_or_width(
    password: str, second: bool
) -> None:
    assert said(password, second=second).startswith("Choose another password: this one is on ")


@pytest.mark.parametrize(
    ("password", "what"),
    [
        ("orchard zofia quilt", FIRST),
        ("orchardZOFIAquilt", FIRST),
        ("orchard z0f!a quilt", FIRST),
        ("orchard Zófiá quilt", FIRST),
        ("orchard zając quilt", LAST),
        ("orchard 24j4c quilt", LAST),
        ("orchard connor quilt", LAST),
        ("c-o-n-n-o-r orchard", LAST),
        ("my zofia99 orchard", FIRST),
        ("orchard lindqvist quilt", "your e-mail address"),
        ("orchard LINDQV1ST84", "your e-mail address"),
        ("z.lindqvist84@abbey.example", "your e-mail address"),
        ("bregwin orchard", SCHOOL),
        ("8r3gw1n orchard", SCHOOL),
        ("mighty brook flows", SCHOOL),
        ("northshire orchard", ORGANISATION),
        ("north-shire orchard", ORGANISATION),
        ("northshirevirtualschool", ORGANISATION),
        ("my $choolgate is open", "the name Schoolgate"),
        ("school gate school", "the name Schoolgate"),
    ],
)
def test_s23_names_that_whoever_guesses_knows_will_not_do(password: str, what: str) -> None:
    assert said(password) == (
        f"Choose a password without {what} in it: that is what people guess first."
    )
    assert said(password, second=True) == said(password)


def test_s23_a_user_name_will_not_do_and_the_names_of_others_will() -> None:
    noor = User(first_name="Noor", last_name="Rahman", username="pigeon.loft")
    assert "your user name" in said("the pigeon house", noor)
    assert "your user name" in said("p1ge0nl0ft forever", noor)
    assert said("orchard zofia quilt", noor) == ""


def test_s23_names_of_two_or_three_letters_are_in_too_many_words() -> None:
    assert said("along the song canal", AL) == ""
    assert "your e-mail address" in said("my al@x.example", AL)


def test_s23_a_password_is_the_same_one_on_every_keyboard(settings) -> None:
    composed, in_pieces = "caf\u00e9 lantern ferry", "cafe\u0301 lantern ferry"
    full_width, no_break = "ｃａｆé lantern ferry", "caf\u00e9\u00a0lantern ferry"
    for typed in (composed, in_pieces, full_width, no_break):
        kept = make_password(typed)
        assert kept.startswith("argon2$argon2id$")
        for again in (composed, in_pieces, full_width, no_break):
            assert check_password(again, kept)
        for other in ("cafe lantern ferry", composed.upper(), f" {composed}", f"{composed} "):
            assert not check_password(other, kept)
