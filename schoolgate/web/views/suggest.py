"""What fields suggest while one types, as lists of lines. For an LA Super User only."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from schoolgate.access import scope
from schoolgate.audit.actions import viewed
from schoolgate.web.paging import sought
from schoolgate.web.permissions import actor, only_super_user, visitor
from schoolgate.web.search import pupils_described, pupils_meant, user_described, users_meant

MOST = 8


@only_super_user
@require_safe
def users(request: HttpRequest) -> HttpResponse:
    """Users whom the words typed so far may mean."""
    found = users_meant(sought(request), MOST)
    return JsonResponse({"found": [user_described(user) for user in found]})


@only_super_user
@require_safe
def pupils(request: HttpRequest) -> HttpResponse:
    """Pupils whom the words may mean, of those whom the reader may see."""
    found = pupils_meant(sought(request), scope.pupils_visible_to(visitor(request).pk), MOST)
    viewed(by=actor(request), kind="list", object_id=None, pupil_ids=[p.pk for p in found])
    return JsonResponse({"found": pupils_described(found)})
