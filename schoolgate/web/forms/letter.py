"""The door for whoever has a printed letter."""

from django import forms

from schoolgate.web.components import Line


class LetterForm(forms.Form):
    """The code, and what only the family knows. Which of the two is wrong is never told."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        help_text="From your letter, for example 3CDF-4GHJ-6KMN",
        error_messages={"required": "Enter the code from your letter."},
        widget=Line(width=20, attrs={"autocomplete": "off", "spellcheck": "false",
                                     "autocapitalize": "characters"}),
    )  # fmt: skip
    fact = forms.CharField(
        label="Your child’s date of birth",
        max_length=150,
        help_text=(
            "For example, 27 3 2014. If your school does not know it, your child’s first name"
            " instead. If you are the pupil, your own."
        ),
        error_messages={"required": "Enter your child’s date of birth."},
        widget=Line(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
