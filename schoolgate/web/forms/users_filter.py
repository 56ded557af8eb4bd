"""The filters of the table of users."""

from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from schoolgate.access.holdings import denied, holders
from schoolgate.access.own_roles import every_role
from schoolgate.people import invitations, printed_codes
from schoolgate.people.models import User
from schoolgate.schools.establishments import called, described
from schoolgate.schools.models import Establishment
from schoolgate.web.components import Line
from schoolgate.web.forms.pupils import Filter

FEW = 1000
INACTIVE = "Inactive"
STATUSES = {
    "not-invited": invitations.NOT_INVITED,
    "invited": invitations.INVITED,
    "expired": invitations.EXPIRED,
    "bounced": invitations.BOUNCED,
    "active": invitations.ACTIVE,
    "inactive": INACTIVE,
}


class PlaceField(forms.CharField):
    """An establishment to filter by, as it was typed."""

    depends = True


class UserFilters(forms.Form):
    """By role, status and establishment. What is no choice filters nothing, and is not shown."""

    role = Filter(
        label="Role",
        required=False,
    )
    status = Filter(
        label="Status", required=False, choices=[("", "All statuses"), *STATUSES.items()]
    )
    establishment = PlaceField(
        label="Establishment",
        required=False,
        max_length=200,
        widget=Line(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    # As the headings of the table do, which a phone does not show.
    sort = Filter(
        label="Sort by",
        required=False,
        choices=[
            ("", "Name, from A"),
            ("-name", "Name, from Z"),
            ("email", "E-mail or user name, from A"),
            ("-email", "E-mail or user name, from Z"),
            ("-signed-in", "Last signed in, newest first"),
            ("signed-in", "Last signed in, oldest first"),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roles = every_role()
        named = ((role.code, role.name) for role in self.roles.values())
        self.fields["role"].choices = [("", "All roles"), *named]  # type: ignore[attr-defined]
        self.is_valid()
        given = self.cleaned_data
        self.by_role: str = given.get("role") or ""
        self.by_status: str = given.get("status") or ""
        self.wanted_place = (given.get("establishment") or "").strip()
        self.places: list[Establishment] = called(self.wanted_place) if self.wanted_place else []

    @property
    def chosen(self) -> list[tuple[str, str, str]]:
        """What is on: the field, its label, and the choice in words."""
        on = []
        if self.by_role:
            on.append(("role", "Role", self.roles[self.by_role].name))
        if self.by_status:
            on.append(("status", "Status", STATUSES[self.by_status]))
        if self.wanted_place:
            words = self.wanted_place
            if len(self.places) == 1:
                words = described(self.places[0])
            on.append(("establishment", "Establishment", words))
        return on

    def applied_to(self, users: QuerySet[User]) -> QuerySet[User]:
        """Those of the users whom the filters let through."""
        today = timezone.localdate()
        if self.by_role:
            users = _among(users, holders(today, role=self.by_role))
        if self.by_status == "inactive":
            users = _among(users, denied())
        elif self.by_status:
            if self.by_status == "expired":
                users = _among(users, invitations.expired(), printed_codes.expired())
            elif self.by_status == "bounced":
                users = _among(users, invitations.bounced())
            state = invitations.in_state(users, STATUSES[self.by_status])
            users = state.exclude(pk__in=denied())
        if self.wanted_place:
            ids = [school.pk for school in self.places]
            there = holders(today, establishments=ids)
            workers = User.objects.filter(workplace_id__in=ids, gone_at__isnull=True)
            users = _among(users, there, workers.values_list("pk", flat=True))
        return users


def _among(users: QuerySet[User], *lists: QuerySet[Any, int]) -> QuerySet[User]:
    """The users whose ids are in one of the lists.

    A few are named outright, so that the database goes straight to them. Of many it is asked row
    by row, in the order of the table, whose first page is then soon full.
    """
    few: set[int] = set()
    for ids in lists:
        few.update(ids[: FEW + 1])
        if len(few) > FEW:
            break
    else:
        return users.filter(pk__in=few)
    names = ["pk" if ids.model is User else "user_id" for ids in lists]
    asked = [
        Q(Exists(ids.filter(**{name: OuterRef("pk")})))
        for name, ids in zip(names, lists, strict=True)
    ]
    return users.filter(reduce(or_, asked))
