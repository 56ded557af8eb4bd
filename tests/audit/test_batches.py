"""One transaction is one link of the chain: with all of its events, or not at all."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from schoolgate.access import accounts
from schoolgate.access import actions as access
from schoolgate.access.models import Grant
from schoolgate.access.roles import LA_USER, SOCIAL_WORKER
from schoolgate.audit.actions import SYSTEM, batch, user_actor, viewed
from schoolgate.audit.models import Event, EventBatch
from schoolgate.audit.queries import verify
from schoolgate.kit.records import Ending, Source
from schoolgate.kit.refusal import Refusal
from schoolgate.people import actions as people
from schoolgate.people.actions import NewUser
from schoolgate.people.models import User
from schoolgate.schools import actions as schools
from schoolgate.schools.models import CareEpisode, Establishment, Pupil
from tests import factories
from tests.cast import Cast
from tests.databases import OwnDatabase


def last_events() -> list[tuple[str, str]]:
    """Verb and kind of each event of the last batch, in order."""
    last = EventBatch.objects.latest("position")
    return list(Event.objects.filter(batch_id=last.pk).order_by("n").values_list("verb", "kind"))


def test_actions_called_by_an_action_share_its_batch(db: None) -> None:
    token = people.make_set_up_link(by=SYSTEM)
    new = NewUser("ada@council.example", "", "Ada", "Osei")
    accounts.set_up_first_administrator(
        token=token, new=new, password="correct horse battery", by=SYSTEM
    )

    assert EventBatch.objects.count() == 2
    assert last_events() == [("created", "user"), ("granted", "grant"), ("changed", "user")]
    assert list(verify()) == []


def test_a_batch_names_who_acted_and_from_which_import(cast: Cast) -> None:
    factories.grant(cast.noor, LA_USER, by=cast.as_ada)
    by_hand = EventBatch.objects.latest("position")
    people.change_users([(cast.noor.pk, "phone", "1")], by=user_actor(cast.ada.pk), import_id=7)
    by_import = EventBatch.objects.latest("position")

    assert (by_hand.actor, by_hand.actor_id, by_hand.import_id) == ("user", cast.ada.pk, None)
    assert by_import.import_id == 7
    assert timezone.now() - by_import.at < timedelta(minutes=1)


def test_a_transaction_in_which_nothing_happened_leaves_no_link(cast: Cast) -> None:
    before = EventBatch.objects.count()
    people.change_users([], by=SYSTEM)
    access.revoke([], by=SYSTEM)
    with batch(by=SYSTEM):
        pass

    assert EventBatch.objects.count() == before


def test_a_failed_action_leaves_no_event_and_no_change(cast: Cast) -> None:
    before = (EventBatch.objects.count(), Event.objects.count(), Grant.objects.count())
    with pytest.raises(Refusal), batch(by=SYSTEM):
        factories.grant(cast.noor, LA_USER)
        factories.user()
        factories.grant(cast.noor, LA_USER, school=cast.abbey)

    assert (EventBatch.objects.count(), Event.objects.count(), Grant.objects.count()) == before
    assert list(verify()) == []


def test_an_action_that_fails_inside_another_that_goes_on_leaves_nothing(cast: Cast) -> None:
    today = timezone.localdate()
    good = access.NewGrant(cast.noor.pk, SOCIAL_WORKER.code, None, cast.ben.pk, today)
    bad = access.NewGrant(cast.noor.pk, LA_USER.code, cast.abbey.pk, None, today)
    with batch(by=SYSTEM):
        factories.user(first_name="Before")
        with pytest.raises(Refusal), batch(by=SYSTEM):
            access.grant([good], by=SYSTEM, source=Source.BY_HAND)
            access.grant([bad], by=SYSTEM, source=Source.BY_HAND)
        factories.user(first_name="After")

    assert not Grant.objects.filter(user=cast.noor).exists()
    assert User.objects.filter(first_name__in=["Before", "After"]).count() == 2
    assert last_events() == [("created", "user"), ("created", "user")]
    assert list(verify()) == []


def test_a_database_error_inside_is_survived_as_well(cast: Cast) -> None:
    with batch(by=SYSTEM):
        with pytest.raises(DatabaseError):
            factories.user(email="dora@abbey.example")  # taken
        factories.user(email="new@abbey.example")

    assert User.objects.filter(email="dora@abbey.example").count() == 1
    assert list(verify()) == []


def test_links_have_no_gap_however_many_write_at_once(own_database: OwnDatabase) -> None:
    failed: list[Exception] = []

    def write() -> None:
        try:
            for _ in range(6):
                factories.user()
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert failed == []
    positions = EventBatch.objects.order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(1, 25))
    assert list(verify()) == []


def test_s54_one_child_shown_and_a_list_shown_are_one_event_each(cast: Cast) -> None:
    viewed(by=cast.as_ada, kind="pupil", object_id=cast.amira.pk, pupil_ids=[cast.amira.pk])
    one = Event.objects.latest("pk")
    viewed(by=cast.as_ada, kind="pupils", object_id=None, pupil_ids=[p.pk for p in cast.pupils])
    many = Event.objects.latest("pk")
    viewed(by=cast.as_ada, kind="pupils", object_id=None, pupil_ids=[])

    assert (one.verb, one.pupil_id, one.pupils) == ("viewed", cast.amira.pk, "")
    assert many.pupils == ",".join(str(pupil.pk) for pupil in cast.pupils)
    assert many.pupil_id is None
    assert Event.objects.latest("pk") == many


def test_s60_a_view_that_cannot_be_recorded_is_an_error(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event RENAME TO lost")
    with pytest.raises(DatabaseError), transaction.atomic():
        viewed(by=cast.as_ada, kind="pupil", object_id=None, pupil_ids=[cast.amira.pk])


CANARY = "Canary4711"


def test_events_hold_field_names_and_never_values(cast: Cast) -> None:
    user = factories.user(
        first_name=CANARY, last_name=CANARY, email=f"{CANARY}@example.org", job_title=CANARY
    )
    pupil = factories.pupil(
        first_name=CANARY, last_name=CANARY, upn=CANARY, year=CANARY, class_name=CANARY
    )
    school = factories.establishment(name=CANARY, urn="471147", town=CANARY)
    factories.episode(pupil)
    factories.restriction(user, pupil, reason=CANARY)
    people.change_users(
        [(user.pk, "phone", CANARY), (user.pk, "job_title", f"{CANARY}2")], by=SYSTEM
    )
    people.set_password(user=user, password=f"{CANARY}{CANARY}", by=SYSTEM)
    schools.change_things(Pupil, [(pupil.pk, "last_name", f"{CANARY}2")], by=SYSTEM)
    schools.change_things(Establishment, [(school.pk, "town", f"{CANARY}2")], by=SYSTEM)
    schools.end_records(
        CareEpisode, CareEpisode.objects.values_list("pk", flat=True), how=Ending.REMOVED, by=SYSTEM
    )
    schools.name_organisation(name=CANARY, by=SYSTEM)

    rows = [*Event.objects.values_list(), *EventBatch.objects.values_list()]
    told = "\n".join(str(value) for row in rows for value in row)
    assert CANARY.casefold() not in told.casefold()
    assert "471147" not in told
    assert "phone,job_title" in told
    assert "password" in told
    assert "last_name" in told
