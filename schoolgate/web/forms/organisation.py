"""What the organisation is called, its colour, whom its users ask, and when they must have a second
factor."""

from typing import Any

from django import forms

from schoolgate.kit.colours import parse
from schoolgate.kit.refusal import Refusal
from schoolgate.schools.actions import refuse_unreadable
from schoolgate.schools.models import A_DAY, Organisation
from schoolgate.web.components import Line, Palette, Radios
from schoolgate.web.theme import FIRST_COLOUR, PALETTE

OWN = "own"


class OrganisationForm(forms.Form):
    """Settings > Organisation. ``seen``: what was set when the page was opened."""

    name = forms.CharField(
        label="Name of the organisation",
        max_length=100,
        help_text="Shown at the top of every page and in e-mails.",
        error_messages={
            "required": "Enter the name of the organisation.",
            "max_length": "Shorten the name to 100 characters or fewer.",
        },
        widget=Line(attrs={"autocomplete": "organization"}),
    )
    contact = forms.CharField(
        label="Whom to ask for help",
        required=False,
        max_length=200,
        help_text="An e-mail address or a phone number, and a name if you like. Shown to everybody,"
        " on the sign-in page and in the accessibility statement.",
        error_messages={"max_length": "Shorten whom to ask to 200 characters or fewer."},
        widget=Line(attrs={"autocomplete": "off"}),
    )
    colour = forms.ChoiceField(
        label="Colour",
        help_text="Of the header, buttons and links.",
        choices=[*PALETTE.items(), (OWN, "A colour of our own")],
        error_messages={"required": "Choose a colour.", "invalid_choice": "Choose a colour."},
        widget=Palette,
    )
    own = forms.CharField(
        label="Colour of our own",
        required=False,
        max_length=20,
        help_text="As a style guide has it: six digits or letters, for example #0b5563",
        error_messages={"max_length": "Enter the colour as six digits or letters, like #0b5563."},
        widget=Line(width=10, attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    grace = forms.ChoiceField(
        label="Second factor",
        help_text="Whoever has a staff role signs in with a second factor: a passkey, or the code"
        " of an authenticator app. How soon must they have set one up?",
        choices=[(str(A_DAY), "Within a day"), ("0", "At once")],
        error_messages=dict.fromkeys(
            ("required", "invalid_choice"), "Choose how soon a second factor must be set up."
        ),
        widget=Radios(
            hints={
                str(A_DAY): "They can go about their work for 24 hours after they first sign in.",
                "0": "Until they have set one up they reach no other page. This counts from their"
                " next click for everybody who has none.",
            }
        ),
    )
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, organisation: Organisation) -> "OrganisationForm":
        """The form with what is set now."""
        colour = organisation.colour or FIRST_COLOUR
        listed = colour in PALETTE
        return cls(
            initial={
                "name": organisation.name,
                "contact": organisation.contact or "",
                "colour": colour if listed else OWN,
                "own": "" if listed else colour,
                "grace": str(organisation.grace_hours),
                "seen": organisation.standing(),
            }
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("colour") == OWN and "own" in given:
            typed = given["own"]
            colour = parse(typed)
            if not typed:
                self.add_error("own", "Enter the colour, or choose one from the list.")
            elif colour is None:
                self.add_error(
                    "own",
                    "Enter the colour as six digits or letters from a to f, like #0b5563, in place"
                    f" of “{typed}”.",
                )
            else:
                try:
                    refuse_unreadable(colour)
                except Refusal as refusal:
                    self.add_error("own", str(refusal))
                given["colour"] = colour
        return given
