"""What stands in the tables now: everything but what was ended or is gone."""

from __future__ import annotations

from typing import Any

from schoolgate.access.models import Denial, Grant, Restriction
from schoolgate.people.models import StaffRecord, SyncId, User
from schoolgate.schools.models import (
    CareEpisode,
    ClassMembership,
    ClassSubject,
    Enrolment,
    Establishment,
    EstablishmentLink,
    Pupil,
    PupilIdentifier,
    SchoolClass,
)

_THINGS: dict[type[Any], tuple[str, ...]] = {
    User: ("id", "email_key", "lookalike_key", "first_name", "last_name", "first_key", "last_key",
           "job_title", "phone", "workplace_id", "import_id", "touched_import_id", "source"),
    Pupil: ("id", "first_name", "last_name", "first_key", "last_key", "date_of_birth", "year",
            "class_name", "import_id", "touched_import_id"),
    Establishment: ("id", "urn", "name", "name_key", "status", "town", "closed_on", "import_id",
                    "touched_import_id"),
    SchoolClass: ("id", "establishment_id", "name", "name_key", "import_id", "touched_import_id"),
}  # fmt: skip
_RECORDS: dict[type[Any], tuple[str, ...]] = {
    PupilIdentifier: ("pupil_id", "kind", "value", "value_key", "well_formed"),
    Enrolment: ("pupil_id", "establishment_id", "elsewhere", "starts_on", "ends_on"),
    CareEpisode: ("pupil_id", "starts_on", "ends_on"),
    ClassMembership: ("school_class_id", "pupil_id", "from_register", "starts_on", "ends_on"),
    ClassSubject: ("school_class_id", "subject_area_id", "starts_on", "ends_on"),
    Grant: (
        "user_id",
        "role",
        "establishment_id",
        "subject_area_id",
        "school_class_id",
        "pupil_id",
        "starts_on",
        "ends_on",
    ),
    SyncId: ("user_id", "value", "value_key"),
    StaffRecord: ("user_id", "establishment_id", "sync", "mis_id"),
    Restriction: ("user_id", "pupil_id", "reason", "starts_on", "ends_on"),
    Denial: ("user_id", "establishment_id"),
}

Standing = dict[str, list[str]]


def standing() -> Standing:
    """Table -> its live rows, without the ids and moments of records."""
    found: Standing = {}
    for model, fields in _THINGS.items():
        rows = [
            (*row, touched is None)
            for touched, *row in model.objects.filter(gone_at=None).values_list(
                "touched_at", *fields
            )
        ]
        found[model.__name__] = sorted(map(repr, rows))
    for model, fields in _RECORDS.items():
        live = model.objects.filter(ended_at=None)
        found[model.__name__] = sorted(map(repr, live.values_list(*fields, "source", "import_id")))
    links = EstablishmentLink.objects.values_list("urn", "link_urn", "link_type", "established_on")
    found["EstablishmentLink"] = sorted(map(repr, links))
    return found


def difference(before: Standing, after: Standing) -> dict[str, tuple[set[str], set[str]]]:
    """Table -> the rows that stand no more, and those that stand since."""
    return {
        name: (set(before[name]) - set(after[name]), set(after[name]) - set(before[name]))
        for name in before
        if before[name] != after[name]
    }
