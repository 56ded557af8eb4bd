"""The months in which users signed in (PP9): where an older database has them from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from schoolgate.audit import actions as audit
from schoolgate.people.models import ActiveMonth
from tests import factories


@pytest.mark.usefixtures("unmigrated_database")
def test_the_months_that_the_log_tells_of_are_counted_too() -> None:
    call_command("migrate", verbosity=0)
    jo, kim = factories.user(), factories.user()
    moments = [
        (jo, datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (jo, datetime(2026, 3, 20, 9, tzinfo=UTC)),
        (jo, datetime(2026, 5, 31, 23, 30, tzinfo=UTC)),  # half past midnight in summer time
        (kim, datetime(2026, 5, 31, 22, 30, tzinfo=UTC)),
    ]
    for user, moment in moments:
        with patch.object(timezone, "now", return_value=moment):
            audit.signed_in(user.pk)
    audit.viewed(by=audit.user_actor(kim.pk), kind="list", object_id=None, pupil_ids=[1])
    call_command("migrate", "people", "0004_schools_inside", verbosity=0)
    assert "people_activemonth" not in connection.introspection.table_names()

    call_command("migrate", verbosity=0)

    found = ActiveMonth.objects.order_by("user_id", "month")
    assert list(found.values_list("user_id", "month", "last_on", "last_at")) == [
        (jo.pk, date(2026, 3, 1), date(2026, 3, 20), moments[1][1]),
        (jo.pk, date(2026, 6, 1), date(2026, 6, 1), moments[2][1]),
        (kim.pk, date(2026, 5, 1), date(2026, 5, 31), moments[3][1]),
    ]
