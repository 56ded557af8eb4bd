"""The filters of the staff list (PP3)."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from schoolgate.access.roles import (
    DESIGNATED_TEACHER,
    FINANCE_MANAGER,
    LEADER,
    SCHOOL_ADMIN,
    TEACHER,
)
from schoolgate.access.staff_list import holding, of_subject
from schoolgate.people.models import SyncStatus, User
from schoolgate.schools.models import Establishment, SubjectArea
from schoolgate.web.forms.pupils import Filter
from schoolgate.web.forms.users_filter import STATUSES, UserFilters

# The roles that somebody can hold in a school.
ROLES_HERE = {
    role.code: role.name
    for role in (SCHOOL_ADMIN, LEADER, TEACHER, DESIGNATED_TEACHER, FINANCE_MANAGER)
}


class StaffFilters(forms.Form):
    """By status, role, subject area and sync status; what is no choice filters nothing."""

    status = Filter(
        label="Status", required=False, choices=[("", "All statuses"), *STATUSES.items()]
    )
    role = Filter(label="Role", required=False, choices=[("", "All roles"), *ROLES_HERE.items()])
    subject = Filter(label="Subject area", required=False)
    sync = Filter(
        label="Sync status",
        required=False,
        choices=[("", "All sync statuses"), *SyncStatus.choices],
    )
    sort = UserFilters.base_fields["sort"]

    def __init__(self, data: Any, *, school: Establishment) -> None:
        super().__init__(data)
        there = SubjectArea.objects.filter(establishment=school, gone_at__isnull=True)
        self._subjects = {str(one.pk): one for one in there.order_by("name_key", "pk")}
        names = [(id_, one.name) for id_, one in self._subjects.items()]
        self.fields["subject"].choices = [("", "All subject areas"), *names]  # type: ignore[attr-defined]
        self.is_valid()
        self._by: dict[str, str] = {
            name: self.cleaned_data.get(name) or ""
            for name in ("status", "role", "subject", "sync")
        }

    @property
    def chosen(self) -> list[tuple[str, str, str]]:
        """What is on: the field, its label, and the choice in words."""
        on = []
        for name, value in self._by.items():
            field = self.fields[name]
            if value:
                words = dict(field.choices)[value]  # type: ignore[attr-defined]
                on.append((name, str(field.label), str(words)))
        return on

    def applied_to(self, staff: QuerySet[User], school: Establishment) -> QuerySet[User]:
        """Those of the staff (from ``staff_of``) whom the filters let through."""
        by = self._by
        if by["status"] == "inactive":
            staff = staff.filter(Q(is_denied=True))
        elif by["status"]:
            staff = staff.filter(Q(is_denied=False, invitation_state=STATUSES[by["status"]]))
        if by["role"]:
            staff = holding(staff, school.pk, by["role"])
        if by["subject"]:
            staff = of_subject(staff, self._subjects[by["subject"]], timezone.localdate())
        if by["sync"]:
            staff = staff.filter(Q(sync=by["sync"]))
        return staff
