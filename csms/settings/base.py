"""What all environments share. Where the system runs comes from environment variables:

DATABASE_URL, REDIS_URL, SECRET_KEY, ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, DEBUG, LOG_LEVEL, VAR_DIR, and
PYROCPP_* (csms/settings/ocpp.py). None is needed to try it.
"""

import os
from pathlib import Path

from django.templatetags.static import static

from csms.settings import environment
from csms.settings.ocpp import OcppSettings

BASE_DIR = Path(__file__).resolve().parent.parent.parent
# The embedded database, generated secrets, uploads.
VAR_DIR = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")

PYROCPP = OcppSettings.from_environment()

DEBUG = environment.flag("DEBUG")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "csms.backoffice.apps.BackOfficeConfig",  # before unfold, and unfold before the admin: each replaces
    "unfold.apps.BasicAppConfig",  # templates of the next
    "unfold.contrib.filters",
    "csms.backoffice.apps.BackOfficeAdminConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "ninja",  # serves its API documents from here instead of a CDN
    "channels",
    "csms.eventlog",
    "csms.outbox",
    "csms.access",
    "csms.charging",
    "csms.gateway",
    "csms.api",
    "csms.demo",
]

# Every projection; one that looks at another's rows stands after it.
PROJECTIONS = [
    "csms.charging.projections.ChargePointStates",
    "csms.charging.projections.ConnectorStatuses",
    "csms.charging.projections.Transactions",
    "csms.charging.projections.ChargePointSettings",
    "csms.outbox.projections.Commands",
    "csms.charging.projections.HourlyActivities",
]

# What may be said against a command before it is recorded (csms/outbox/request.py).
COMMAND_CONDITIONS = ["csms.charging.vetoes.is_registered"]
COMMAND_VETOES = [
    "csms.charging.vetoes.connector_exists",
    "csms.charging.vetoes.connector_works",
    "csms.charging.vetoes.local_list_fits",
    "csms.charging.vetoes.transaction_runs",
]

# DataTransfer from charge points: vendorId -> dotted path of a function (csms/charging/data_transfer.py).
DATA_TRANSFER_HANDLERS: dict[str, str] = {}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csms.security_headers.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "csms.urls"
ASGI_APPLICATION = "csms.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ---- storage and messaging: embedded unless the environment names servers

DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'pyrocpp.sqlite3'}"
DATABASES = {"default": environment.database(DATABASE_URL)}

REDIS_URL = os.environ.get("REDIS_URL", "")
CHANNEL_LAYERS = {"default": environment.channel_layer(REDIS_URL)}
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    ),
}

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True  # what a task did is an event
CELERY_TASK_ACKS_LATE = True  # tasks are safe to run twice; a killed worker's task runs again
CELERY_TASK_TIME_LIMIT = 300  # seconds; a task performs one step and is done
CELERY_TIMEZONE = "UTC"

MEDIA_ROOT = VAR_DIR / "media"

# ---- people

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # reads what an older installation stored
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# ---- the browser

STATIC_URL = "static/"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # bytes of one request, uploads apart

# ---- language and time

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"

LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO").upper()

UNFOLD = {
    "SITE_TITLE": "PyROCPP",
    "SITE_HEADER": "PyROCPP",
    "SITE_SUBHEADER": "Charge point operation",
    "SITE_SYMBOL": "ev_station",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("backoffice/icon.svg")},
    ],
    "SITE_URL": None,
    "SHOW_BACK_BUTTON": True,
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "csms.backoffice.navigation.sidebar",
    },
    "COMMAND": {"search_callback": "csms.backoffice.navigation.search"},
    "STYLES": [lambda _: static("backoffice/backoffice.css")],
    "SCRIPTS": [lambda _: static("backoffice/backoffice.js")],
}
