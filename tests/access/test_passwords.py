"""What is known of a user when they choose a password: second factor, places, organisation."""

from __future__ import annotations

import hashlib

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from schoolgate.access import passwords
from schoolgate.audit.actions import SYSTEM
from schoolgate.kit.refusal import Refusal
from schoolgate.people.models import User
from schoolgate.schools.actions import name_organisation
from schoolgate.sign_in.models import Passkey, Totp
from tests import factories
from tests.cast import Cast


def said(password: str, user: User) -> str:
    try:
        passwords.check(password, user)
    except Refusal as refusal:
        return str(refusal)
    return ""


def test_s23_eight_characters_will_do_once_there_is_a_second_factor(cast: Cast) -> None:
    now = timezone.now()
    assert "at least 12" in said("kwm ferz", cast.dora)
    Totp.objects.create(user=cast.dora, sealed_secret="-", made_at=now)
    Passkey.objects.create(user=cast.theo, name="-", credential_id="-", public_key=b"", made_at=now)
    assert said("kwm ferz", cast.dora) == said("kwm ferz", cast.theo) == ""
    assert "at least 12" in said("kwm ferz", cast.sara)
    assert "at least 8" in said("kwm fer", cast.dora)


def test_s23_the_schools_are_where_one_works_or_holds_something(cast: Cast) -> None:
    name_organisation(name="Northshire Virtual School", by=SYSTEM)
    cedar = factories.establishment(name="Cedar Primary School")
    factories.post(cast.liam, cedar)
    cast.sara.workplace = cedar
    cast.sara.save(update_fields=["workplace"])
    school = "the name of your school"

    assert school in said("abbeyabbeyabbey", cast.theo)  # a grant
    assert school in said("a brook in may", cast.theo)
    assert school in said("a cedar in may", cast.liam)  # the staff
    assert school in said("a cedar in may", cast.sara)  # the workplace
    assert said("a cedar in may", cast.theo) == said("a brook in may", cast.dora) == ""
    for user in (cast.theo, cast.noor, User()):
        assert "the name of your organisation" in said("north$hire in may", user)


def test_the_organisation_that_is_being_set_up_counts_before_it_has_its_name(db: None) -> None:
    passwords.check("a lantern of northshire", User())
    with pytest.raises(Refusal, match="your organisation"):
        passwords.check("a lantern of northshire", User(), organisation="Northshire LA")


def test_the_check_of_django_is_the_same_one(cast: Cast) -> None:
    for password in ("kwm ferz", "password1234", "theo and the ferry", "an abbey in may"):
        with pytest.raises(ValidationError) as told:
            validate_password(password, cast.theo)
        assert told.value.messages == [said(password, cast.theo)]
    validate_password("lantern ferry quilt", cast.theo)
    validate_password("lantern ferry quilt")
    with pytest.raises(ValidationError, match="at least 12"):
        validate_password("kwm ferz")


def test_s23_the_operators_file_counts_too(cast: Cast, settings, tmp_path) -> None:
    file = tmp_path / "pwned.txt"
    known = hashlib.sha1(b"lantern ferry quilt", usedforsecurity=False).hexdigest().upper()
    file.write_text(f"{known}:2\n")
    assert said("Lantern ferry quilt", cast.theo) == ""
    settings.BREACHED_PASSWORDS = str(file)
    assert said("Lantern ferry quilt", cast.theo).startswith("Choose another password")
    assert said("lantern ferry quill", cast.theo) == ""
