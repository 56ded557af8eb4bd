"""What the environment says of identity providers, and the sentences for what is wrong there."""

from __future__ import annotations

import pytest

from schoolgate.sign_in.provider_settings import read
from tests.jobs.programs import SECRET, is_a_sentence, schoolgate

TENANT, ANOTHER = "0f2c4a10-1111-4222-8333-444455556666", "9188040d-6c67-4c5b-b112-36a304b66dad"
HIDDEN = "hidden~secret"


def environment(name: str, **values: str) -> dict[str, str]:
    given = {"CLIENT": "our-id", "SECRET": HIDDEN, **values}
    return {f"SCHOOLGATE_PROVIDER_{name.upper()}_{key}": given[key] for key in given}


def test_google_needs_a_client_and_its_secret_only():
    (google,), problems = read(["google"], environment("google"))
    assert problems == []
    assert (google.label, google.issuer) == ("Google", "https://accounts.google.com")
    assert google.asks_which
    assert not google.trusts_second_factor
    assert HIDDEN not in repr(google)


def test_microsoft_of_one_tenant_is_an_issuer_by_itself():
    (one,), problems = read(["microsoft"], environment("microsoft", TENANTS=TENANT.upper()))
    assert problems == []
    assert one.issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert one.tenants == frozenset()


def test_microsoft_of_several_tenants_keeps_a_list_of_them():
    (many,), problems = read(
        ["microsoft"], environment("microsoft", TENANTS=f"{TENANT}, {ANOTHER}")
    )
    assert problems == []
    assert many.issuer == "https://login.microsoftonline.com/organizations/v2.0"
    assert many.tenants == {TENANT, ANOTHER}


def test_any_provider_is_known_by_its_issuer():
    (mine,), problems = read(
        ["northshire"],
        environment(
            "northshire",
            ISSUER="https://login.northshire.example/realms/staff",
            LABEL="Northshire sign-in",
            TRUST_SECOND_FACTOR="yes",
        ),
    )
    assert problems == []
    assert (mine.label, mine.trusts_second_factor) == ("Northshire sign-in", True)


@pytest.mark.parametrize(
    ("names", "given", "sentence"),
    [
        (
            ["Big-Name"],
            {},
            "Name each provider in SCHOOLGATE_PROVIDERS with small letters and digits, such as"
            " microsoft,google: 'Big-Name' is no such name.",
        ),
        (
            ["google", "google"],
            environment("google"),
            "Name google once in SCHOOLGATE_PROVIDERS: it is there twice.",
        ),
        (
            ["google"],
            {"SCHOOLGATE_PROVIDER_GOOGLE_SECRET": HIDDEN},
            "Set SCHOOLGATE_PROVIDER_GOOGLE_CLIENT to the client id that the provider gave:"
            " it is not set.",
        ),
        (
            ["google"],
            {"SCHOOLGATE_PROVIDER_GOOGLE_CLIENT": "our-id"},
            "Set SCHOOLGATE_PROVIDER_GOOGLE_SECRET to the client secret that the provider gave:"
            " it is not set.",
        ),
        (
            ["microsoft"],
            environment("microsoft"),
            "Set SCHOOLGATE_PROVIDER_MICROSOFT_TENANTS to the id of your organisation at Microsoft"
            " (Directory (tenant) ID), or to several, separated by commas: it is not set.",
        ),
        (
            ["microsoft"],
            environment("microsoft", ISSUER="https://login.microsoftonline.com/common/v2.0"),
            "Set SCHOOLGATE_PROVIDER_MICROSOFT_TENANTS to the ids of the tenants whose accounts may"
            " be used: common stands for anybody's.",
        ),
        (
            ["work"],
            environment("work", ISSUER="https://login.microsoftonline.com/consumers/v2.0"),
            "Set SCHOOLGATE_PROVIDER_WORK_TENANTS to the ids of the tenants whose accounts may"
            " be used: consumers stands for anybody's.",
        ),
        (
            ["microsoft"],
            environment("microsoft", TENANTS="northshire.example"),
            "Set SCHOOLGATE_PROVIDER_MICROSOFT_TENANTS to ids of tenants, separated by commas:"
            " 'northshire.example' is none.",
        ),
        (
            ["work"],
            environment("work", ISSUER="https://login.microsoftonline.com/northshire.example/v2.0"),
            "Set SCHOOLGATE_PROVIDER_WORK_ISSUER with the id of the tenant in it:"
            " 'northshire.example' is no id.",
        ),
        (
            ["work"],
            environment(
                "work",
                ISSUER=f"https://login.microsoftonline.com/{TENANT}/v2.0",
                TENANTS=ANOTHER,
            ),
            "Leave out SCHOOLGATE_PROVIDER_WORK_TENANTS, or SCHOOLGATE_PROVIDER_WORK_ISSUER:"
            " they name different accounts.",
        ),
        (
            ["google"],
            environment("google", TENANTS=TENANT),
            "Leave out SCHOOLGATE_PROVIDER_GOOGLE_TENANTS, or SCHOOLGATE_PROVIDER_GOOGLE_ISSUER:"
            " they name different accounts.",
        ),
        (
            ["google", "again"],
            {
                **environment("google"),
                **environment("again", ISSUER="https://accounts.google.com"),
            },
            "Leave out one of the providers in SCHOOLGATE_PROVIDERS: again has the issuer of an"
            " earlier one.",
        ),
        (
            ["work"],
            environment("work", ISSUER="https://login.example.org", TRUST_SECOND_FACTOR="Yes"),
            "Set SCHOOLGATE_PROVIDER_WORK_TRUST_SECOND_FACTOR to yes or no: it is 'Yes'.",
        ),
        (
            ["work"],
            environment("work", ISSUER="https://login.example.org", LABEL="x" * 41),
            "Set SCHOOLGATE_PROVIDER_WORK_LABEL to at most 40 characters: it has 41.",
        ),
        *(
            (
                ["work"],
                environment("work", ISSUER=issuer),
                "Set SCHOOLGATE_PROVIDER_WORK_ISSUER to the provider's issuer, an https address"
                f" such as https://login.example.org: {issuer!r} is none.",
            )
            for issuer in (
                "", "login.example.org", "http://login.example.org", "https://", "https://[",
                "https://login.example.org?x=1", "https://me@login.example.org", "ftp://a.example",
                "https://login.example.org:port", "https://login.example.org/" + "x" * 255,
            )
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_a_sentence_and_left_out(names, given, sentence):
    found, problems = read(names, given)
    assert sentence in problems
    assert len(found) < len(names)
    assert all(is_a_sentence(problem) for problem in problems)
    assert HIDDEN not in " ".join(problems)


def test_start_says_so_and_serves_nothing(tmp_path):
    done = schoolgate(
        "start",
        url=f"sqlite:///{tmp_path}/data.sqlite3",
        SCHOOLGATE_SECRET_KEY=SECRET,
        SCHOOLGATE_URL="http://localhost:8000",
        SCHOOLGATE_PROVIDERS="google, work",
        SCHOOLGATE_PROVIDER_GOOGLE_SECRET=HIDDEN,
    )
    assert done.returncode == 2
    assert is_a_sentence(done.stderr)
    assert "SCHOOLGATE_PROVIDER_GOOGLE_CLIENT" in done.stderr
    assert "SCHOOLGATE_PROVIDER_WORK_ISSUER" in done.stderr
    assert HIDDEN not in done.stdout + done.stderr
