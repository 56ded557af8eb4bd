"""Addresses."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("", include("schoolgate.web.urls"))]

handler400 = "schoolgate.web.views.errors.bad_request"
handler403 = "schoolgate.web.views.errors.forbidden"
handler404 = "schoolgate.web.views.errors.not_found"
handler500 = "schoolgate.web.views.errors.server_error"
