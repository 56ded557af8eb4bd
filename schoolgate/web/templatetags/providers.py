"""The identity providers that a page offers."""

from django import template

from schoolgate.sign_in.provider_settings import Provider, configured
from schoolgate.web.provider_choices import label_of

register = template.Library()


@register.filter
def provider_label(name: str) -> str:
    """What people call the provider with the name."""
    return label_of(name)


@register.simple_tag
def identity_providers() -> list[Provider]:
    """Those that the settings name."""
    return configured()
