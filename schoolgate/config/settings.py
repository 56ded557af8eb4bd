"""Settings, all read from the environment (docs/running.md lists them).

Importing this never fails for a missing setting, so that every command can say in a sentence what
is missing (jobs/start.py checks before it serves).
"""

import os
from pathlib import Path

import dj_database_url

ROOT = Path(__file__).resolve().parent.parent


def _list(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def _whole(name: str, unless_set: int) -> int:
    text = os.environ.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else unless_set


DATABASE_URL = os.environ.get("DATABASE_URL", "")
# Commands that sign nothing need no secret; `start` refuses to serve without one.
SECRET_KEY = os.environ.get("SCHOOLGATE_SECRET_KEY", "") or "unset: nothing is served with this"
HAS_SECRET_KEY = bool(os.environ.get("SCHOOLGATE_SECRET_KEY", ""))
URL = os.environ.get("SCHOOLGATE_URL", "").rstrip("/")
ALLOWED_HOSTS = _list("SCHOOLGATE_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
BEHIND_PROXY = os.environ.get("SCHOOLGATE_BEHIND_PROXY", "") == "yes"
DEBUG = False
# Where mail goes, in whose name, where what comes back is read, and for how long an invitation
# and the code of a letter work (docs/running.md).
MAIL = os.environ.get("SCHOOLGATE_MAIL", "").strip()
MAIL_FROM = os.environ.get("SCHOOLGATE_MAIL_FROM", "").strip()
MAIL_REPLY_TO = os.environ.get("SCHOOLGATE_MAIL_REPLY_TO", "").strip()
BOUNCES = os.environ.get("SCHOOLGATE_BOUNCES", "").strip()
INVITATION_DAYS = _whole("SCHOOLGATE_INVITATION_DAYS", 14)
LETTER_DAYS = _whole("SCHOOLGATE_LETTER_DAYS", 60)
# A file of breached passwords beside our own list (S23).
BREACHED_PASSWORDS = os.environ.get("SCHOOLGATE_BREACHED_PASSWORDS", "").strip()
# A removal of more than so many, and more than so many of a hundred, waits for a person (NEW8).
BRAKE_COUNT = _whole("SCHOOLGATE_BRAKE_COUNT", 5)
BRAKE_PERCENT = _whole("SCHOOLGATE_BRAKE_PERCENT", 10)
# Identity providers with whose accounts people sign in (sign_in/provider_settings.py reads them).
PROVIDERS = _list("SCHOOLGATE_PROVIDERS")
PROVIDER_SETTINGS = {
    name: value for name, value in os.environ.items() if name.startswith("SCHOOLGATE_PROVIDER_")
}

HTTPS = URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-schoolgate-session" if HTTPS else "schoolgate-session"
CSRF_COOKIE_NAME = "__Host-schoolgate-csrf" if HTTPS else "schoolgate-csrf"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# A session is over after so long without use, and at the latest after so many hours (S6).
SESSION_IDLE_MINUTES = _whole("SCHOOLGATE_IDLE_MINUTES", 30)
SESSION_HOURS = _whole("SCHOOLGATE_SESSION_HOURS", 12)
# On a shared computer: closing the browser forgets who was signed in.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = SESSION_HOURS * 60 * 60
SECURE_HSTS_SECONDS = 2 * 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = HTTPS and BEHIND_PROXY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Notices name people: they wait in the session, not in a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "schoolgate.web.views.errors.forged"
# views/errors.py adds a missing slash, and only to an address that the person may open.
APPEND_SLASH = False
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "schoolgate.audit",
    "schoolgate.outbox",
    "schoolgate.schools",
    "schoolgate.people",
    "schoolgate.sign_in",
    "schoolgate.access",
    "schoolgate.intake",
    "schoolgate.jobs",
    "schoolgate.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "schoolgate.web.middleware.SafeHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "schoolgate.web.middleware.SignedInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "schoolgate.config.urls"
WSGI_APPLICATION = "schoolgate.config.wsgi.application"
FORM_RENDERER = "schoolgate.web.components.FormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "schoolgate.web.context.organisation",
            ],
        },
    }
]

DATABASES = {"default": dj_database_url.parse(DATABASE_URL or "sqlite:///:memory:")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE: one writer at a time from the start, so that what is read inside a
        # transaction cannot change. FULL: an acknowledged commit survives a power cut.
        "transaction_mode": "IMMEDIATE",
        # Longer than a large import holds the one lock there is: whoever writes meanwhile waits.
        "timeout": 60,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        " PRAGMA foreign_keys=ON; PRAGMA temp_store=FILE; PRAGMA cache_size=-16000;",
    }
else:
    # For many small queries at once. Compiling one to machine code takes longer than any of ours
    # runs, and so does calling helpers, for all but the largest, while every core has other pages
    # to make; and on a disk without a head an index is nearly always the shorter way.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(
        "options", "-c jit=off -c parallel_setup_cost=100000 -c random_page_cost=1.1"
    )
    # A connection of its own for each request would cost more than most requests do.
    DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["schoolgate.access.sign_in.SignInBackend"]
LOGIN_URL = "sign-in"
PASSWORD_HASHERS = ["schoolgate.people.passwords.Argon2id"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "schoolgate.access.passwords.Checked"}]

LANGUAGE_CODE = "en-gb"
TIME_ZONE = os.environ.get("SCHOOLGATE_TIME_ZONE", "") or "Europe/London"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "web" / "static" / "dist"
# Files are served by name and hash as the build made them; nothing is collected or rewritten.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

# An upload is streamed to a file of its own; intake's own limit speaks first (S47).
FILE_UPLOAD_HANDLERS = ["schoolgate.web.uploads.LimitedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"without_tokens": {"()": "schoolgate.web.logs.WithoutTokens"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "without_tokens"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "schoolgate": {"level": "INFO"},
        # Django's own way to the log, and gunicorn's, know nothing of tokens.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "gunicorn.error": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
