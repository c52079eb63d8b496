"""The ASGI application: HTTP to Django, WebSockets to the OCPP endpoint and the live screens."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

# A server started by hand is a deployment: it shall not run on the generated secrets of development.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csms.settings.production")

http = get_asgi_application()  # sets Django up: imports of models come after it

application = ProtocolTypeRouter({"http": http})
