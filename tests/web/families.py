"""Connecting adults and children on pages, as tests do it."""

from __future__ import annotations

from schoolgate.access.roles import PARENT


def through(browser, address, **form):
    """Fill in a form, look at what it would do, and save that."""
    fields = {"licence": PARENT.code, "relationship": "", "starts_on": "", "ends_on": "", **form}
    shown = browser.post(address, step="check", **fields)
    return shown, browser.post(
        address, follow=True, **{**shown.hidden(), "step": "save", **form.get("more", {})}
    )
