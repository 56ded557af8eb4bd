"""Our settings with django-guardian beside us, for the questions of `scope`.

Guardian wants users with groups; Django's own stand beside ours, with the same ids.
"""

from schoolgate.config.settings import *  # noqa: F403
from schoolgate.config.settings import INSTALLED_APPS as OURS

INSTALLED_APPS = [*OURS, "guardian"]
AUTH_USER_MODEL = "auth.User"
AUTHENTICATION_BACKENDS = ["guardian.backends.ObjectPermissionBackend"]
ANONYMOUS_USER_NAME = None
