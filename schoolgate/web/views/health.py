"""Whether Schoolgate is up."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from schoolgate.web.permissions import public


@public
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say "ok" when the database answers. For the machine that watches this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
