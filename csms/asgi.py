"""The ASGI application: HTTP to Django, WebSockets to the OCPP endpoint and the live screens."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

# A server started by hand is a deployment: it shall not run on the generated secrets of development.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csms.settings.production")

http = get_asgi_application()  # sets Django up: imports of models come after it

from csms.gateway.endpoint import not_found, ocpp  # noqa: E402
from csms.gateway.observability import observability  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": URLRouter(
            [
                re_path(r"^(health/|metrics$)", observability),  # type: ignore[arg-type]
                re_path(r"", http),  # type: ignore[arg-type]
            ]
        ),
        # No origin check on the first route: charge points send no Origin.
        "websocket": URLRouter([re_path(r"^ocpp/", ocpp), re_path(r"", not_found)]),  # type: ignore[arg-type]
    }
)
