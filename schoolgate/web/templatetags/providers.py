"""The identity providers that a page offers."""

from django import template

from schoolgate.sign_in.provider_settings import Provider, configured

register = template.Library()


@register.simple_tag
def identity_providers() -> list[Provider]:
    """Those that the settings name."""
    return configured()
