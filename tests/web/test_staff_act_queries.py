"""What is done with members of staff takes as many queries for few as for many."""

from __future__ import annotations

import pytest

from tests import factories
from tests.web.test_staff_act import asks, staff

# What these pages ask is asked of the rooms below, whose tests run on both databases.
pytestmark = pytest.mark.one_database

__all__ = ["staff"]


@pytest.mark.parametrize("more", [0, 2])
def test_query_count_of_what_is_done(school, browse, count_queries, staff, more):
    for _ in range(more):
        factories.post(factories.user(last_name="Kerry"), school.cast.abbey)
    nia, address = browse(school.nia), asks(staff, "upgrade", q="ker")
    with count_queries(21):
        page = nia.get(address)
    with count_queries(56, events=5):
        nia.post(address, **page.hidden())
