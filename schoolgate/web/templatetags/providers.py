"""The identity providers that a page offers."""

from django import template

from schoolgate.sign_in.provider_settings import Provider, configured, provider_named

register = template.Library()


@register.filter
def provider_label(name: str) -> str:
    """What people call the provider; its name where there is none such any more."""
    found = provider_named(name)
    return found.label if found else name


@register.simple_tag
def identity_providers() -> list[Provider]:
    """Those that the settings name."""
    return configured()
