"""The default: everything embedded, reachable from this machine only. `make demo` and `make run` use it."""

import os

from csms.settings import environment
from csms.settings.base import *
from csms.settings.base import ALLOWED_HOSTS, LOG_LEVEL, VAR_DIR
from csms.settings.logs import logging

VAR_DIR.mkdir(parents=True, exist_ok=True)  # SQLite does not make directories

SECRET_KEY = os.environ.get("SECRET_KEY") or environment.generated_secret(VAR_DIR / "secret_key")
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
WHITENOISE_USE_FINDERS = True  # static files from the packages, without collectstatic
LOGGING = logging(json=False, level=LOG_LEVEL)
