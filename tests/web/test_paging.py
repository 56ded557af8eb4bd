"""Lists in pages, by key: against lists cut by hand."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from schoolgate.kit.names import name_key
from schoolgate.schools.models import Pupil
from schoolgate.web.paging import beginning, page_of
from tests import factories

ORDER = ("last_key", "first_key", "pk")


@pytest.fixture
def pupils(db) -> list[Pupil]:
    """Many of one name, some of none, in no order."""
    names = ["Ash", "Ash", "Ash", "Birch", "", "Cedar", "Ash", "Birch", "Élan", "Ωmega", "zz"]
    for number, name in enumerate(names):
        factories.pupil(last_name=name, first_name="AB"[number % 2])
    return list(Pupil.objects.order_by(*ORDER))


@pytest.mark.parametrize("size", [1, 2, 3, 10, 11, 50])
@pytest.mark.parametrize("cut", [0, 4, 11])
def test_forwards_and_backwards_every_row_comes_once(pupils, size, cut):
    first = [pupil.pk for pupil in pupils[:cut]]
    sections = [Pupil.objects.filter(pk__in=first), Pupil.objects.exclude(pk__in=first)]
    query, pages = "", []
    while True:
        page = page_of(RequestFactory().get(f"/{query}"), sections, ORDER, size=size)
        pages.append([row.pk for row in page.rows])
        if page.following is None:
            break
        query = page.following
    assert [pk for page_ids in pages for pk in page_ids] == [pupil.pk for pupil in pupils]
    for expected in reversed(pages[:-1]):
        page = page_of(RequestFactory().get(f"/{page.previous}"), sections, ORDER, size=size)
        assert [row.pk for row in page.rows] == expected
    assert page.previous is None


def test_what_was_searched_for_stays_in_the_address(pupils):
    request = RequestFactory().get("/?q=a+b%26c")
    page = page_of(request, [Pupil.objects.all()], ORDER, size=2)
    assert page.following == f"?q=a+b%26c&after={pupils[1].pk}"


@pytest.mark.parametrize(
    "text", ["a", "ash", "z", "zz", "zzz", "é", "elan", "ω", "ωm", "b9", "9", "%", "a%", "_"]
)
def test_beginning_is_exactly_that(pupils, text):
    key = name_key(text) or text
    found = set(Pupil.objects.filter(beginning("last_key", key)).values_list("pk", flat=True))
    assert found == {pupil.pk for pupil in pupils if pupil.last_key.startswith(key)}
