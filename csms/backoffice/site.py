"""The back office as one admin site: Django's admin in unfold's shell, with our own screens beside it.

Each screen is a view under `views/`; its address stands here, and its place in the navigation in
`navigation.py`. Every address needs a signed-in member of the staff; what else it needs, its view says.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite


class BackOffice(UnfoldAdminSite):
    index_title = "Overview"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from csms.backoffice.views import overview

        return overview.screen(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        from csms.backoffice.views.shell import readable

        return super().admin_view(readable(view), cacheable)

    def extra_urls(self) -> list[URLPattern]:
        # Views import models, and the site is made before those are loaded.
        from csms.backoffice.views import charge_point, command, lobby, overview, password, transaction
        from csms.backoffice.views.shell import fragment

        def screen(route: str, view: Any, name: str) -> URLPattern:
            return path(route, self.admin_view(view), name=name)

        def part(route: str, view: Any, name: str) -> URLPattern:
            return path(route, fragment(view), name=name)

        here = "charge-points/<str:quoted>/"
        return [
            part("overview/now/", overview.now, "overview_now"),
            screen("lobby/", lobby.screen, "lobby"),
            screen("lobby/<str:quoted>/adopt/", lobby.adopt, "adopt"),
            screen(here, charge_point.events, "charge_point"),
            screen(f"{here}transactions/", charge_point.transactions, "charge_point_transactions"),
            screen(f"{here}commands/", charge_point.commands, "charge_point_commands"),
            screen(f"{here}settings/", charge_point.settings, "charge_point_settings"),
            screen(f"{here}about/", charge_point.about, "charge_point_about"),
            screen(f"{here}password/", password.screen, "charge_point_password"),
            part(f"{here}now/", charge_point.now, "charge_point_now"),
            part(f"{here}events/newer/", charge_point.newer_events, "charge_point_newer_events"),
            part(f"{here}events/<int:position>/", charge_point.one_event, "charge_point_event"),
            part(f"{here}commands/list/", charge_point.command_list, "charge_point_command_list"),
            part(f"{here}commands/new/<str:kind>/", command.new, "new_command"),
            part(f"{here}commands/<str:command_id>/", command.progress, "command_progress"),
            part("transactions/<int:pk>/figures/", transaction.figures, "transaction_figures"),
            part("transactions/<int:pk>/now/", transaction.now, "transaction_now"),
        ]
