"""The addresses of pages. Every view declares who may open it (permissions.py)."""

from django.urls import path

from schoolgate.web.views import (
    establishments,
    events,
    health,
    import_steps,
    imports,
    pupils,
    restrictions,
    set_up,
    sign_in,
    user_changes,
    users,
    why,
)

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("set-up/<str:token>/", set_up.set_up, name="set-up"),
    path("", pupils.my_pupils, name="home"),
    path("pupils/", pupils.my_pupils, name="pupils"),
    path("pupils/<int:pupil_id>/", pupils.pupil, name="pupil"),
    path("pupils/<int:pupil_id>/why/", why.ask, name="why-ask"),
    path("pupils/<int:pupil_id>/why/<int:user_id>/", why.answer, name="why"),
    path("pupils/<int:pupil_id>/restrictions/add/", restrictions.add, name="restriction-add"),
    path(
        "pupils/<int:pupil_id>/restrictions/<int:restriction_id>/lift/",
        restrictions.lift,
        name="restriction-lift",
    ),
    path("establishments/", establishments.establishments, name="establishments"),
    path("settings/users/", users.users, name="users"),
    path("settings/users/<int:user_id>/", users.user, name="user"),
    path("settings/users/<int:user_id>/pupils/", users.pupils_of, name="user-pupils"),
    path(
        "settings/users/<int:user_id>/grants/<int:grant_id>/remove/",
        user_changes.remove_grant,
        name="grant-remove",
    ),
    path(
        "settings/users/<int:user_id>/make-inactive/",
        user_changes.make_inactive,
        name="user-make-inactive",
    ),
    path(
        "settings/users/<int:user_id>/reactivate/",
        user_changes.reactivate,
        name="user-reactivate",
    ),
    path("settings/imports/", imports.imports, name="imports"),
    path("settings/imports/new/", imports.new, name="import-new"),
    path("settings/imports/template/<slug:kind>.csv", imports.template, name="import-template"),
    path("settings/imports/<int:import_id>/", imports.one, name="import"),
    path("settings/imports/<int:import_id>/apply/", import_steps.apply, name="import-apply"),
    path("settings/imports/<int:import_id>/recheck/", import_steps.recheck, name="import-recheck"),
    path("settings/imports/<int:import_id>/cancel/", import_steps.cancel, name="import-cancel"),
    path("settings/imports/<int:import_id>/undo/", import_steps.undo, name="import-undo"),
    path("settings/imports/<int:import_id>/access/", import_steps.access, name="import-access"),
    path(
        "settings/imports/<int:import_id>/refused.csv",
        import_steps.refused,
        name="import-refused",
    ),
    path("settings/events/", events.events, name="events"),
]
