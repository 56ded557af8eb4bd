"""Forms in the markup of the design system.

Django asks the renderer for a field's template and the widget for its own; both come from
templates/web/fields. A field's hint and error have the ids that Django's ``aria-describedby``
names.
"""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.urls import reverse

from schoolgate.kit.colours import parse
from schoolgate.kit.dates import parse_day


class FormRenderer(TemplatesSetting):
    """Renders a form as an error summary's targets expect it: one group a field."""

    form_template_name = "web/fields/form.html"
    field_template_name = "web/fields/field.html"


class Line(forms.TextInput):
    """A line of text. ``width``: how many characters the box looks wide for; None is the whole."""

    template_name = "web/fields/input.html"

    def __init__(self, width: int | None = None, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.width = width

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["width"] = self.width
        return context


class TypeAhead(Line):
    """A line of text that suggests what it may mean where JavaScript runs.

    ``route``: the view that suggests. Where no JavaScript runs, what was found is offered beneath:
    ``found``, pairs of a number and a line; the one chosen comes back as ``mark`` and the number.
    """

    template_name = "web/fields/type_ahead.html"

    def __init__(self, route: str, *, mark: str, attrs: dict[str, Any] | None = None) -> None:
        usual = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
        super().__init__(attrs={**usual, **(attrs or {})})
        self.route, self.mark = route, mark
        self.found: list[tuple[str, str]] = []

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        text = str(data.get(name) or "")
        chosen = str(data.get(f"{name}_chosen") or "")
        # A choice counts for the words it was offered for, and not for others typed since.
        if chosen.isascii() and chosen.isdigit() and data.get(f"{name}_for") == text:
            return f"{self.mark} {chosen}"
        return text

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["choices"] = self.found
        context["address"] = reverse(self.route)
        return context


class Secret(forms.PasswordInput):
    """A password, with a button that shows it."""

    template_name = "web/fields/password.html"


class Text(forms.Textarea):
    """Several lines of text."""

    template_name = "web/fields/text.html"


class Choice(forms.Select):
    """A drop-down."""

    template_name = "web/fields/select.html"


class Radios(forms.RadioSelect):
    """Choices of which one is taken. ``hints``: a sentence for each value."""

    template_name = "web/fields/radios.html"

    def __init__(self, hints: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hints = hints or {}

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        option["hint"] = self.hints.get(str(option["value"]), "")
        return option


class Ticks(forms.CheckboxSelectMultiple):
    """Choices of which any number is taken. ``hints``: a sentence for each value."""

    template_name = "web/fields/ticks.html"

    def __init__(self, hints: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hints = hints or {}

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        option["hint"] = self.hints.get(str(option["value"]), "")
        return option


class Palette(Radios):
    """Colours of which one is taken: each value that is #rrggbb is shown beside its name."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        option["swatch"] = parse(str(option["value"]))
        return option


class File(forms.FileInput):
    """A file to upload: chosen, or dropped where JavaScript runs."""

    template_name = "web/fields/file.html"


class Tick(forms.CheckboxInput):
    """A box to tick, beside its label."""

    template_name = "web/fields/tick.html"


class DayField(forms.DateField):
    """A day, typed as 21/11/2026 or 2026-11-21."""

    widget = Line(width=10, attrs={"autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "For example 21/11/2026")
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        day = parse_day(text)
        if day is None:
            raise forms.ValidationError(
                f"Enter the day as 21/11/2026, in place of “{text[:40]}”.", code="unreadable"
            )
        return day
