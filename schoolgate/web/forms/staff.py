"""Adding and editing a member of staff, with their levels in the school (PP2, PP7 to PP10)."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from django import forms

from schoolgate.access.levels import Levels
from schoolgate.access.roles import FINANCE_MANAGER, SCHOOL_ADMIN
from schoolgate.kit.names import email_key, tidy
from schoolgate.people.models import User
from schoolgate.schools.models import SubjectArea
from schoolgate.web.components import Radios, Tick, Ticks
from schoolgate.web.forms.users import PersonForm

NONE, EVERY, SOME = "none", "all", "some"
_IN_CATEGORY = "category-"
THERE_ONLY = "Choose among the subject areas shown: one of these is there no more."


class LevelsForm(forms.Form):
    """What somebody is in a school. ``areas``: its subject areas, each with its category."""

    admin = forms.BooleanField(
        label="School Admin",
        required=False,
        help_text=SCHOOL_ADMIN.purpose,
        widget=Tick(),
    )
    leads = forms.ChoiceField(
        label="Leader",
        choices=[
            (NONE, "Of no subject area"),
            (EVERY, "Of all subject areas"),
            (SOME, "Of these subject areas"),
        ],
        initial=NONE,
        help_text="A Leader sees the pupils in the classes of their subject areas, and can make"
        " others Leader of them",
        error_messages={
            "required": "Choose of which subject areas they are Leader.",
            "invalid_choice": "Choose one of the three.",
        },
        widget=Radios(),
    )
    subjects = forms.MultipleChoiceField(
        label="Subject areas",
        required=False,
        help_text="A category stands for all its subject areas",
        error_messages={"invalid_choice": THERE_ONLY},
        widget=Ticks(),
    )
    finance = forms.BooleanField(
        label="Finance Manager",
        required=False,
        help_text=FINANCE_MANAGER.purpose,
        widget=Tick(),
    )

    def __init__(
        self, *args: Any, areas: Sequence[SubjectArea], sets_finance: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.areas = areas
        if not sets_finance:
            del self.fields["finance"]
        if areas:
            self.fields["subjects"].choices = _choices(areas)  # type: ignore[attr-defined]
        else:
            del self.fields["subjects"], self.fields["leads"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("leads") == SOME and "subjects" in given and not given["subjects"]:
            self.add_error(
                "subjects", "Tick the subject areas that they lead, or choose “Of no subject area”."
            )
        return given

    def levels(self, held: Levels | None = None) -> Levels:
        """What is wished. What the form does not offer stays as it is ``held``."""
        given, finance = self.cleaned_data, (held or Levels()).finance
        return Levels(
            given["admin"],
            _wished(self.areas, given.get("leads", NONE), given.get("subjects", ())),
            given.get("finance", finance),
        )


def initially(levels: Levels, areas: Sequence[SubjectArea]) -> dict[str, Any]:
    """What the form shows of somebody's levels."""
    every = {area.pk for area in areas}
    held = levels.subjects & every
    return {
        "admin": levels.admin,
        "finance": levels.finance,
        "leads": NONE if not held else EVERY if held == every else SOME,
        "subjects": [str(pk) for pk in sorted(held)],
    }


def _choices(areas: Sequence[SubjectArea]) -> list[tuple[str, str]]:
    """A tick for each subject area; before those of a category, one for all of them."""
    choices: list[tuple[str, str]] = []
    categories = {area.category_id: area.category for area in areas if area.category}
    for id_, category in sorted(categories.items(), key=lambda pair: pair[1].name_key):
        inside = [area for area in areas if area.category_id == id_]
        names = ", ".join(area.name for area in inside)
        choices.append((f"{_IN_CATEGORY}{id_}", f"All of {category}: {names}"))
        choices += [(str(area.pk), area.name) for area in inside]
    return choices + [(str(area.pk), area.name) for area in areas if not area.category_id]


def _wished(areas: Sequence[SubjectArea], leads: str, ticked: Collection[str]) -> frozenset[int]:
    if leads == NONE:
        return frozenset()
    return frozenset(
        area.pk
        for area in areas
        if leads == EVERY
        or str(area.pk) in ticked
        or (area.category_id and f"{_IN_CATEGORY}{area.category_id}" in ticked)
    )


class StaffForm(PersonForm, LevelsForm):
    """Somebody to put on the staff of a school, or to edit there.

    ``person``: whom it edits; ``own_account``: whether their details are the reader's to change
    (S62), otherwise it has none; ``invites``: what the tick for an invitation says, and whether it
    is on; None where nobody can be invited. ``may_name``: whether the reader may know of another
    user that they are there.
    """

    invite = forms.BooleanField(label="", required=False, widget=Tick())

    def __init__(
        self,
        *args: Any,
        person: User | None = None,
        own_account: bool = True,
        invites: tuple[str, str, bool] | None = None,
        may_name: Callable[[User], bool] = lambda _: False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.may_name = person, may_name
        if person is not None:
            self.fields["email"].required = not person.username
        if not own_account:
            for name in PersonForm.base_fields:
                del self.fields[name]
        if invites is None:
            del self.fields["invite"]
        else:
            tick = self.fields["invite"]
            tick.label, tick.help_text, tick.initial = invites
        order = [*PersonForm.base_fields, *LevelsForm.base_fields, "invite"]
        self.order_fields(order)

    def _other_with(self, email: str) -> User | None:
        others = User.objects.filter(email_key=email_key(email), gone_at__isnull=True)
        return others.exclude(pk=self.person.pk if self.person else 0).first()

    def clean_email(self) -> str:
        """The address. Of somebody else who has it, whoever may not know of them is told no more
        than that it cannot be added."""
        email = tidy(self.cleaned_data["email"])
        if email and (taken := self._other_with(email)):
            if self.may_name(taken):
                self.taken_by = taken
                raise forms.ValidationError(
                    f"Enter another e-mail address, or take {taken}, who has this one."
                )
            raise forms.ValidationError(
                "Enter another e-mail address, or ask an LA Super User to add this person: this"
                " address cannot be added here."
            )
        return super().clean_email()
