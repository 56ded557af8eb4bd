"""Browsers for people of the cast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from schoolgate.access import families
from schoolgate.access.families import NewLink
from schoolgate.access.roles import PARENT
from schoolgate.access.sign_in import SignInBackend
from schoolgate.audit.actions import SYSTEM
from schoolgate.audit.models import Event, EventBatch
from schoolgate.kit import bulk
from schoolgate.people.actions import set_password
from tests import factories
from tests.web.browsing import PASSWORD, Browser, with_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from schoolgate.people.models import User
    from tests.cast import Cast


@pytest.fixture(autouse=True)
def a_provider(settings: Any) -> None:
    """The organisation offers an identity provider, one that never answers."""
    settings.PROVIDERS = ["northshire"]
    settings.PROVIDER_SETTINGS = {
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_ISSUER": "http://127.0.0.1:9",
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_CLIENT": "schoolgate",
        "SCHOOLGATE_PROVIDER_NORTHSHIRE_SECRET": "a secret",
    }


@pytest.fixture
def browse() -> Callable[[User | None], Browser]:
    """A browser in which a user is signed in, or nobody."""

    def open_browser(user: User | None = None) -> Browser:
        client = Client(raise_request_exception=False)
        if user is not None:
            # As the backend knows the user now: their last denial is part of the session (S2).
            client.force_login(SignInBackend().get_user(user.pk) or user)
            with_session(client, user)
        return Browser(client)

    return open_browser


@pytest.fixture
def with_password() -> Callable[[User], str]:
    """Sets a user's password and returns it."""

    def give(user: User) -> str:
        set_password(user=user, password=PASSWORD, by=SYSTEM)
        return PASSWORD

    return give


@pytest.fixture
def count_queries(django_assert_num_queries) -> Callable[..., AbstractContextManager[object]]:
    """Asserts how many queries a page takes; on PostgreSQL an event takes a lock besides."""

    def expect(number: int, *, events: int = 0) -> AbstractContextManager[object]:
        return django_assert_num_queries(number + (events if bulk.on_postgresql() else 0))

    return expect


@pytest.fixture
def views_of() -> Callable[[User], list[Event]]:
    """The events that tell what a user was shown, oldest first."""

    def find(user: User) -> list[Event]:
        batches = EventBatch.objects.filter(actor_id=user.pk).values("pk")
        return list(Event.objects.filter(batch_id__in=batches, verb="viewed").order_by("pk"))

    return find


@pytest.fixture
def hana(cast: Cast) -> User:
    """Amira's mother."""
    user = factories.user(first_name="Hana", last_name="Haddad", email="hana@example.org")
    today = timezone.localdate()
    link = NewLink(user.pk, cast.amira.pk, PARENT.code, "Mother", today)
    families.connect([link], by=cast.as_ada)
    return user
