"""Changing users: keys follow, addresses stay one person's, and both addresses are told."""

from __future__ import annotations

import pytest

from schoolgate.audit.models import Event
from schoolgate.kit.refusal import Refusal
from schoolgate.outbox.models import Mail
from schoolgate.people import actions as people
from schoolgate.people.models import User
from tests import factories
from tests.cast import Cast


def test_many_are_changed_at_once_with_their_keys_and_one_event_each(cast: Cast) -> None:
    before = Event.objects.count()
    people.change_users(
        [
            (cast.dora.pk, "last_name", "Łuk"),
            (cast.dora.pk, "email", "DORA.Luk@Abbey.example"),
            (cast.theo.pk, "first_name", "Théo"),
            (cast.theo.pk, "workplace", cast.abbey.pk),
        ],
        by=cast.as_ada,
    )
    dora, theo = User.objects.get(pk=cast.dora.pk), User.objects.get(pk=cast.theo.pk)
    assert (dora.last_key, dora.email, dora.email_key) == (
        "luk", "DORA.Luk@Abbey.example", "dora.luk@abbey.example",
    )  # fmt: skip
    assert dora.lookalike_key == "dora.luk@abbey.exampie".replace("i", "l")
    assert (theo.first_name, theo.first_key, theo.workplace_id) == ("Théo", "theo", cast.abbey.pk)
    assert Event.objects.count() == before + 2


def test_an_address_of_somebody_else_is_refused_in_words_and_nothing_is_changed(cast: Cast) -> None:
    wanted = [(cast.dora.pk, "phone", "1"), (cast.dora.pk, "email", "THEO@brook.example")]
    with pytest.raises(Refusal, match="Enter another e-mail address"):
        people.change_users(wanted, by=cast.as_ada)
    dora = User.objects.get(pk=cast.dora.pk)
    assert (dora.email, dora.phone) == ("dora@abbey.example", "")
    assert not Mail.objects.exists()


def test_both_addresses_are_told_and_one_that_is_not_there_is_not(cast: Cast) -> None:
    named = factories.user(email="", username="kim.1")
    people.change_users(
        [(cast.dora.pk, "email", "d@abbey.example"), (named.pk, "email", "kim@x.example")],
        by=cast.as_ada,
    )
    told = Mail.objects.order_by("user_id", "kind").values_list("user_id", "kind", "address")
    assert set(told) == {
        (cast.dora.pk, "address-changed-old", "dora@abbey.example"),
        (cast.dora.pk, "address-changed-new", "d@abbey.example"),
        (named.pk, "address-changed-new", "kim@x.example"),
    }


def test_a_field_that_is_no_address_tells_nobody(cast: Cast) -> None:
    people.change_users([(cast.dora.pk, "phone", "1")], by=cast.as_ada)
    assert not Mail.objects.exists()
