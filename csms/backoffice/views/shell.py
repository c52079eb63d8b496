"""What all screens share: the shell around a page, and who may ask for a part of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.cache import patch_cache_control

from csms.backoffice.queries import charge_points

View = Callable[..., HttpResponse]


def page(request: HttpRequest, template: str, *, title: str, **context: Any) -> TemplateResponse:
    """A whole page in the shell of the back office."""
    request.current_app = admin.site.name
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}
    )


def needs(*permissions: str) -> Callable[[View], View]:
    """The view is for people with all of these permissions; anybody else gets 403."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return wrap


def readable(view: View) -> View:
    """Addresses with a NUL get 400: no database column could hold what they look for."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in the address")
        return view(request, *args, **kwargs)

    return checked


def fragment(view: View) -> View:
    """A part of a page, fetched by a page that is open. Who is signed out meanwhile gets the page anew."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not admin.site.has_permission(request):
            return HttpResponse(status=401, headers={"HX-Refresh": "true"})
        response = readable(view)(request, *args, **kwargs)
        patch_cache_control(response, no_store=True)
        return response

    return checked


def log(request: HttpRequest, row: Model, flag: int, what: str) -> None:
    """Note in the history of a row of reference data what a person did to it."""
    assert request.user.pk is not None
    LogEntry.objects.log_actions(request.user.pk, [row], flag, what, single_object=True)


def charge_point_or_404(quoted: str) -> charge_points.Now:
    found = charge_points.now(unquote(quoted))
    if found is None:
        raise Http404("no such charge point")
    return found
