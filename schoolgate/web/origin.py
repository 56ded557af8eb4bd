"""From where a request comes: what is told of it to users, and counted against guessing (S24)."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from schoolgate.sign_in.log import Origin

# In this order: Edge says that it is Chrome too, Chrome that it is Safari.
_BROWSERS = [
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]  # fmt: skip
_SYSTEMS = [
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook"),
    ("Windows", "Windows"), ("Macintosh", "Mac"), ("Linux", "Linux"),
]  # fmt: skip


def origin(request: HttpRequest) -> Origin:
    """The browser and system in words ("Chrome on Android"), and the network address."""
    told = request.headers.get("User-Agent", "")
    browser = next((word for mark, word in _BROWSERS if mark in told), "Another browser")
    system = next((word for mark, word in _SYSTEMS if mark in told), "")
    return Origin(f"{browser} on {system}" if system else browser, address_of(request))


def address_of(request: HttpRequest) -> str:
    """The address of the network that the request came from.

    What a browser says of itself is not believed. Behind a proxy (SCHOOLGATE_BEHIND_PROXY) the
    last entry of X-Forwarded-For is the one that the proxy wrote.
    """
    told = str(request.META.get("REMOTE_ADDR", ""))
    if settings.BEHIND_PROXY:
        told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or told
    try:
        known = ipaddress.ip_address(told)
    except ValueError:
        return ""
    # So a socket for both kinds of address names one of IPv4: "::ffff:192.0.2.1".
    mapped = known.ipv4_mapped if known.version == 6 else None
    return str(mapped or known)


def network_of(address: str) -> str:
    """What is counted as one place: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((address, 64), strict=False))
