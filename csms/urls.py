"""HTTP routes. WebSockets are routed in csms.asgi."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("csms.api.urls")),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]
