"""Headers that every answer carries (S59), and who is signed in."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from schoolgate.web.entering import signed_in_user
from schoolgate.web.logs import holds_token

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    ]
)
_FEATURES = ", ".join(
    f"{name}=()"
    for name in (
        "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope",
        "magnetometer", "microphone", "midi", "payment", "serial", "usb",
    )
)  # fmt: skip
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": _FEATURES,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    # Pages hold children's names: no copy stays in a browser or a proxy. Static files are
    # answered by WhiteNoise, which stands before this.
    "Cache-Control": "no-store",
}


# Not "no-referrer", with which browsers send no origin with a form either: it would be taken for a
# forged one. With this the files of the page and what comes after it learn our host and no path.
_WITHOUT_PATH = "strict-origin"


class SafeHeadersMiddleware:
    """Sets the headers on every answer but a static file; a view may set a stricter one first.

    No answer to an address with a token in it, an error neither, lets a Referer tell it (S19).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if holds_token(request.path):
            response.headers["Referrer-Policy"] = _WITHOUT_PATH
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class SignedInMiddleware:
    """Puts who is signed in on the request: asked when first wanted, and anew at each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django does the same; its types know of a user alone.
        request.user = SimpleLazyObject(lambda: signed_in_user(request))  # type: ignore[assignment]
        return self.get_response(request)
