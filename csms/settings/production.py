"""A deployment: secrets and servers come from the environment, nothing is generated or guessed."""

import os

from csms.settings import environment
from csms.settings.base import *
from csms.settings.base import BASE_DIR, LOG_LEVEL
from csms.settings.logs import logging

DEBUG = False
SECRET_KEY = environment.required("SECRET_KEY")
environment.required("ALLOWED_HOSTS")
environment.required("DATABASE_URL")

STATIC_ROOT = BASE_DIR / "staticfiles"  # filled by `manage.py collectstatic` when the image is built
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# TLS usually ends at a proxy; BEHIND_PROXY says that it sets X-Forwarded-Proto and strips one from outside.
if environment.flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = environment.flag("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = int(os.environ.get("HSTS_SECONDS", 30 * 24 * 3600))
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

LOGGING = logging(json=True, level=LOG_LEVEL)
